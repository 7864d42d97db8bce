// How the drivers of bucket services ask: what their programs throw comes out as a failure of blobs.
import type { Readable } from "node:stream";
import type { BlobHead, OpenBlob } from "./blob-store.ts";
import { streamedBlob, streamPieces } from "./streamed-blob.ts";

/** What a driver knows about the complaints of its service. */
interface Complaints {
  /** Makes a `BlobFailure` of what the service's program throws. */
  readonly translate: (failure: unknown) => unknown;
  /** Whether a translated failure says that there is no such blob. */
  readonly isAbsence: (failure: unknown) => boolean;
}

/** Calls to one service. Each fails with the signal's reason, or with a `BlobFailure`. */
export class ServiceCalls {
  readonly #complaints: Complaints;

  constructor(complaints: Complaints) {
    this.#complaints = complaints;
  }

  async call<T>(send: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      signal?.throwIfAborted();
      return await send();
    } catch (failure) {
      signal?.throwIfAborted();
      throw this.#complaints.translate(failure);
    }
  }

  /** `undefined` if the service says that there is no such blob. */
  async callOrAbsent<T>(send: () => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
    try {
      return await this.call(send, signal);
    } catch (failure) {
      if (this.#complaints.isAbsence(failure)) return undefined;
      throw failure;
    }
  }

  /** A blob whose bytes arrive by the service's stream. */
  opened<Head extends BlobHead>(
    head: Head,
    stream: Readable,
    signal: AbortSignal | undefined,
  ): OpenBlob<Head> {
    return streamedBlob(head, stream, this.pieces(stream, signal));
  }

  pieces(stream: Readable, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    return streamPieces(stream, { translate: this.#complaints.translate, signal });
  }
}

/** The size of a whole blob, whether it or a part of it was sent. Authority: RFC 9110, section 14.4. */
export function wholeSize(range: string | undefined, length: number | undefined): number {
  const total = range?.split("/")[1];
  return total === undefined ? (length ?? 0) : Number(total);
}

/** An entity tag without the quotes that HTTP puts around it. */
export function bareTag(etag: string | undefined): string {
  return (etag ?? "").replaceAll('"', "");
}
