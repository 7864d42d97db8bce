// A file of a module tree, open for reading.
import { type FileHandle, open } from "node:fs/promises";
import type { StoredFile } from "../../domain/module-store.ts";
import { isAbsence, type TreeRoot } from "./tree-root.ts";

export class TreeFile implements StoredFile {
  readonly size: number;
  readonly modified: Date;
  readonly #handle: FileHandle;
  readonly #root: TreeRoot;

  private constructor(
    handle: FileHandle,
    stats: { readonly size: number; readonly mtime: Date },
    root: TreeRoot,
  ) {
    this.#handle = handle;
    this.#root = root;
    this.size = stats.size;
    this.modified = stats.mtime;
  }

  /** Absent if there is no file of this name. Rejects with `store_unavailable`. */
  static async open(path: string, root: TreeRoot): Promise<TreeFile | undefined> {
    const handle = await root.translating(async () => {
      try {
        return await open(path, "r");
      } catch (failure) {
        if (isAbsence(failure)) return undefined;
        throw failure;
      }
    });
    if (handle === undefined) return undefined;
    try {
      return new TreeFile(handle, await handle.stat(), root);
    } catch (failure) {
      await handle.close();
      throw failure;
    }
  }

  read(position: number, into: Uint8Array): Promise<number> {
    const wanted = Math.max(0, Math.min(into.length, this.size - position));
    return this.#root.translating(async () => {
      let count = 0;
      while (count < wanted) {
        const { bytesRead } = await this.#handle.read(
          into,
          count,
          wanted - count,
          position + count,
        );
        if (bytesRead === 0) break;
        count += bytesRead;
      }
      return count;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}
