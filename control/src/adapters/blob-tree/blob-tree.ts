// The document tree in a blob store: a folder, or a bucket of any service that writes on a condition.
import type { BlobStore } from "@stoa/blobs";
import type { DocumentTree, StoredDocument } from "../../domain/document-tree.ts";
import { checkedPath } from "../../domain/tree-paths.ts";
import { atStore } from "./blob-trouble.ts";

/** The tree below `prefix`, which is empty or ends in a slash. */
export function blobTree(store: BlobStore, prefix: string): DocumentTree {
  return new BlobTree(store, prefix);
}

class BlobTree implements DocumentTree {
  readonly #store: BlobStore;
  readonly #prefix: string;

  constructor(store: BlobStore, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  async read(path: string): Promise<StoredDocument | undefined> {
    return await this.#at(path, async (key) => {
      const blob = await this.#store.get(key);
      if (blob === undefined || blob === "unchanged") return undefined;
      await using open = blob;
      const chunks: Uint8Array[] = [];
      for await (const chunk of open.body) chunks.push(chunk);
      return { text: Buffer.concat(chunks).toString("utf8"), etag: open.head.tag };
    });
  }

  async create(path: string, text: string): Promise<StoredDocument | undefined> {
    return await this.#write(path, text, "absent");
  }

  async replace(path: string, text: string, etag: string): Promise<StoredDocument | undefined> {
    return await this.#write(path, text, { tag: etag });
  }

  async list(folder: string): Promise<readonly string[]> {
    return await this.#at(folder, async (key) => {
      const paths: string[] = [];
      for await (const entry of this.#store.list(`${key}/`)) {
        paths.push(entry.key.slice(this.#prefix.length));
      }
      return paths;
    });
  }

  async remove(path: string): Promise<void> {
    await this.#at(path, (key) => this.#store.delete(key));
  }

  /** After a broken connection a store may say that somebody else was first, and have kept just this text. */
  async #write(
    path: string,
    text: string,
    when: "absent" | { readonly tag: string },
  ): Promise<StoredDocument | undefined> {
    const etag = await this.#at(path, (key) =>
      this.#store.put(key, Buffer.from(text), { when, contentType: "application/json" }),
    );
    if (etag !== undefined) return { text, etag };
    const found = await this.read(path);
    return found?.text === text ? found : undefined;
  }

  #at<T>(path: string, work: (key: string) => Promise<T>): Promise<T> {
    const key = `${this.#prefix}${checkedPath(path)}`;
    return atStore(path, () => work(key));
  }
}
