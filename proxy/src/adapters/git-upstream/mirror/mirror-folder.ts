// All mirrors: one for each repository, kept between starts, the least used removed when they take too much room.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Git } from "../git/git-process.ts";
import { type ClaimedFolder, claimFolder } from "./claimed-folder.ts";
import { type FillStep, Mirror } from "./mirror.ts";
import { type RemoteParts, RemoteRepository } from "./remote-repository.ts";

export interface MirrorFolderParts {
  /** Where the mirrors of all processes lie; made when it is needed. */
  readonly place: string;
  /** What those of one process may take. */
  readonly mostBytes: number;
  readonly git: Git;
  readonly remote: RemoteParts;
  readonly environment: Readonly<Record<string, string>>;
  readonly nowMs: () => number;
  readonly fillSteps: readonly FillStep[];
  readonly ended: AbortSignal;
}

/** The use of a mirror, which stays as long as somebody uses it. */
export interface MirrorUse extends Disposable {
  readonly mirror: Mirror;
}

/** What is known of a mirror on disk. */
interface KeptMirror {
  readonly name: string;
  bytes: number;
  usedMs: number;
}

interface OpenMirror {
  readonly mirror: Mirror;
  users: number;
}

/** A mirror that has not been used for so many others is no longer kept open. */
const mostOpen = 500;
/** How often the use of a mirror is noted on disk. */
const markEveryMs = 600_000;

export class MirrorFolder implements AsyncDisposable {
  readonly #parts: MirrorFolderParts;
  readonly #open = new Map<string, OpenMirror>();
  /** Mirrors that are being removed; whoever wants one waits, and gets a new one. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Whether mirrors in use take more room than all may: some go when they are no longer in use. */
  #isCrowded = false;
  #claim: ClaimedFolder | undefined;
  #kept: Promise<Map<string, KeptMirror>> | undefined;
  #tidying: Promise<void> = Promise.resolve();

  constructor(parts: MirrorFolderParts) {
    this.#parts = parts;
  }

  /** Where things lie that are not, or no longer, mirrors. Emptied when the first mirror is used. */
  get scratch(): string {
    return join(this.#folder, ".scratch");
  }

  /** The mirror of the repository at a URL. Rejects with the errors of the file system. */
  async use(url: string): Promise<MirrorUse> {
    const name = nameOf(url);
    const kept = await this.#keptMirrors();
    while (this.#leaving.has(name)) await this.#leaving.get(name);
    const opened = this.#open.get(name) ?? this.#openMirror(name, url);
    // The last used is the last in order.
    this.#open.delete(name);
    this.#open.set(name, opened);
    opened.users += 1;
    opened.mirror.repository.wake();
    await this.#mark(kept.get(name));
    let isUsed = true;
    return {
      mirror: opened.mirror,
      [Symbol.dispose]: () => {
        if (!isUsed) return;
        isUsed = false;
        opened.users -= 1;
        if (opened.users > 0) return;
        opened.mirror.repository.rest();
        if (this.#isCrowded) this.#tidyLater(async () => this.#makeRoom(kept));
      },
    };
  }

  /** The part of the place that this process has for itself. */
  get #folder(): string {
    this.#claim ??= claimFolder(this.#parts.place);
    return this.#claim.path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ mirror }) => mirror.repository.close()));
    await this.#tidying;
    this.#claim?.[Symbol.dispose]();
    this.#claim = undefined;
  }

  /** So that the next process knows what was used last. */
  async #mark(kept: KeptMirror | undefined): Promise<void> {
    if (kept === undefined) return;
    const now = new Date();
    const isStale = now.getTime() - kept.usedMs > markEveryMs;
    kept.usedMs = now.getTime();
    if (isStale) {
      await utimes(join(this.#folder, kept.name), now, now).catch(() => undefined);
    }
  }

  #openMirror(name: string, url: string): OpenMirror {
    const { git, environment, nowMs, ended, remote, fillSteps } = this.#parts;
    const mirror = new Mirror({
      remote: new RemoteRepository(url, remote),
      git,
      environment,
      nowMs,
      fillSteps,
      ended,
      folder: join(this.#folder, name),
      scratch: this.scratch,
      onGrown: () => this.#grown(name),
    });
    const opened = { mirror, users: 0 };
    this.#open.set(name, opened);
    if (this.#open.size > mostOpen) this.#closeOldest(name);
    return opened;
  }

  #closeOldest(butNot: string): void {
    for (const [name, opened] of this.#open) {
      if (name === butNot || isInUse(opened)) continue;
      this.#open.delete(name);
      void opened.mirror.repository.close();
      return;
    }
  }

  async #keptMirrors(): Promise<Map<string, KeptMirror>> {
    const reading = this.#kept ?? this.#readKept();
    this.#kept = reading;
    try {
      return await reading;
    } catch (failure) {
      if (this.#kept === reading) this.#kept = undefined; // the next call looks again
      throw failure;
    }
  }

  async #readKept(): Promise<Map<string, KeptMirror>> {
    const folder = this.#folder;
    await rm(this.scratch, { recursive: true, force: true });
    await mkdir(this.scratch, { recursive: true });
    const kept = new Map<string, KeptMirror>();
    for (const name of (await readdir(folder)).filter((entry) => !entry.startsWith("."))) {
      const { mtimeMs } = await stat(join(folder, name));
      kept.set(name, { name, bytes: await sizeOf(join(folder, name)), usedMs: mtimeMs });
    }
    return kept;
  }

  /** Measures a mirror that has grown, and makes room if all together are too large; one at a time. */
  #grown(name: string): void {
    this.#tidyLater(() => this.#tidy(name));
  }

  #tidyLater(work: () => Promise<void>): void {
    this.#tidying = this.#tidying.then(work).catch(() => undefined);
  }

