// Folders in which the go command runs, each with a module cache of its own that goes with it.
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";

/** Tells what belongs to this process, and whether another process that marked something is gone. */
export interface OwnerMark {
  readonly text: string;
  isOfTheDead(mark: string, ageMs: number, limitMs: number): Promise<boolean>;
}

/** The folder of one run. Disposing of it removes it with all that is in it; what cannot be removed, the next sweep will. */
export interface RunFolder extends AsyncDisposable {
  readonly path: string;
  /** The go command's GOMODCACHE. */
  readonly moduleCache: string;
}

/** The variable by which the processes of a run are known. */
export const runVariable = "STOA_GO_RUN";

/** No run takes this long; what another machine left here is removed when it is older. */
const strangersLimitMs = 6 * 60 * 60 * 1000;

/** Makes run folders below one folder, which several processes may share. */
export class RunFolders {
  readonly #folder: string;
  readonly #clones: string;
  readonly #mark: OwnerMark;

  constructor(options: {
    readonly folder: string;
    /** The clones of repositories that outlive runs. */
    readonly clones: string;
    readonly mark: OwnerMark;
  }) {
    this.#folder = options.folder;
    this.#clones = options.clones;
    this.#mark = options.mark;
  }

  /** With `clones`, the run shares those of the runs before it; without them it begins with none. */
  async make(clones: "kept" | "none"): Promise<RunFolder> {
    const name = `${this.#mark.text}+${randomBytes(6).toString("hex")}`;
    const path = join(this.#folder, name);
    const moduleCache = join(path, "modules");
    await mkdir(join(moduleCache, "cache"), { recursive: true, mode: 0o700 });
    if (clones === "kept") {
      await mkdir(this.#clones, { recursive: true, mode: 0o700 });
      // Where the go command has its clones: cmd/go codehost.WorkDir. Its locks lie beside them, so runs do not collide.
      await symlink(this.#clones, join(moduleCache, "cache", "vcs"), "dir");
    }
    return {
      path,
      moduleCache,
      [Symbol.asyncDispose]: () => removeTree(path).catch(() => undefined),
    };
  }

  /** Ends the runs of processes that are gone, and removes their folders. What cannot be removed stays. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const abandoned: string[] = [];
    for (const name of names) {
      const path = join(this.#folder, name);
      const ageMs = await stat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      const mark = name.split("+")[0] ?? "";
      if (await this.#mark.isOfTheDead(mark, ageMs, strangersLimitMs)) abandoned.push(path);
    }
    if (abandoned.length === 0) return;
    await endProcesses(abandoned);
    await Promise.all(abandoned.map((path) => removeTree(path).catch(() => undefined)));
  }
}

/** Ends what still runs in folders. Only systems with /proc tell; elsewhere it ends by itself. */
async function endProcesses(folders: readonly string[]): Promise<void> {
  // One that is being ended may just have started another.
  for (let tried = 0; tried < triesToEnd; tried++) {
    const ids = await processesIn(folders);
    if (ids.length === 0) return;
    for (const id of ids) {
      try {
        process.kill(id, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    await setTimeout(pauseMs);
  }
}

const triesToEnd = 50;
const pauseMs = 20;

async function processesIn(folders: readonly string[]): Promise<readonly number[]> {
  const marks = folders.map((folder) => `${runVariable}=${folder}`);
  const ids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found: number[] = [];
  for (const id of ids) {
    // Empty for what has ended, and not to be read of other users' processes.
    const environment = await readFile(`/proc/${id}/environ`, "utf8").catch(() => "");
    if (environment.split("\0").some((variable) => marks.includes(variable))) {
      found.push(Number(id));
    }
  }
  return found;
}

/** Module caches hold folders that nobody may write to, whatever GOFLAGS says: a run may have been ended in between. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (failure) {
    if (!hasCode(failure, "EACCES", "EPERM")) throw failure;
    await makeWritable(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}

function hasCode(failure: unknown, ...codes: readonly string[]): boolean {
  return failure instanceof Error && "code" in failure && codes.includes(String(failure.code));
}
