// A bare git repository on this machine.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RepositoryRefs } from "../../../domain/repository/repository-refs.ts";
import { missingGit } from "./git-complaint.ts";
import { readingEnvironment } from "./git-environment.ts";
import { type Git, type GitDeadlines, GitFailure } from "./git-process.ts";
import { type GitObject, type ObjectHead, ObjectReader } from "./object-reader.ts";
import { parsePackedRefs, withHeadRef } from "./ref-lines.ts";

export interface BareRepositoryParts {
  readonly git: Git;
  /** The place of the repository. It need not exist. */
  readonly folder: string;
  /** For what is not yet, or no longer, a repository; on the same file system. */
  readonly scratch: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted when nothing may run any more. */
  readonly ended: AbortSignal;
}

/** What lies on this machine cannot be read as the repository that it was. Starting over helps. */
export class DamagedRepository extends Error {
  override readonly name = "DamagedRepository";
}

const noteFile = "stoa-mirror.json";
/** Neither leaves out files nor puts in hashes, whatever .gitattributes says (cmd/go codehost.ensureGitAttributes). */
const attributes = "* -export-subst -export-ignore\n";
/** Authority: git-scm.com/docs/repository-version. */
const sha1Config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
const sha256Config = `${sha1Config.replace("= 0", "= 1")}[extensions]\n\tobjectformat = sha256\n`;
/** How long the process that reads objects stays when nobody needs it. */
const lingerMs = 5000;
/** What one object may measure to be read as a whole: more than a go.mod may, and more than directories do. */
const mostObjectBytes = 64 * 2 ** 20;
/** Commands on this machine take long only where something is wrong with it. */
export const localDeadlines: GitDeadlines = { silenceMs: 120_000, totalMs: 600_000 };

/**
 * A repository that may have to be made first, and that can be thrown away at any time. `Note` is what its owner keeps
 * in it. Methods reject with `DamagedRepository` if it cannot be used, and with `unsupported` if there is no git.
 */
export class BareRepository<Note> {
  readonly folder: string;
  readonly #parts: BareRepositoryParts;
  #note: Promise<Note | undefined> | undefined;
  #reader: ObjectReader | undefined;
  #linger: NodeJS.Timeout | undefined;
  #generation = 0;

  constructor(parts: BareRepositoryParts) {
    this.folder = parts.folder;
    this.#parts = parts;
  }

  /** Counts how often the repository has been thrown away. */
  get generation(): number {
    return this.#generation;
  }

