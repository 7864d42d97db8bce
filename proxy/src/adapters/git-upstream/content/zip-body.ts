// The zip of a module, made while it is read.
import { InvalidText, type ModuleVersion } from "@stoa/gomod";
import { type CheckedModuleZip, type PackMemory, writeModuleZip } from "@stoa/gomod/zip";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import type { ZipDelivery } from "../../../domain/upstream.ts";
import { DamagedRepository } from "../git/bare-repository.ts";
import type { ContentFile } from "./content-files.ts";

/** Nobody asks what a zip says that was not read to its end. */
const nothing: CheckedModuleZip = {
  hash: "",
  digest: "",
  goMod: undefined,
  files: 0,
  uncompressedSize: 0,
};

export interface ZipBodyParts {
  readonly module: ModuleVersion;
  readonly files: readonly ContentFile[];
  readonly memory: PackMemory<ContentFile>;
  /** What is needed as long as the zip is read. Belongs to the body from now on. */
  readonly held: AsyncDisposable;
  /** Told when the mirror has turned out to be damaged. */
  readonly onDamage: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly from: string;
}

/** Rejects with `invalid_module`, before the first byte, if the files are no module. */
export async function zipDelivery(parts: ZipBodyParts): Promise<ZipDelivery> {
  const body = new ZipBody(parts);
  await body.prepare();
  return { size: undefined, body, from: parts.from, found: () => body.found() };
}

/** Can be read once. It must be read to its end or returned, or files stay on disk. */
class ZipBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #parts: ZipBodyParts;
  readonly #chunks: AsyncGenerator<Uint8Array, CheckedModuleZip, undefined>;
  #first: IteratorResult<Uint8Array, undefined> | undefined;
  #found: CheckedModuleZip | undefined;

  constructor(parts: ZipBodyParts) {
    this.#parts = parts;
    this.#chunks = writeModuleZip(parts.module, parts.files, parts.memory);
  }

  /** What the zip says, once it has been read to its end. */
  found(): CheckedModuleZip {
    if (this.#found === undefined) throw new Error("the zip has not been read to its end");
    return this.#found;
  }

  /** Makes the first bytes: before them all files are looked at. */
  async prepare(): Promise<void> {
    this.#first = await this.next();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return first;
    try {
      this.#parts.signal.throwIfAborted();
      const result = await this.#chunks.next();
      if (!result.done) return result;
      this.#found = result.value;
    } catch (failure) {
      await this.#end();
      throw await bodyFailure(failure, this.#parts);
    }
    await this.#end();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#first = undefined;
    await this.#chunks.return(nothing);
    await this.#end();
    return { done: true, value: undefined };
  }

  #end(): Promise<void> {
    return Promise.resolve(this.#parts.held[Symbol.asyncDispose]());
  }
}

async function bodyFailure(
  failure: unknown,
  { module, signal, onDamage }: ZipBodyParts,
): Promise<unknown> {
  if (signal.aborted) return signal.reason;
  if (failure instanceof DamagedRepository) {
    await onDamage();
    const message = "the mirror of its repository was damaged and has been removed: ask again";
    return new ProxyFailure("upstream_unavailable", message, { subject: module, cause: failure });
  }
  if (!(failure instanceof InvalidText)) return failure;
  // The message names the module, which the subject does already.
  const reason = failure.message.replace(/^invalid module zip "[^"]*": /, "");
  return new ProxyFailure("invalid_module", `it cannot be a module: ${reason}`, {
    subject: module,
    cause: failure,
  });
}
