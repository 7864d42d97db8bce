// What folders hold. Large ones are read once for as long as they do not change.
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";

/** The names in a folder. */
export interface FolderContent {
  /** Sorted. Links are none, for they may lead in a circle, and neither is what begins with a dot. */
  readonly folders: readonly string[];
  readonly files: ReadonlySet<string>;
}

interface Remembered {
  readonly changedNs: bigint;
  readonly readMs: number;
  readonly content: FolderContent;
}

/** Smaller folders are read as fast as they are looked after. */
const leastNames = 500;

/** A hundred bytes each. */
const mostNames = 200_000;

/** File systems tell times in steps: what changed within the last one may change again without telling. */
const longestStepMs = 2000;

/** A file server whose clock is wrong may hide a change, but for no longer than lists are given out. */
const longestMs = 60_000;

/**
 * Reads folders. A large one is remembered together with the time of its last change, and read again when that is
 * another one: reading fifty thousand names takes longer than the page of a catalog that needs five of them.
 */
export class FolderContents {
  /** By path, in the order they were read. */
  readonly #remembered = new Map<string, Remembered>();
  #names = 0;

  /** Rejects with the error of the disk. */
  async read(path: string): Promise<FolderContent> {
    const begunMs = Date.now();
    const known = this.#remembered.get(path);
    if (known !== undefined && begunMs - known.readMs < longestMs) {
      if ((await changedNs(path)) === known.changedNs) return known.content;
    }
    this.#forget(path);
    const content = contentOf(await readdir(path, { withFileTypes: true }));
    if (content.folders.length < leastNames) return content;
    const changed = await changedNs(path);
    // Else it may have changed while it was read.
    if (BigInt(begunMs - longestStepMs) * 1_000_000n > changed) {
      this.#remember(path, { changedNs: changed, readMs: begunMs, content });
    }
    return content;
  }

  #remember(path: string, remembered: Remembered): void {
    this.#forget(path);
    this.#remembered.set(path, remembered);
    this.#names += remembered.content.folders.length;
    for (const oldest of this.#remembered.keys()) {
      if (this.#names <= mostNames) return;
      this.#forget(oldest);
    }
  }

  #forget(path: string): void {
    this.#names -= this.#remembered.get(path)?.content.folders.length ?? 0;
    this.#remembered.delete(path);
  }
}

async function changedNs(path: string): Promise<bigint> {
  return (await stat(path, { bigint: true })).mtimeNs;
}

function contentOf(entries: readonly Dirent[]): FolderContent {
  const folders: string[] = [];
  const files = new Set<string>();
  for (const entry of entries) {
    if (!entry.isDirectory()) files.add(entry.name);
    else if (!entry.name.startsWith(".")) folders.push(entry.name);
  }
  return { folders: folders.sort(), files };
}