  /** The environment for git commands that read it. */
  get environment(): Readonly<Record<string, string>> {
    return readingEnvironment(this.#parts.environment, this.folder);
  }

  /** What its owner has noted; `undefined` if there is no repository. */
  note(): Promise<Note | undefined> {
    this.#note ??= readNote<Note>(this.folder);
    return this.#note;
  }

  /**
   * Has a repository cloned to a place that is not there yet, and puts it in the place of what is here; until then it is
   * seen by nobody else. `clone` gives what is to be noted.
   */
  async replace(clone: (folder: string) => Promise<Note>): Promise<void> {
    const draft = join(this.#parts.scratch, randomUUID());
    try {
      const note = await clone(draft);
      const noted = `${JSON.stringify(note)}\n`;
      await Promise.all([settle(draft), writeFile(join(draft, noteFile), noted)]);
      await this.#remove();
      await rename(draft, this.folder);
      this.#note = Promise.resolve(note);
      // What has been fetched is wanted, and the process takes a while to start.
      if (!this.#parts.ended.aborted) this.#reading();
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  /**
   * An object by its hash, or the beginning of that with `^{commit}` behind it; `undefined` if it is not here. Content that
   * is just as long as `into` is written into that.
   */
  async object(name: string, into?: Buffer): Promise<GitObject | undefined> {
    if ((await this.note()) === undefined) return undefined;
    return this.#read((reader) => reader.read(name, mostObjectBytes, into));
  }

  /** What is known of an object without reading it; `undefined` if it is not here. */
  async objectHead(hash: string): Promise<ObjectHead | undefined> {
    if ((await this.note()) === undefined) return undefined;
    return this.#read((reader) => reader.head(hash));
  }

  /** The names that it had when they were last packed; HEAD is that of the repository it was fetched from. */
  async refs(): Promise<RepositoryRefs> {
    return parsePackedRefs(await readPackedRefs(this.folder));
  }

  /** Runs a git command on it. */
  async run(args: readonly string[], signal: AbortSignal): Promise<Buffer> {
    const call = { args, env: this.environment, deadlines: localDeadlines };
    try {
      return await this.#parts.git.run(call, signal);
    } catch (failure) {
      throw localFailure(failure);
    }
  }

  /** The content of a file of any size, as it comes out of git. */
  async *stream(hash: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const args = ["cat-file", "blob", hash];
    const call = { args, env: this.environment, deadlines: localDeadlines };
    const running = this.#parts.git.start(call, signal);
    try {
      yield* running.stdout;
      await running.ended;
    } catch (failure) {
      throw localFailure(failure);
    } finally {
      running.stop(new Error("nobody reads it any more"));
    }
  }

  /** Says that nobody uses it for now. */
  rest(): void {
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => void this.close(), lingerMs).unref();
  }

  /** Says that somebody uses it again. */
  wake(): void {
    clearTimeout(this.#linger);
  }

  /** Ends the process that reads objects. The next question starts another. */
  async close(): Promise<void> {
    clearTimeout(this.#linger);
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.close();
  }

  /** Removes everything. */
  async discard(): Promise<void> {
    this.#generation += 1;
    await this.#remove();
  }

  async #remove(): Promise<void> {
    await this.close();
    const away = join(this.#parts.scratch, randomUUID());
    await rename(this.folder, away).catch(() => undefined); // it may never have been there
    this.#note = undefined;
    await this.close(); // somebody may just have begun to read
    await rm(away, { recursive: true, force: true });
  }

  #reading(): ObjectReader {
    if (this.#reader?.isRunning === true) return this.#reader;
    this.#reader = new ObjectReader(this.#parts.git, this.environment);
    return this.#reader;
  }

  async #read<T>(ask: (reader: ObjectReader) => Promise<T>): Promise<T> {
    try {
      return await ask(this.#reading());
    } catch (failure) {
      throw localFailure(failure);
    }
  }
}

/** What a git command that failed on this machine means. Anything but a `GitFailure` is passed on. */
export function localFailure(failure: unknown): unknown {
  if (!(failure instanceof GitFailure)) return failure;
  if (failure.kind === "missing") return missingGit(failure);
  return new DamagedRepository(failure.complaint, { cause: failure });
}

/**
 * Makes a clone ours: its configuration has nothing of where it came from (git notes the address and the filter), git's
 * attributes are those of the go command, and the default branch has a name.
 */
async function settle(folder: string): Promise<void> {
  const [config, head, packed] = await Promise.all([
    readFile(join(folder, "config"), "utf8"),
    readFile(join(folder, "HEAD"), "utf8"),
    readPackedRefs(folder),
    mkdir(join(folder, "info"), { recursive: true }),
  ]);
  const isSha256 = /^\s*objectformat\s*=\s*sha256\s*$/im.test(config);
  await Promise.all([
    writeFile(join(folder, "config"), isSha256 ? sha256Config : sha1Config),
    writeFile(join(folder, "info", "attributes"), attributes),
    writeFile(join(folder, "packed-refs"), withHeadRef(packed, head)),
  ]);
}

function readPackedRefs(folder: string): Promise<string> {
  return readFile(join(folder, "packed-refs"), "utf8").catch(unlessGone);
}

/** A repository without names has no file with names. */
function unlessGone(failure: NodeJS.ErrnoException): string {
  if (failure.code !== "ENOENT") throw failure;
  return "";
}

async function readNote<Note>(folder: string): Promise<Note | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, noteFile), "utf8")) as Note;
  } catch {
    return undefined;
  }
}
