// Where everything is written before it is moved into place.
import { randomBytes } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessMark } from "./process-mark.ts";
import type { StorageRoot } from "./storage-root.ts";

/** Nothing takes this long to arrive; what another machine left here is removed when it is older. */
export const strangersLimitMs = 6 * 60 * 60 * 1000;

/** Gives out names that tell whose they are: the mark of the process, `+`, and something random. */
export class IncomingFolder {
  readonly #root: StorageRoot;
  readonly #mark: ProcessMark;

  constructor(root: StorageRoot, mark: ProcessMark) {
    this.#root = root;
    this.#mark = mark;
  }

  /** A path that nobody has used or will use. */
  newPath(): string {
    return join(this.#root.incoming, `${this.#mark.text}+${randomBytes(6).toString("hex")}`);
  }

  /** Removes what processes that are gone have left behind. What cannot be looked at or removed stays. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#root.incoming)) {
      const path = join(this.#root.incoming, name);
      const mark = name.split("+")[0] ?? "";
      try {
        const ageMs = Date.now() - (await lastTouchedMs(path));
        if (await this.#mark.isOfTheDead(mark, ageMs, strangersLimitMs)) {
          await rm(path, { recursive: true, force: true });
        }
      } catch {
        // Another process finished or swept it meanwhile.
      }
    }
  }
}

/** The newest change of a path or, if it is a folder, of what it holds. */
async function lastTouchedMs(path: string): Promise<number> {
  const entry = await stat(path);
  const inside = entry.isDirectory() ? await readdir(path) : [];
  const times = await Promise.all(
    inside.map(async (name) => (await stat(join(path, name))).mtimeMs),
  );
  return Math.max(entry.mtimeMs, ...times);
}
