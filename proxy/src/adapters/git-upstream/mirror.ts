// A bare repository on this machine that holds what has been needed of one on another.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RepositoryRefs } from "../../domain/repository/repository-refs.ts";
import { FetchBatches } from "./fetch-batches.ts";
import { missingGit } from "./git-complaint.ts";
import { readingEnvironment } from "./git-environment.ts";
import { type Git, GitFailure } from "./git-process.ts";
import { type GitObject, ObjectReader } from "./object-reader.ts";
import type { Reach } from "./page-fetch.ts";
import { NoParts, type RemoteRepository } from "./remote-repository.ts";
import { RunningWork, unlessAborted } from "./running-work.ts";

export interface MirrorParts {
  readonly remote: RemoteRepository;
  readonly git: Git;
  /** The place of the repository. It need not exist. */
  readonly folder: string;
  /** For what is not yet, or no longer, a repository; on the same file system. */
  readonly scratch: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly nowMs: () => number;
  /** Aborted when nothing may run any more. */
  readonly ended: AbortSignal;
  /** Told after a fetch. */
  readonly onGrown: () => void;
}

/** What lies on this machine cannot be read as the repository that it was. Starting over helps. */
export class DamagedMirror extends Error {
  override readonly name = "DamagedMirror";
}

/** How a mirror is filled. */
interface MirrorNote {
  readonly url: string;
  /** Whether the server sends parts: first commits alone, then the directories and files that are needed. */
  readonly sendsParts: boolean;
}

/** Names at one moment. */
interface Snapshot {
  readonly refs: RepositoryRefs;
  readonly takenMs: number;
}

const noteFile = "stoa-mirror.json";
/** Neither leaves out files nor puts in hashes, whatever .gitattributes says (cmd/go codehost.ensureGitAttributes). */
const attributes = "* -export-subst -export-ignore\n";
/** How long the process that reads objects stays when nobody needs it. */
const lingerMs = 5000;
/** What one object may measure to be read as a whole: more than a go.mod may, and more than directories do. */
const mostObjectBytes = 64 * 2 ** 20;

/**
 * A mirror grows with what is asked of it: all commits at the first question about one, the directories of a commit at
 * the first question about its files, and files when they are needed. Servers that do not send parts send everything.
 * Nothing is lost if the program ends at any moment: git makes visible only what is complete.
 */
