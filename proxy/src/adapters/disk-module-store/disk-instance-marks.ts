// Marks of the instances on a disk storage: files in `.stoa/instances`.
import { mkdir, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { InstanceMarks } from "../../domain/instance-marks.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";

export class DiskInstanceMarks implements InstanceMarks {
  readonly #root: StorageRoot;

  constructor(root: StorageRoot) {
    this.#root = root;
  }

  write(id: string, text: string): Promise<void> {
    return this.#root.translating(async () => {
      // Not with the folders above it: where the disk has been taken away there shall be none.
      await mkdir(this.#root.instances).catch(unless("EEXIST"));
      await writeFile(join(this.#root.instances, id), text);
    });
  }

  read(): Promise<ReadonlyMap<string, string>> {
    return this.#root.translating(async () => {
      const marks = new Map<string, string>();
      for (const id of (await readdir(this.#root.instances).catch(unless("ENOENT"))) ?? []) {
        const text = await readFile(join(this.#root.instances, id), "utf8").catch(unless("ENOENT"));
        if (text !== undefined) marks.set(id, text);
      }
      return marks;
    });
  }

  remove(id: string): Promise<void> {
    return this.#root.translating(() =>
      unlink(join(this.#root.instances, id)).catch(unless("ENOENT")),
    );
  }
}

/** Makes nothing of a failure with this code. */
function unless(code: string): (failure: unknown) => undefined {
  return (failure) => {
    if (!hasCode(failure, code)) throw failure;
    return undefined;
  };
}
