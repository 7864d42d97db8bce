// Loose files that came a moment ago: in memory and in one log, until their zip has come or they get files of their own.
import { randomBytes } from "node:crypto";
import {
  constants,
  type FileHandle,
  open,
  readdir,
  readFile,
  stat,
  unlink,
} from "node:fs/promises";
import { basename, join } from "node:path";
import type { ModuleVersion } from "@stoa/gomod";
import type { LooseFiles, LooseKind } from "../../domain/loose-files.ts";
import { whenAllEnded } from "./durable-disk.ts";
import { strangersLimitMs } from "./incoming-folder.ts";
import type { ProcessMark } from "./process-mark.ts";
import { filesIn, type LoggedFile, lineOfFile, lineOfRemoval } from "./recent-log.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";
import type { WholeVersions } from "./whole-versions.ts";

/** What a log and the memory beside it may hold before they are settled ahead of time. */
const mostFiles = 2000;
const mostBytes = 16 << 20;

/** A log of which nothing is left is kept open for so long, as more files may come. */
const idleMs = 1000;

/** How many files are given their place side by side. */
const placedAtOnce = 8;

/** How long files linger, and who is told when they cannot be given their place: it is tried again then. */
export interface Lingering {
  readonly ms: number;
  readonly onTrouble: (failure: unknown) => void;
}

export interface RecentLooseFilesParts {
  readonly root: StorageRoot;
  readonly mark: ProcessMark;
  /** Where files lie that stay. */
  readonly files: LooseFiles;
  readonly whole: Pick<WholeVersions, "isOnDisk">;
  /** Without it every file is given its place at once. */
  readonly lingering: Lingering | undefined;
}

/** What is in a log of this process. */
interface Recent {
  readonly path: string;
  readonly log: Promise<FileHandle>;
  readonly files: Map<string, LoggedFile & { readonly logged: Promise<void> }>;
  /** Appends that are under way. */
  readonly appends: Set<Promise<void>>;
  bytes: number;
}

/**
 * A build reads the go.mod files of hundreds of versions, and fetches the zips of most of them seconds later: then the two
 * small files are in the version's folder, and files of their own would have been made, flushed and removed for nothing.
 *
 *     came ── line in the log, not flushed ──▶ answered ── its zip is kept ──▶ taken back by a line
 *                                                 └─ it lingered long enough ──▶ a file of its own, flushed
 *
 * The log lies at `.stoa/recent/<mark of the process>+<random>` and is what counts: whoever opens the storage gives what is
 * left in the logs its place, so a kill loses nothing that was answered. A power cut may take what lingered, whole: a line
 * that is not whole counts for nothing. Other processes see a file when it has its place.
 */
