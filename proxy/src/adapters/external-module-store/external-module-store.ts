// The module store at a server that speaks Athens' protocol for storages.
import {
  isVersion,
  type ModulePath,
  type ModuleVersion,
  matchesPathMajor,
  parseModulePath,
  splitPathVersion,
  type Version,
} from "@stoa/gomod";
import { requireSameFile } from "../../domain/altered-module.ts";
import type {
  FileKind,
  ModuleFiles,
  ModuleStore,
  StagedZip,
  StoredFile,
} from "../../domain/module-store.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { readableBytes } from "../../domain/same-bytes.ts";
import { type FileTransfer, StreamedFile } from "../../domain/streamed-file.ts";
import { type SpooledZip, takeSpooled, type ZipSpool } from "../../domain/zip-spool.ts";
import type { ExternalClient, ExternalFile } from "./external-client.ts";

/** The protocol tells no times. Files never change, so one time for all of them says the same. */
const noTime = new Date("2000-01-01T00:00:00Z");

/** Asked for to find out whether the server answers, as Athens does. It need not be there. */
const probe = parseModulePath("github.com/gomods/athens");

/** What is whole is the server's business: it is given a version at once, and shows it or not. */
export class ExternalModuleStore implements ModuleStore {
  readonly #client: ExternalClient;
  readonly #spool: ZipSpool;

  constructor(client: ExternalClient, spool: ZipSpool) {
    this.#client = client;
    this.#spool = spool;
  }

  async open(module: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined> {
    const found = await this.#client.file(module, kind);
    if (found === undefined) return undefined;
    if (found.size === undefined) return this.#spooled(found);
    let first: ExternalFile | undefined = found;
    const file = new StreamedFile(
      { size: found.size, modified: noTime },
      {
        begin: async (position) => {
          const taken = position === 0 ? first : undefined;
          if (taken !== undefined) first = undefined;
          return taken ?? this.#transfer(module, kind, position);
        },
      },
    );
    const close = file[Symbol.asyncDispose].bind(file);
    return Object.assign(file, {
      [Symbol.asyncDispose]: async () => {
        await close();
        await first?.end();
      },
    });
  }

  async versions(path: ModulePath): Promise<readonly Version[]> {
    const pathMajor = splitPathVersion(path)?.pathMajor ?? "";
    const lines = await this.#client.list(path);
    return lines
      .filter((line) => isVersion(line))
      .filter((version) => matchesPathMajor(version, pathMajor));
  }

  async stage(): Promise<StagedZip> {
    return new TimelessZip(await this.#spool.stage());
  }

  async put(module: ModuleVersion, { info, mod, zip, sound }: ModuleFiles): Promise<void> {
    const taken = takeSpooled(zip);
    await sound;
    const isThere = await this.#isThere(module);
    if (!isThere && (await this.#client.save(module, { info, mod, zip: taken }))) return;
    if (!isThere && !(await this.#isThere(module))) {
      throw new ProxyFailure(
        "store_unavailable",
        "the storage failed: the server at Storage.External.URL refused to keep it; its log says why",
        { subject: module },
      );
    }
    await requireSameFile(this, module, "mod", readableBytes(mod));
    await requireSameFile(this, module, "zip", taken);
  }

  async check(): Promise<void> {
    await this.#client.list(probe);
  }

  async #isThere(module: ModuleVersion): Promise<boolean> {
    const info = await this.#client.file(module, "info");
    await info?.end();
    return info !== undefined;
  }

  async #transfer(module: ModuleVersion, kind: FileKind, position: number): Promise<FileTransfer> {
    const found = await this.#client.file(module, kind, position);
    if (found === undefined) {
      throw new ProxyFailure("store_unavailable", "it was removed from the storage; ask again", {
        subject: module,
      });
    }
    return { pieces: skipping(found.pieces, position - found.beginsAt), end: () => found.end() };
  }

  /** Without a length nothing can be answered, so the file is fetched first. */
  async #spooled(found: ExternalFile): Promise<StoredFile> {
    const staged = await this.stage();
    try {
      for (
        let next = await found.pieces.next();
        next.done !== true;
        next = await found.pieces.next()
      )
        await staged.append(next.value);
      await staged.end();
    } catch (failure) {
      await staged[Symbol.asyncDispose]();
      throw failure;
    }
    return {
      size: staged.size,
      modified: noTime,
      read: (position, into) => staged.read(position, into),
      [Symbol.asyncDispose]: () => staged[Symbol.asyncDispose](),
    };
  }
}

/** The pieces without their first bytes, for servers that know no ranges. */
function skipping(pieces: AsyncIterator<Uint8Array>, bytes: number): AsyncIterator<Uint8Array> {
  let left = bytes;
  return {
    async next() {
      for (;;) {
        const next = await pieces.next();
        if (next.done === true || left === 0) return next;
        const skipped = Math.min(left, next.value.length);
        left -= skipped;
        if (skipped < next.value.length) return { value: next.value.subarray(skipped) };
      }
    },
  };
}

/** A spooled zip that arrives at no time, as the kept file then will have come at none. */
class TimelessZip implements SpooledZip {
  readonly started = noTime;
  readonly place: StagedZip["place"];
  readonly #zip: SpooledZip;

  constructor(zip: SpooledZip) {
    this.#zip = zip;
    this.place = zip.place;
  }

  get size(): number {
    return this.#zip.size;
  }

  append(chunk: Uint8Array): Promise<void> {
    return this.#zip.append(chunk);
  }

  end(): Promise<void> {
    return this.#zip.end();
  }

  read(position: number, into: Uint8Array): Promise<number> {
    return this.#zip.read(position, into);
  }

  take(): void {
    this.#zip.take();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#zip[Symbol.asyncDispose]();
  }
}
