// A store as a source of versions to move.
import type { ModuleVersion } from "@stoa/gomod";
import type { ImportSource, SourceEntry } from "./import-source.ts";
import type { LooseKind } from "./loose-files.ts";
import type { FileKind, ModuleStore, StoredFile } from "./module-store.ts";
import { ProxyFailure } from "./proxy-failure.ts";
import { readStored, storedDelivery } from "./stored-delivery.ts";
import type { ZipDelivery } from "./upstream.ts";
import type { VersionCatalog } from "./version-catalog.ts";

/** What is read of a store. */
export interface StoreSourceParts {
  readonly name: string;
  readonly store: Pick<ModuleStore, "open">;
  /** Lists what there is; a catalog, unless the store knows more about what is torn. */
  readonly entries: (signal: AbortSignal) => AsyncIterable<SourceEntry>;
}

/** Reads the versions of a store. */
export class StoreSource implements ImportSource {
  readonly name: string;
  readonly #parts: StoreSourceParts;

  constructor(parts: StoreSourceParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  entries(signal: AbortSignal): AsyncIterable<SourceEntry> {
    return this.#parts.entries(signal);
  }

  async document(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array> {
    await using file = await this.#open(module, kind);
    return readStored(file);
  }

  async zip(module: ModuleVersion): Promise<ZipDelivery> {
    const file = await this.#open(module, "zip");
    const { body, ...delivery } = storedDelivery(file, this.name);
    return { ...delivery, body: closing(body, file) };
  }

  openZip(module: ModuleVersion): Promise<StoredFile | undefined> {
    return this.#parts.store.open(module, "zip");
  }

  async #open(module: ModuleVersion, kind: FileKind): Promise<StoredFile> {
    const file = await this.#parts.store.open(module, kind);
    if (file !== undefined) return file;
    throw new ProxyFailure("not_found", `${this.name} does not have it any more`, {
      subject: module,
    });
  }
}

const pageSize = 500;

/** The versions of a catalog as entries. */
export async function* catalogEntries(
  catalog: VersionCatalog,
  signal: AbortSignal,
): AsyncGenerator<SourceEntry> {
  let token: string | undefined;
  do {
    signal.throwIfAborted();
    const { modules, next } = await catalog.page(token, pageSize);
    for (const module of modules) yield { kind: "whole", module };
    token = next;
  } while (token !== undefined);
}

/** The same bytes; the file is closed when they have been read, or nobody wants more. */
function closing(
  body: AsyncIterable<Uint8Array>,
  file: StoredFile,
): AsyncIterableIterator<Uint8Array, undefined, undefined> {
  const chunks = body[Symbol.asyncIterator]();
  const end = async (): Promise<{ done: true; value: undefined }> => {
    await file[Symbol.asyncDispose]();
    return { done: true, value: undefined };
  };
  const iterator = {
    async next() {
      try {
        const step = await chunks.next();
        return step.done === true ? await end() : { done: false as const, value: step.value };
      } catch (failure) {
        await end();
        throw failure;
      }
    },
    return: end,
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