  async #tidy(name: string): Promise<void> {
    const kept = await this.#keptMirrors();
    const folder = join(this.#folder, name);
    const now = new Date();
    await utimes(folder, now, now);
    kept.set(name, { name, bytes: await sizeOf(folder), usedMs: now.getTime() });
    await this.#makeRoom(kept);
  }

  /** Mirrors in use stay, even if that is too much. */
  async #makeRoom(kept: Map<string, KeptMirror>): Promise<void> {
    this.#isCrowded = false;
    let total = [...kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, bytes } of [...kept.values()].sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= this.#parts.mostBytes) return;
      const opened = this.#open.get(name);
      if (opened !== undefined && isInUse(opened)) continue;
      kept.delete(name);
      total -= bytes;
      const removal = this.#remove(name, opened);
      this.#leaving.set(name, removal);
      await removal.finally(() => this.#leaving.delete(name));
    }
    this.#isCrowded = total > this.#parts.mostBytes;
  }

  /** From here to its end nobody gets this mirror. */
  async #remove(name: string, opened: OpenMirror | undefined): Promise<void> {
    this.#open.delete(name);
    await opened?.mirror.repository.close();
    const away = join(this.scratch, randomUUID());
    await rename(join(this.#folder, name), away);
    await rm(away, { recursive: true, force: true });
  }
}

function isInUse({ users, mirror }: OpenMirror): boolean {
  return users > 0 || !mirror.isIdle;
}

/** A name that a person recognises and that no other URL has. */
function nameOf(url: string): string {
  const readable = url.replace(/^[a-z+]+:\/\//, "").replace(/[^\w.-]+/g, "+");
  const hash = createHash("sha256").update(url).digest("hex").slice(0, 16);
  return `${readable.slice(0, 80).replace(/^\.+/, "")}-${hash}`;
}

/** What a folder takes on disk, near enough: the sizes of its files. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    try {
      bytes += (await stat(join(entry.parentPath, entry.name))).size;
    } catch {
      // It was there for a moment only.
    }
  }
  return bytes;
}
