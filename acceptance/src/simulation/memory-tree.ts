// The document tree and the blobs in memory, as the control plane and the agents see them.
import type { BlobShelf, DocumentTree, OpenBlob, StoredDocument } from "@stoa/control/testing";
import { sha256Hex } from "@stoa/deployment";

/** Documents in memory. */
export class MemoryTree implements DocumentTree {
  readonly #documents = new Map<string, string>();
  /** Called before and after every write: it may throw, or never return. */
  readonly #trouble: () => Promise<void>;

  constructor(trouble: () => Promise<void>) {
    this.#trouble = trouble;
  }

  /** What is there, without waiting. */
  now(path: string): StoredDocument | undefined {
    const text = this.#documents.get(path);
    return text === undefined ? undefined : { text, etag: sha256Hex(text).slice(0, 16) };
  }

  async read(path: string): Promise<StoredDocument | undefined> {
    return this.now(path);
  }

  async create(path: string, text: string): Promise<StoredDocument | undefined> {
    await this.#trouble();
    if (this.#documents.has(path)) return undefined;
    return await this.#write(path, text);
  }

  async replace(path: string, text: string, etag: string): Promise<StoredDocument | undefined> {
    await this.#trouble();
    if (this.now(path)?.etag !== etag) return undefined;
    return await this.#write(path, text);
  }

  async list(folder: string): Promise<readonly string[]> {
    return [...this.#documents.keys()].filter((path) => path.startsWith(`${folder}/`)).sort();
  }

  async remove(path: string): Promise<void> {
    await this.#trouble();
    this.#documents.delete(path);
  }

  async #write(path: string, text: string): Promise<StoredDocument | undefined> {
    this.#documents.set(path, text);
    // A writer that dies here has written, and never learns it.
    await this.#trouble();
    return this.now(path);
  }
}

/** Contents in memory. */
export class MemoryBlobs implements BlobShelf {
  readonly #blobs = new Map<string, Uint8Array>();

  /** Keeps a content and gives its name. */
  add(bytes: Uint8Array): string {
    const sha256 = sha256Hex(bytes);
    this.#blobs.set(sha256, bytes);
    return sha256;
  }

  now(sha256: string): Uint8Array | undefined {
    return this.#blobs.get(sha256);
  }

  async has(sha256: string): Promise<boolean> {
    return this.#blobs.has(sha256);
  }

  async put(): Promise<void> {
    throw new Error("the simulation adds its blobs itself");
  }

  async open(): Promise<OpenBlob | undefined> {
    throw new Error("the simulation reads its blobs itself");
  }

  async *list(): AsyncIterable<string> {
    yield* this.#blobs.keys();
  }

  async remove(): Promise<void> {
    throw new Error("the simulation keeps its blobs");
  }
}
