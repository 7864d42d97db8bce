// Blobs in this process's memory: for trying things out and for tests.
import { setImmediate as nextTurn } from "node:timers/promises";
import { bodyPieces, collected } from "./blob-body.ts";
import { replaced } from "./blob-failure.ts";
import { checkBlobKey, compareBlobKeys } from "./blob-key.ts";
import type {
  BlobBody,
  BlobEntry,
  ExactRemoval,
  GetOptions,
  LabelledHead,
  LabellingBlobStore,
  Labels,
  ListOptions,
  OpenBlob,
  PutOptions,
} from "./blob-store.ts";

interface Kept {
  readonly head: LabelledHead;
  readonly bytes: Uint8Array;
}

/** Grows without bound, and ends with the process. Answers in a later turn of the event loop, as other stores do. */
export class MemoryBlobStore implements LabellingBlobStore, ExactRemoval {
  readonly #kept = new Map<string, Kept>();
  #puts = 0;

  async stat(key: string): Promise<LabelledHead | undefined> {
    checkBlobKey(key);
    await nextTurn();
    return this.#kept.get(key)?.head;
  }

  async get(
    key: string,
    { from = 0, to, unlessTag, onlyTag }: GetOptions = {},
  ): Promise<OpenBlob<LabelledHead> | "unchanged" | undefined> {
    checkBlobKey(key);
    await nextTurn();
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    const { head, bytes } = kept;
    if (head.tag === unlessTag) return "unchanged";
    if (onlyTag !== undefined && head.tag !== onlyTag) {
      throw replaced(key);
    }
    return {
      head,
      body: bodyPieces(bytes.slice(from, to)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async put(
    key: string,
    body: BlobBody,
    { when, sha256, labels = {} }: PutOptions & { readonly labels?: Labels } = {},
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    checkBlobKey(key);
    const bytes = Uint8Array.from(await collected(bodyPieces(body, sha256, signal)));
    await nextTurn();
    const before = this.#kept.get(key)?.head.tag;
    if (when === "absent" && before !== undefined) return undefined;
    if (typeof when === "object" && when.tag !== before) return undefined;
    this.#puts += 1;
    const tag = `${this.#puts}`;
    const head = { key, size: bytes.length, tag, modified: new Date(), labels: { ...labels } };
    this.#kept.set(key, { head, bytes });
    return tag;
  }

  async delete(key: string): Promise<void> {
    checkBlobKey(key);
    await nextTurn();
    this.#kept.delete(key);
  }

  async deleteTagged(key: string, tag: string): Promise<boolean> {
    checkBlobKey(key);
    await nextTurn();
    return this.#kept.get(key)?.head.tag === tag && this.#kept.delete(key);
  }

  async *list(prefix: string, { after }: ListOptions = {}): AsyncGenerator<BlobEntry> {
    await nextTurn();
    const keys = [...this.#kept.keys()]
      .filter((key) => key.startsWith(prefix))
      .filter((key) => after === undefined || compareBlobKeys(key, after) > 0)
      .sort(compareBlobKeys);
    for (const key of keys) {
      const size = this.#kept.get(key)?.head.size;
      if (size !== undefined) yield { key, size };
    }
  }

  check(): Promise<void> {
    return Promise.resolve();
  }
}
