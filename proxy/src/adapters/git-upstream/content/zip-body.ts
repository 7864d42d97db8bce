// The zip of a module, made while it is read.
import { InvalidText, type ModuleVersion } from "@stoa/gomod";
import { writeModuleZip } from "@stoa/gomod/zip";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import type { ZipDelivery } from "../../../domain/upstream.ts";
import type { ModuleContent } from "./module-content.ts";

export interface ZipBodyParts {
  readonly module: ModuleVersion;
  /** Belongs to the body from now on. */
  readonly content: ModuleContent;
  readonly signal: AbortSignal;
  readonly from: string;
}

/** Rejects with `invalid_module`, before the first byte, if the files are no module. */
export async function zipDelivery(parts: ZipBodyParts): Promise<ZipDelivery> {
  const body = new ZipBody(parts);
  await body.prepare();
  return { size: undefined, body, from: parts.from };
}

/** Can be read once. It must be read to its end or returned, or files stay on disk. */
class ZipBody implements AsyncIterableIterator<Uint8Array> {
  readonly #parts: ZipBodyParts;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #first: IteratorResult<Uint8Array> | undefined;

  constructor(parts: ZipBodyParts) {
    this.#parts = parts;
    this.#chunks = writeModuleZip(parts.module, parts.content.files);
  }

  /** Makes the first bytes: before them all files are looked at. */
  async prepare(): Promise<void> {
    this.#first = await this.next();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return first;
    try {
      this.#parts.signal.throwIfAborted();
      const result = await this.#chunks.next();
      if (result.done) await this.#end();
      return result;
    } catch (failure) {
      await this.#end();
      throw bodyFailure(failure, this.#parts);
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#first = undefined;
    await this.#chunks.return?.();
    await this.#end();
    return { done: true, value: undefined };
  }

  #end(): Promise<void> {
    return Promise.resolve(this.#parts.content[Symbol.asyncDispose]());
  }
}

function bodyFailure(failure: unknown, { module, signal }: ZipBodyParts): unknown {
  if (signal.aborted) return signal.reason;
  if (!(failure instanceof InvalidText)) return failure;
  // The message names the module, which the subject does already.
  const reason = failure.message.replace(/^invalid module zip "[^"]*": /, "");
  return new ProxyFailure("invalid_module", `it cannot be a module: ${reason}`, {
    subject: module,
    cause: failure,
  });
}
