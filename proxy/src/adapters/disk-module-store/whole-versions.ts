// Which versions are whole, and which of them that was seen of lately.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { ModuleVersion } from "@stoa/gomod";
import type { FileKind } from "../../domain/module-store.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";
import { fileName, versionFolder } from "./version-folder.ts";

/** How many versions are remembered: a few megabytes. */
const remembered = 16_384;

/**
 * Looks for the three files of a version. A version that has been seen whole stays so, unless somebody removes it by
 * hand; remembering it makes opening one of its files a single call to the disk.
 */
export class WholeVersions {
  readonly #root: StorageRoot;
  /** In order of use. */
  readonly #seen = new Set<string>();

  constructor(root: StorageRoot) {
    this.#root = root;
  }

  /** Whether the version has been seen whole, and not been forgotten. */
  remembers(module: ModuleVersion): boolean {
    const key = keyOf(module);
    if (!this.#seen.delete(key)) return false;
    this.#seen.add(key);
    return true;
  }

  remember(module: ModuleVersion): void {
    this.#seen.add(keyOf(module));
    if (this.#seen.size <= remembered) return;
    const [oldest = ""] = this.#seen;
    this.#seen.delete(oldest);
  }

  forget(module: ModuleVersion): void {
    this.#seen.delete(keyOf(module));
  }

  /**
   * Whether the three files are there now. Info and zip are never empty; that they are is what a crash leaves of a program
   * that does not flush. The info is looked for last: a repair removes it first and writes it last, so seeing it then says
   * that the other two were the right ones. Rejects with `store_unavailable`.
   */
  async isOnDisk(module: ModuleVersion): Promise<boolean> {
    const folder = versionFolder(this.#root.path, module);
    const size = (kind: FileKind): Promise<number> => sizeOf(join(folder, fileName(module, kind)));
    return this.#root.translating(async () => {
      if ((await size("zip")) <= 0) return false; // most versions that are asked about have none: one look tells
      return (await size("mod")) >= 0 && (await size("info")) > 0;
    });
  }
}

/** The size of a file in bytes; -1 if there is none. */
async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : -1;
  } catch (failure) {
    if (hasCode(failure, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return -1;
    throw failure;
  }
}

function keyOf(module: ModuleVersion): string {
  return `${module.path}@${module.version}`;
}
