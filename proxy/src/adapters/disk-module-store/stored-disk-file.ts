// A kept file on disk, open for reading.
import type { StoredFile } from "../../domain/module-store.ts";
import { OpenFile } from "./open-file.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";

export class StoredDiskFile implements StoredFile {
  readonly size: number;
  readonly modified: Date;
  readonly #file: OpenFile;
  readonly #root: StorageRoot;

  private constructor(file: OpenFile, root: StorageRoot) {
    const { size, mtime } = file.stat();
    this.#file = file;
    this.#root = root;
    this.size = size;
    this.modified = mtime;
  }

  /** Absent if there is no file of this name. Rejects with `store_unavailable`. */
  static async open(path: string, root: StorageRoot): Promise<StoredDiskFile | undefined> {
    try {
      return new StoredDiskFile(await OpenFile.open(path, "r"), root);
    } catch (failure) {
      if (hasCode(failure, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return undefined;
      throw root.translate(failure);
    }
  }

  read(position: number, into: Uint8Array): Promise<number> {
    const wanted = Math.max(0, Math.min(into.length, this.size - position));
    const part = wanted === into.length ? into : into.subarray(0, wanted);
    return this.#root.translating(() => this.#file.read(position, part));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