export class RecentLooseFiles implements LooseFiles, AsyncDisposable {
  readonly #parts: RecentLooseFilesParts;
  #recent: Recent | undefined;
  /** Those that are being given their places, or could not be. */
  readonly #leaving = new Set<Recent>();
  /** What was looked for and is usually written next: it need not be looked for twice. */
  readonly #absent = new Set<string>();
  #settling: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(parts: RecentLooseFilesParts) {
    this.#parts = parts;
  }

  async read(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array | undefined> {
    const held = this.#held(module, kind);
    if (held !== undefined) {
      await held.logged;
      return Uint8Array.from(held.bytes);
    }
    const kept = await this.#parts.files.read(module, kind);
    if (kept === undefined && this.#parts.lingering !== undefined) this.#missed(module, kind);
    return kept;
  }

  async write(module: ModuleVersion, kind: LooseKind, bytes: Uint8Array): Promise<void> {
    const { files, lingering } = this.#parts;
    if (lingering === undefined) return files.write(module, kind, bytes);
    const came = { module, kind, bytes: Uint8Array.from(bytes) };
    if (!this.#absent.delete(nameOf(module, kind))) {
      if ((await this.read(module, kind)) !== undefined) return;
    }
    const earlier = this.#held(module, kind);
    if (earlier !== undefined) return earlier.logged;
    await this.#note(came, lingering);
  }

  async remove(module: ModuleVersion): Promise<void> {
    // What is just being given its place would come back.
    await this.#settling;
    const { root, files } = this.#parts;
    await root.translating(() => this.#takeBack(module));
    await files.remove(module);
  }

  /**
   * Gives what lingers its place, where everybody sees it, also what is in the logs of others; a log goes when its process
   * has. Rejects with `store_unavailable`: what has no place yet lingers on.
   */
  settle(): Promise<void> {
    const settled = this.#settling.then(() => this.#parts.root.translating(() => this.#settle()));
    this.#settling = settled.catch(() => undefined);
    return settled;
  }

  /** What cannot be given its place now is given it at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#settleOrTell();
    clearTimeout(this.#timer);
    clearTimeout(this.#idle);
    for (const leaving of this.#leaving) await closed(leaving);
    this.#leaving.clear();
  }

  #missed(module: ModuleVersion, kind: LooseKind): void {
    if (this.#absent.size >= mostFiles) this.#absent.clear();
    this.#absent.add(nameOf(module, kind));
  }

  #held(module: ModuleVersion, kind: LooseKind): ReturnType<Recent["files"]["get"]> {
    const name = nameOf(module, kind);
    const held = this.#recent?.files.get(name);
    if (held !== undefined) return held;
    for (const { files } of this.#leaving) if (files.has(name)) return files.get(name);
    return undefined;
  }

  async #note(came: LoggedFile, { ms }: Lingering): Promise<void> {
    this.#recent ??= this.#begin();
    this.#timer ??= setTimeout(() => void this.#settleOrTell(), ms).unref();
    const recent = this.#recent;
    const name = nameOf(came.module, came.kind);
    const logged = this.#parts.root.translating(() => append(recent, lineOfFile(came)));
    recent.files.set(name, { ...came, logged });
    recent.bytes += came.bytes.length;
    try {
      await logged;
    } catch (failure) {
      recent.files.delete(name);
      throw failure;
    }
    if (recent.bytes > mostBytes || recent.files.size > mostFiles) await this.#settleOrTell();
  }

  #begin(): Recent {
    const { root, mark } = this.#parts;
    const path = join(root.recent, `${mark.text}+${randomBytes(6).toString("hex")}`);
    const log = open(path, "ax");
    log.catch(() => {
      if (this.#recent?.log === log) this.#recent = undefined;
    });
    return { path, log, files: new Map(), appends: new Set(), bytes: 0 };
  }

  /** Says in all logs that the files of a version are no more. */
  async #takeBack(module: ModuleVersion): Promise<void> {
    const line = lineOfRemoval(module);
    for (const recent of [...this.#leaving, this.#recent]) {
      if (recent === undefined) continue;
      const names = [nameOf(module, "info"), nameOf(module, "mod")];
      const isThere = names.map((name) => recent.files.delete(name)).includes(true);
      if (isThere) await append(recent, line);
      if (recent.files.size === 0) this.#endIfIdle();
    }
    for (const path of await this.#othersLogs()) {
      const log = await open(path, constants.O_WRONLY | constants.O_APPEND).catch(unlessAbsent);
      await log?.write(line).finally(() => log.close());
    }
  }

  /** The last file of a log has been taken back. */
  #endIfIdle(): void {
    clearTimeout(this.#idle);
    const end = (): void => {
      if (this.#recent?.files.size === 0) void this.#settleOrTell();
    };
    this.#idle = setTimeout(end, idleMs).unref();
  }

  async #settleOrTell(): Promise<void> {
    const { lingering } = this.#parts;
    try {
      if (this.#recent !== undefined || this.#leaving.size > 0) await this.settle();
    } catch (failure) {
      lingering?.onTrouble(failure);
      this.#timer ??= setTimeout(() => void this.#settleOrTell(), lingering?.ms).unref();
    }
  }

  async #settle(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#recent !== undefined) this.#leaving.add(this.#recent);
    this.#recent = undefined;
    for (const leaving of this.#leaving) {
      await Promise.allSettled(leaving.appends);
      await this.#place(leaving.path);
      await unlink(leaving.path).catch(unlessAbsent);
      this.#leaving.delete(leaving);
      await closed(leaving);
    }
    for (const path of await this.#othersLogs()) {
      await this.#place(path);
      if (await this.#isLeftBehind(path)) await unlink(path).catch(unlessAbsent);
    }
  }

  /** Gives what is left in a log its place. */
  async #place(path: string): Promise<void> {
    const { root, files, whole } = this.#parts;
    const log = await readFile(path).catch(unlessAbsent);
    if (log === undefined) return root.requirePresent();
    const left = filesIn(log);
    for (let from = 0; from < left.length; from += placedAtOnce) {
      const placing = left.slice(from, from + placedAtOnce).map(async ({ module, kind, bytes }) => {
        if (!(await whole.isOnDisk(module))) await files.write(module, kind, bytes);
      });
      await whenAllEnded(placing);
    }
  }

  async #othersLogs(): Promise<readonly string[]> {
    const { root } = this.#parts;
    const own = new Set([...this.#leaving, this.#recent].map((recent) => recent?.path));
    const names = (await readdir(root.recent).catch(unlessAbsent)) ?? [];
    return names.map((name) => join(root.recent, name)).filter((path) => !own.has(path));
  }

  async #isLeftBehind(path: string): Promise<boolean> {
    const mark = basename(path).split("+")[0] ?? "";
    const touched = await stat(path).catch(unlessAbsent);
    const ageMs = touched === undefined ? 0 : Date.now() - touched.mtimeMs;
    return this.#parts.mark.isOfTheDead(mark, ageMs, strangersLimitMs);
  }
}

/** A call of its own for each line: the system appends it as one, whoever else appends. */
function append(recent: Recent, line: Uint8Array): Promise<void> {
  const appending = recent.log.then(async (log) => {
    const { bytesWritten } = await log.write(line);
    if (bytesWritten < line.length) throw new Error("a line of the log could not be written whole");
  });
  const ended = appending.then(
    () => undefined,
    () => undefined,
  );
  recent.appends.add(ended);
  void ended.then(() => recent.appends.delete(ended));
  return appending;
}

/** Nothing is asked of a log that is closed: its lines are not flushed. */
async function closed({ log }: Recent): Promise<void> {
  await log.then((file) => file.close()).catch(() => undefined);
}

function nameOf({ path, version }: ModuleVersion, kind: LooseKind): string {
  return `${path}@${version} ${kind}`;
}

function unlessAbsent(failure: unknown): undefined {
  if (!hasCode(failure, "ENOENT")) throw failure;
}
