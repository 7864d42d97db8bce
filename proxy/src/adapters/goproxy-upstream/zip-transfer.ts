// The body of a zip on its way: counted, bounded, and taken up again where it broke off.
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { createBrotliDecompress, createUnzip } from "node:zlib";
import { maxZipBytes } from "@stoa/gomod/zip";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import type { Answer } from "./answer.ts";
import type { Deadlines } from "./transport.ts";
import { transportFailure } from "./transport-failure.ts";

/** How often a transfer is taken up again (the same bound as in cmd/go's own downloads). */
const mostResumptions = 2;

export interface ZipTransferParts {
  /** Belongs to the transfer from now on. */
  readonly answer: Answer;
  readonly subject: FailureSubject;
  readonly deadlines: Deadlines;
  /** Asks for the same zip again, with these headers, and wants a 206. */
  readonly askForRest: (headers: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly signal: AbortSignal;
}

/**
 * Can be read once. Ends normally only if the announced number of bytes came; must be read to that end or returned. A chunk
 * holds until the next one is asked for.
 */
export class ZipTransfer implements AsyncIterableIterator<Uint8Array> {
  /** The number of bytes to come, if it is known. */
  readonly size: number | undefined;
  readonly #parts: ZipTransferParts;
  /** What proves that a later answer is about the same bytes; undefined where nothing does. */
  readonly #tag: string | undefined;
  #answer: Answer;
  #chunks: AsyncIterator<Uint8Array>;
  /** What was given out last. */
  #lent: Uint8Array | undefined;
  #received = 0;
  #resumptions = 0;
  #ended: boolean = false;

  /** Throws a `ProxyFailure`, having disposed of the answer, if it announces what cannot be a module zip. */
  constructor(parts: ZipTransferParts) {
    const { answer } = parts;
    this.#parts = parts;
    this.#answer = answer;
    this.size = answer.codings.length === 0 ? answer.length : undefined;
    this.#tag = this.size !== undefined && takesRanges(answer) ? strongTag(answer) : undefined;
    try {
      if ((this.size ?? 0) > maxZipBytes) throw this.#tooLong();
      this.#chunks = this.#decoded(answer)[Symbol.asyncIterator]();
    } catch (failure) {
      answer[Symbol.dispose]();
      throw failure;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#takeBack();
    while (!this.#ended) {
      try {
        const { done, value } = await this.#chunks.next();
        if (!done) return { done: false, value: this.#counted(value) };
        this.#checkWhole();
        this.#end();
      } catch (failure) {
        await this.#resume(failure);
      }
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  #end(): void {
    this.#ended = true;
    this.#answer[Symbol.dispose]();
  }

  #counted(chunk: Uint8Array): Uint8Array {
    this.#received += chunk.length;
    if (this.#received > (this.size ?? maxZipBytes)) throw this.#tooLong();
    this.#lent = chunk;
    return chunk;
  }

  /**
   * Frees the memory of a chunk that has been used. Chunks come faster than the garbage collector, which does not see how
   * large they are, comes by. One that shares its memory is left alone.
   */
  #takeBack(): void {
    const lent = this.#lent;
    this.#lent = undefined;
    if (lent === undefined || lent.length === 0 || lent.length < lent.buffer.byteLength) return;
    if (lent.buffer instanceof ArrayBuffer) lent.buffer.transfer(0);
  }

  #checkWhole(): void {
    if (this.size !== undefined && this.#received !== this.size) throw new Error("too short");
  }

  /** Goes on after what has been received, or fails with what broke the transfer. */
  async #resume(cause: unknown): Promise<void> {
    this.#end();
    this.#parts.signal.throwIfAborted();
    const failure = this.#brokenOff(cause);
    const isBroken = !(cause instanceof ProxyFailure);
    if (!isBroken || this.#tag === undefined || this.#resumptions >= mostResumptions) throw failure;
    this.#resumptions += 1;
    const rest = await this.#askForRest(this.#tag, failure);
    this.#answer = rest;
    this.#chunks = rest.body[Symbol.asyncIterator]();
    this.#ended = false;
  }

  async #askForRest(tag: string, failure: ProxyFailure): Promise<Answer> {
    const { askForRest, signal } = this.#parts;
    const size = this.size ?? 0;
    try {
      const rest = await askForRest({ range: `bytes=${this.#received}-`, "if-range": tag });
      const wanted = `bytes ${this.#received}-${size - 1}/${size}`;
      if (rest.header("content-range") === wanted && rest.codings.length === 0) return rest;
      rest[Symbol.dispose]();
    } catch {
      signal.throwIfAborted();
    }
    throw failure;
  }

  #decoded({ body, codings, host }: Answer): Readable {
    if (codings.length === 0) return body;
    const [coding, ...others] = codings;
    if (others.length > 0 || !/^(x-gzip|gzip|deflate|br)$/.test(coding ?? "")) {
      const message = `${host} used the content coding ${codings.join(", ")} unasked`;
      throw new ProxyFailure("upstream_unavailable", message, this.#parts);
    }
    const decoder = coding === "br" ? createBrotliDecompress() : createUnzip();
    pipeline(body, decoder, () => undefined); // its errors come out of the decoder
    return decoder;
  }

  #brokenOff(cause: unknown): ProxyFailure {
    const { host } = this.#answer;
    const { subject } = this.#parts;
    const failure = transportFailure(cause, { ...this.#parts, host });
    if (cause instanceof ProxyFailure || failure.code === "timed_out") return failure;
    const total = this.size === undefined ? "" : ` of ${this.size}`;
    return new ProxyFailure(
      "upstream_unavailable",
      `the zip from ${host} broke off after ${this.#received}${total} bytes`,
      { subject, cause },
    );
  }

  #tooLong(): ProxyFailure {
    const { host } = this.#answer;
    const announced = this.size === undefined || this.size > maxZipBytes;
    return announced
      ? new ProxyFailure(
          "invalid_module",
          `the zip from ${host} is larger than the ${maxZipBytes / 2 ** 20} MiB that the go command accepts`,
          this.#parts,
        )
      : new ProxyFailure(
          "upstream_unavailable",
          `${host} sent more bytes of the zip than the ${this.size} it announced`,
          this.#parts,
        );
  }
}

function takesRanges(answer: Answer): boolean {
  return answer.header("accept-ranges")?.toLowerCase() === "bytes";
}

function strongTag(answer: Answer): string | undefined {
  const tag = answer.header("etag");
  return tag?.startsWith('"') ? tag : undefined;
}
