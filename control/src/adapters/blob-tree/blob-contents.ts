// Contents by their digest in a blob store: hashed while they arrive, and kept only if they are what their name says.
import { BlobFailure, type BlobStore } from "@stoa/blobs";
import type { BlobShelf, OpenBlob } from "../../domain/blob-shelf.ts";
import { ControlFailure } from "../../domain/control-failure.ts";
import { atStore, storeTrouble } from "./blob-trouble.ts";

const digest = /^[0-9a-f]{64}$/;

/** The contents below `prefix`, which ends in a slash. None may be longer than `limitBytes`. */
export function blobContents(store: BlobStore, prefix: string, limitBytes: number): BlobShelf {
  return new BlobContents(store, prefix, limitBytes);
}

class BlobContents implements BlobShelf {
  readonly #store: BlobStore;
  readonly #prefix: string;
  readonly #limitBytes: number;

  constructor(store: BlobStore, prefix: string, limitBytes: number) {
    this.#store = store;
    this.#prefix = prefix;
    this.#limitBytes = limitBytes;
  }

  async has(sha256: string): Promise<boolean> {
    const key = this.#key(sha256);
    return (await atStore(shown(sha256), () => this.#store.stat(key))) !== undefined;
  }

  async put(sha256: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    const key = this.#key(sha256);
    const limited = new LimitedBody(body, this.#limitBytes);
    try {
      await this.#store.put(key, limited.chunks(), { sha256 });
    } catch (cause) {
      if (limited.isOver) throw tooLarge(this.#limitBytes);
      if (!(cause instanceof BlobFailure) || cause.kind !== "damaged")
        throw storeTrouble(shown(sha256), cause);
      throw new ControlFailure(
        "digest_mismatch",
        `what was sent as ${shown(sha256)} is something else; it changed on its way or while it was read, send it again`,
        { cause },
      );
    }
  }

  async open(sha256: string): Promise<OpenBlob | undefined> {
    const key = this.#key(sha256);
    const blob = await atStore(shown(sha256), () => this.#store.get(key));
    if (blob === undefined || blob === "unchanged") return undefined;
    const pieces = blob.body[Symbol.asyncIterator]();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await pieces.next().catch(async (cause: unknown) => {
          await blob[Symbol.asyncDispose]();
          throw cause;
        });
        if (done !== true) {
          controller.enqueue(value);
          return;
        }
        await blob[Symbol.asyncDispose]();
        controller.close();
      },
      cancel: () => blob[Symbol.asyncDispose](),
    });
    return { size: blob.head.size, body };
  }

  async *list(): AsyncIterable<string> {
    try {
      for await (const { key } of this.#store.list(this.#prefix)) {
        const name = key.slice(this.#prefix.length);
        if (digest.test(name)) yield name;
      }
    } catch (cause) {
      throw storeTrouble("the list of contents", cause);
    }
  }

  async remove(sha256: string): Promise<void> {
    const key = this.#key(sha256);
    await atStore(shown(sha256), () => this.#store.delete(key));
  }

  #key(sha256: string): string {
    if (digest.test(sha256)) return `${this.#prefix}${sha256}`;
    throw new ControlFailure(
      "bad_request",
      `${JSON.stringify(sha256)} is not a SHA-256 in 64 lower-case hex digits`,
    );
  }
}

/** Ends where too much comes. */
class LimitedBody {
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #limitBytes: number;
  isOver = false;

  constructor(body: AsyncIterable<Uint8Array>, limitBytes: number) {
    this.#body = body;
    this.#limitBytes = limitBytes;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of this.#body) {
      size += chunk.byteLength;
      this.isOver = size > this.#limitBytes;
      if (this.isOver) throw tooLarge(this.#limitBytes);
      yield chunk;
    }
  }
}

function tooLarge(limitBytes: number): ControlFailure {
  return new ControlFailure(
    "too_large",
    `a content of more than ${limitBytes} bytes is not accepted`,
  );
}

function shown(sha256: string): string {
  return `the content sha256:${sha256}`;
}
