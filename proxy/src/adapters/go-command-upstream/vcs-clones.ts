// The clones of repositories that outlive runs of the go command: how much they take, and which of them go.

import { createHash, randomBytes } from "node:crypto";
import { readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { VersionOrigin } from "@stoa/gomod";

/** A clone: a folder, and beside it a file `.info` and a file `.lock` of the same name. */
interface Clone {
  readonly name: string;
  readonly usedMs: number;
}

/** The name of a clone: cmd/go codehost.WorkDir. */
const cloneName = /^[0-9a-f]{64}$/;

/** The clones below one folder. Whoever calls sees to it that no run of this process uses those that are removed. */
export class VcsClones {
  readonly #folder: string;
  readonly #mostBytes: number;

  constructor(options: { readonly folder: string; readonly mostBytes: number }) {
    this.#folder = options.folder;
    this.#mostBytes = options.mostBytes;
  }

  /** Notes that the clone of a repository has been of use. */
  async used({ vcs, url }: VersionOrigin, now: Date): Promise<void> {
    if (vcs === undefined || url === undefined) return;
    const path = join(this.#folder, `${nameOf(vcs, url)}.info`);
    await utimes(path, now, now).catch(() => undefined); // there is none for systems that clone nothing
  }

  /** Where the clone of a repository is, if it was there before a time. */
  async olderThan(
    { vcs = "", url = "" }: VersionOrigin,
    timeMs: number,
  ): Promise<string | undefined> {
    const clone = join(this.#folder, nameOf(vcs, url));
    const made = await stat(`${clone}.info`).catch(() => undefined);
    return made !== undefined && made.mtimeMs < timeMs ? clone : undefined;
  }

  /** Whether they take more than they may. Reads every folder of every clone. */
  async isOverfull(): Promise<boolean> {
    return (await sizeOf(this.#folder)) > this.#mostBytes;
  }

  /** Removes the clones that were not used for longest, until the others take less than three quarters of what they may. */
  async shrink(): Promise<void> {
    const clones = (await this.#clones()).toSorted((a, b) => b.usedMs - a.usedMs);
    let total = 0;
    for (const { name } of clones) {
      total += await sizeOf(join(this.#folder, name));
      if (total > this.#mostBytes * 0.75) await this.remove(name);
    }
  }

  /** Removes one clone, so that the next run begins anew. Its lock stays: another process may hold it. */
  async remove(name: string): Promise<void> {
    const removed = join(this.#folder, `removed-${randomBytes(6).toString("hex")}`);
    await rm(join(this.#folder, `${name}.info`), { force: true });
    // At once, so that a run of another process sees all or nothing; removing many files takes its time.
    await rename(join(this.#folder, name), removed).catch(() => undefined);
    await rm(removed, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Removes what a process that was ended in between has not removed. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.filter((found) => found.startsWith("removed-"))) {
      await rm(join(this.#folder, name), { recursive: true, force: true }).catch(() => undefined);
    }
  }

  async #clones(): Promise<readonly Clone[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) =>
      cloneName.test(name),
    );
    return Promise.all(
      names.map(async (name) => {
        const info = await stat(join(this.#folder, `${name}.info`)).catch(() => undefined);
        return { name, usedMs: info?.mtimeMs ?? 0 };
      }),
    );
  }
}

/** The clones that a complaint names, which may be why it was made. */
export function clonesIn(complaint: string): readonly string[] {
  return [...complaint.matchAll(/[\\/]vcs[\\/]([0-9a-f]{64})\b/g)].map(([, name = ""]) => name);
}

/** Authority: cmd/go codehost, gitWorkDirType and vcsWorkDirType. */
function nameOf(vcs: string, url: string): string {
  const kind = vcs === "git" ? "git3" : `vcs1.${vcs}`;
  return createHash("sha256").update(`${kind}:${url}`).digest("hex");
}

async function sizeOf(folder: string): Promise<number> {
  let total = 0;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) total += await sizeOf(path);
    else total += (await stat(path).catch(() => undefined))?.size ?? 0;
  }
  return total;
}