export class Mirror {
  readonly folder: string;
  readonly #parts: MirrorParts;
  readonly #snapshots = new RunningWork<Snapshot>();
  readonly #histories = new RunningWork<void>();
  readonly #batches = new Map<boolean, FetchBatches>();
  #note: Promise<MirrorNote | undefined> | undefined;
  #snapshot: Snapshot | undefined;
  /** The names whose commits are all here. */
  #covered: RepositoryRefs | undefined;
  #reader: ObjectReader | undefined;
  #linger: NodeJS.Timeout | undefined;
  #generation = 0;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    this.folder = parts.folder;
  }

  /** Where the repository is that this one mirrors. */
  get url(): string {
    return this.#parts.remote.url;
  }

  /** The environment for git commands that read this mirror. */
  get environment(): Readonly<Record<string, string>> {
    return readingEnvironment(this.#parts.environment, this.folder);
  }

  /** The names that the repository had when it was last asked, perhaps by an earlier process; `undefined` if never. */
  async remembered(): Promise<RepositoryRefs | undefined> {
    if (this.#snapshot !== undefined) return this.#snapshot.refs;
    if ((await this.#readNote()) === undefined) return undefined;
    this.#covered ??= await this.#localRefs();
    return this.#covered;
  }

  /** The names that the repository has now, or had after `notBeforeMs`. Rejects with a `ProxyFailure`. */
  async refs(notBeforeMs: number, reach: Reach, signal: AbortSignal): Promise<RepositoryRefs> {
    if (this.#snapshot !== undefined && this.#snapshot.takenMs >= notBeforeMs) {
      return this.#snapshot.refs;
    }
    const snapshot = await this.#snapshots.join("refs", signal, async () => {
      const takenMs = this.#parts.nowMs();
      const refs = await this.#parts.remote.refs(this.folder, reach);
      this.#snapshot = { refs, takenMs };
      return this.#snapshot;
    });
    return snapshot.refs;
  }

  /** Makes sure that all commits are here that the names lead to. */
  async ensureHistory(refs: RepositoryRefs, reach: Reach, signal: AbortSignal): Promise<void> {
    // A fetch that runs already may have begun before the names were known.
    for (let tries = 0; tries < 2 && !(await this.#covers(refs)); tries++) {
      await this.#histories.join("history", signal, () => this.#fetchHistory(refs, reach));
    }
  }

  /** An object that is here; `undefined` if it is not. */
  async localObject(name: string): Promise<GitObject | undefined> {
    if ((await this.#readNote()) === undefined) return undefined;
    if (this.#reader?.isRunning !== true) {
      this.#reader = new ObjectReader(this.#parts.git, this.environment);
    }
    try {
      return await this.#reader.read(name, mostObjectBytes);
    } catch (failure) {
      throw localFailure(failure);
    }
  }

  /** An object that exists in the repository, fetched if it is not here. */
  async object(hash: string, reach: Reach, signal: AbortSignal): Promise<GitObject> {
    const here = await this.localObject(hash);
    if (here !== undefined) return here;
    await this.fetchObjects([hash], reach, signal);
    const fetched = await this.localObject(hash);
    if (fetched === undefined) throw new DamagedMirror(`${hash} is missing in ${this.folder}`);
    return fetched;
  }

  /** Fetches objects, directories with all directories below them. */
  async fetchObjects(hashes: readonly string[], reach: Reach, signal: AbortSignal): Promise<void> {
    const note = await this.#readNote();
    if (hashes.length === 0 || note === undefined) return;
    if (!note.sendsParts) throw new DamagedMirror(`objects are missing in ${this.folder}`);
    try {
      await unlessAborted(this.#batchesFor(reach).add(hashes), signal);
      this.#parts.onGrown();
    } catch (failure) {
      if (!(failure instanceof NoParts)) throw failure;
      await this.#ensureWhole(reach, signal);
    }
  }

  /** Runs a git command on the mirror. */
  async run(args: readonly string[], signal: AbortSignal, input?: string): Promise<Buffer> {
    try {
      const deadlines = { silenceMs: 120_000, totalMs: 600_000 };
      return await this.#parts.git.run({ args, input, env: this.environment, deadlines }, signal);
    } catch (failure) {
      throw localFailure(failure);
    }
  }

  /** Says that nobody uses the mirror for now. */
  rest(): void {
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => void this.close(), lingerMs).unref();
  }

  /** Says that somebody uses it again. */
  wake(): void {
    clearTimeout(this.#linger);
  }

  /** Ends the process that reads. The next question starts another. */
  async close(): Promise<void> {
    clearTimeout(this.#linger);
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.close();
  }

  /** Counts how often the mirror has been thrown away. */
  get generation(): number {
    return this.#generation;
  }

  /** Removes everything; the next question begins anew. Does nothing if that has happened since `generation`. */
  async discard(generation = this.#generation): Promise<void> {
    if (generation !== this.#generation) return;
    this.#generation += 1;
    await this.close();
    const away = join(this.#parts.scratch, randomUUID());
    await rename(this.folder, away).catch(() => undefined); // it may never have been there
    this.#note = undefined;
    this.#snapshot = undefined;
    this.#covered = undefined;
    await rm(away, { recursive: true, force: true });
  }

  async #ensureWhole(reach: Reach, signal: AbortSignal): Promise<void> {
    // Under the key of the histories, for nothing may be fetched into what is being replaced.
    for (let tries = 0; tries < 2 && (await this.#readNote())?.sendsParts !== false; tries++) {
      await this.#histories.join("history", signal, () => this.#fetchWhole(reach));
    }
  }

  async #fetchHistory(refs: RepositoryRefs, reach: Reach): Promise<void> {
    const target = this.#snapshot?.refs ?? refs;
    const note = (await this.#readNote()) ?? (await this.#create(target, true));
    const filter = note.sendsParts ? "tree:0" : "";
    try {
      await this.#parts.remote.fetchHistory(this.folder, reach, {
        filter,
        withHead: hasOwnHead(target),
      });
    } catch (failure) {
      if (!(failure instanceof NoParts) || !note.sendsParts) throw failure;
      return this.#fetchWhole(reach);
    }
    await this.#settle(target);
  }

  /** Starts over with everything, for a server that does not send parts. */
  async #fetchWhole(reach: Reach): Promise<void> {
    if ((await this.#readNote())?.sendsParts === false) return;
    const target = this.#snapshot?.refs ?? (await this.#localRefs());
    await this.discard();
    await this.#create(target, false);
    const withHead = hasOwnHead(target);
    await this.#parts.remote.fetchHistory(this.folder, reach, { filter: "", withHead });
    await this.#settle(target);
  }

  async #settle(covered: RepositoryRefs): Promise<void> {
    await this.run(["pack-refs", "--all"], this.#parts.ended);
    this.#covered = covered;
    this.#parts.onGrown();
  }

  #batchesFor(reach: Reach): FetchBatches {
    const known = this.#batches.get(reach.isPrivate);
    if (known !== undefined) return known;
    const { remote } = this.#parts;
    const batches = new FetchBatches((hashes) =>
      remote.fetchObjects(this.folder, reach, { filter: "blob:none", hashes }),
    );
    this.#batches.set(reach.isPrivate, batches);
    return batches;
  }

  async #covers(refs: RepositoryRefs): Promise<boolean> {
    if ((await this.#readNote()) === undefined) return false;
    this.#covered ??= await this.#localRefs();
    if (this.#covered === refs) return true;
    const covered = this.#covered;
    const hashes = new Set([...covered.entries()].map(([, hash]) => hash));
    for (const [name, hash] of refs.entries()) {
      const isHere = name === "HEAD" ? hashes.has(hash) : covered.hashOf(name) === hash;
      if (!isHere) return false;
    }
    this.#covered = refs;
    return true;
  }

  #readNote(): Promise<MirrorNote | undefined> {
    this.#note ??= readNote(this.folder);
    return this.#note;
  }

  async #create(refs: RepositoryRefs, sendsParts: boolean): Promise<MirrorNote> {
    const { git, scratch, environment, ended } = this.#parts;
    const draft = join(scratch, randomUUID());
    await mkdir(draft, { recursive: true });
    const [anyHash = ""] = [...refs.entries()].map(([, hash]) => hash);
    const format = anyHash.length === 64 ? "sha256" : "sha1";
    const note: MirrorNote = { url: this.url, sendsParts };
    try {
      await git.run(
        {
          args: ["init", "--bare", "--quiet", "--template=", `--object-format=${format}`],
          env: readingEnvironment(environment, draft),
          deadlines: { silenceMs: 60_000, totalMs: 60_000 },
        },
        ended,
      );
    } catch (failure) {
      throw localFailure(failure);
    }
    await mkdir(join(draft, "info"), { recursive: true });
    await writeFile(join(draft, "info", "attributes"), attributes);
    await writeFile(join(draft, noteFile), `${JSON.stringify(note)}\n`);
    await rm(this.folder, { recursive: true, force: true });
    await rename(draft, this.folder);
    this.#note = Promise.resolve(note);
    return note;
  }

  async #localRefs(): Promise<RepositoryRefs> {
    const format = "%(refname) %(objectname) %(*objectname)";
    const output = await this.run(["for-each-ref", `--format=${format}`], this.#parts.ended);
    const lines = output.toString().split("\n");
    return new RepositoryRefs(
      lines.map((line) => {
        const [name = "", hash = "", peeled = ""] = line.split(" ");
        return [name, peeled || hash] as const;
      }),
    );
  }
}

/** What went wrong with git on this machine: without git it is nobody's fault, otherwise the mirror is damaged. */
export function localFailure(failure: unknown): unknown {
  if (!(failure instanceof GitFailure)) return failure;
  if (failure.kind === "missing") return missingGit(failure);
  return new DamagedMirror(failure.complaint, { cause: failure });
}

/** Whether HEAD leads to a commit that no branch or tag leads to. */
function hasOwnHead(refs: RepositoryRefs): boolean {
  const head = refs.hashOf("HEAD");
  const others = [...refs.entries()].filter(([name]) => name !== "HEAD");
  return head !== undefined && !others.some(([, hash]) => hash === head);
}

async function readNote(folder: string): Promise<MirrorNote | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(join(folder, noteFile), "utf8"));
    const isNote = typeof note === "object" && note !== null && "sendsParts" in note;
    return isNote ? (note as MirrorNote) : undefined;
  } catch {
    return undefined;
  }
}
