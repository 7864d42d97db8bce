// Runs of the go command: each in a folder of its own, so many at a time, with the clones that others have left.
import { join } from "node:path";
import { ProxyFailure, type ProxyFailureCode } from "../../domain/proxy-failure.ts";
import { Complaint, complaintFailure, complaintKind } from "./complaint.ts";
import { type GoAnswer, readGoAnswer } from "./go-answer.ts";
import { type GoVariableSources, goVariables } from "./go-variables.ts";
import { ProgramFailure, runProgram } from "./program-run.ts";
import type { Surroundings } from "./repository-probe.ts";
import { type OwnerMark, type RunFolder, RunFolders, removeTree } from "./run-folders.ts";
import { type RunLimits, RunPlaces } from "./run-places.ts";
import { clonesIn, VcsClones } from "./vcs-clones.ts";

export interface GoCommandOptions extends GoVariableSources {
  /** The go program, by name or path. */
  readonly goBinary: string;
  /** Where it runs and where clones are kept; made when it is needed. Several processes may share it. */
  readonly folder: string;
  /** Whether the folder goes with this process. */
  readonly isTemporary: boolean;
  readonly mark: OwnerMark;
  /** What all clones together may take on disk; the least used are removed beyond that. */
  readonly mostCloneBytes: number;
  readonly runs: RunLimits;
  /** Told once when there is no go program. */
  readonly onMissing: (sentence: string) => void;
}

/** One question to the go command. */
export interface GoQuestion<T> {
  readonly args: readonly string[];
  readonly limitMs: number;
  /** The variable that sets `limitMs`, for people. */
  readonly limitName: string;
  /** Whether the clones of earlier runs may be used. */
  readonly clones: "kept" | "none";
  /** Puts into the folder what the go command is to find there. */
  readonly prepare?: (folder: RunFolder) => Promise<void>;
  /** Takes what it wants from the answer, while the files are there. It is without a complaint. */
  readonly take: (answer: GoAnswer, run: GoRun) => Promise<T>;
  /** Is asked first if there is a complaint. May reject with another `Complaint`. */
  readonly onComplaint?: (answer: GoAnswer, run: GoRun) => Promise<void>;
}

/** Where a question is being answered: for more commands in the same surroundings. */
export interface GoRun {
  readonly surroundings: Surroundings;
  readonly clones: VcsClones;
  readonly startedMs: number;
  readonly signal: AbortSignal;
}

/** How often it is looked how much the clones take. */
const runsBetweenLooks = 50;

/** The go command. Disposing of it ends what runs. */
export class GoCommand implements AsyncDisposable {
  readonly #options: GoCommandOptions;
  readonly #places: RunPlaces;
  readonly #folders: RunFolders;
  readonly #clones: VcsClones;
  readonly #ended = new AbortController();
  readonly #swept: Promise<void>;
  readonly #running = new Set<Promise<unknown>>();
  #runsUntilLook = 0;
  #isMissingSaid = false;

  constructor(options: GoCommandOptions) {
    const clones = join(options.folder, "vcs");
    this.#options = options;
    this.#places = new RunPlaces(options.runs);
    this.#folders = new RunFolders({
      folder: join(options.folder, "runs"),
      clones,
      mark: options.mark,
    });
    this.#clones = new VcsClones({ folder: clones, mostBytes: options.mostCloneBytes });
    this.#swept = Promise.all([this.#folders.sweep(), this.#clones.sweep()]).then(() => undefined);
    this.#swept.catch(() => undefined); // what could not be swept is in nobody's way
  }

  /**
   * Rejects with a `ProxyFailure`, or the signal's reason. A clone that turns out to be spoilt is removed, and the
   * question asked again without it.
   */
  async ask<T>(question: GoQuestion<T>, signal: AbortSignal): Promise<T> {
    try {
      return await this.#askOnce(question, signal);
    } catch (failure) {
      if (!(failure instanceof SpoiltClone)) throw failure;
      for (const name of failure.clones) {
        await this.#places.alone(signal, () => this.#clones.remove(name));
      }
      return this.#askOnce({ ...question, clones: "none" }, signal);
    }
  }

  /** How many questions wait. */
  get waiting(): number {
    return this.#places.waiting;
  }

  /** Says that there is no go program, if there is none. */
  async check(): Promise<void> {
    const never = { args: ["version"], limitMs: 10_000, limitName: "", clones: "none" } as const;
    await this.#askOnce({ ...never, take: async () => undefined }, this.#ended.signal).catch(
      () => undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new ProxyFailure("upstream_unavailable", "this proxy is stopping"));
    await Promise.allSettled([...this.#running, this.#swept]);
    if (this.#options.isTemporary) await removeTree(this.#options.folder);
  }

  async #askOnce<T>(question: GoQuestion<T>, signal: AbortSignal): Promise<T> {
    const either = AbortSignal.any([signal, this.#ended.signal]);
    const running = this.#places.run(either, () => this.#run(question, either));
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      if (question.clones === "kept") this.#lookAtClones();
    }
  }

  async #run<T>(question: GoQuestion<T>, signal: AbortSignal): Promise<T> {
    await this.#swept.catch(() => undefined);
    await using folder = await this.#makeFolder(question.clones);
    await question.prepare?.(folder);
    const { args, limitMs } = question;
    const surroundings = { cwd: folder.path, env: goVariables(this.#options, folder), limitMs };
    const run = { surroundings, clones: this.#clones, startedMs: Date.now(), signal };
    try {
      const command = this.#options.goBinary;
      const answer = readGoAnswer(await runProgram({ ...surroundings, command, args }, signal));
      if (answer.complaint !== undefined) {
        await question.onComplaint?.(answer, run);
        throw new Complaint(answer.complaint);
      }
      const taken = await question.take(answer, run);
      await this.#clones.used(answer.origin, new Date());
      return taken;
    } catch (failure) {
      throw this.#translated(failure, question);
    }
  }

  async #makeFolder(clones: "kept" | "none"): Promise<RunFolder> {
    try {
      return await this.#folders.make(clones);
    } catch (cause) {
      const reason = cause instanceof Error && "code" in cause ? cause.code : cause;
      throw new ProxyFailure(
        "store_unavailable",
        `this proxy cannot make the folder in which it runs the go command (${reason}): see ATHENS_GOGET_DIR`,
        { cause },
      );
    }
  }

  #translated(failure: unknown, { clones, limitMs, limitName }: GoQuestion<unknown>): unknown {
    if (failure instanceof Complaint) {
      const isSpoilt = clones === "kept" && complaintKind(failure.message) === "spoilt clone";
      return isSpoilt
        ? new SpoiltClone(clonesIn(failure.message))
        : complaintFailure(failure.message);
    }
    if (!(failure instanceof ProgramFailure)) return failure;
    const fail = (code: ProxyFailureCode, message: string): ProxyFailure =>
      new ProxyFailure(code, message, { cause: failure });
    switch (failure.kind) {
      case "missing":
        return this.#missing(failure);
      case "slow":
        return fail(
          "timed_out",
          `the go command was not done with it within ${limitMs / 1000} s (${limitName})`,
        );
      case "talkative":
        return fail("upstream_unavailable", "the go command said too much about it");
    }
  }

  #missing(cause: ProgramFailure): ProxyFailure {
    const named = `this proxy has no go command (GO_BINARY_PATH is ${this.#options.goBinary})`;
    const sentence = `${named}: install go, or put an upstream proxy before direct in GOPROXY`;
    if (!this.#isMissingSaid) this.#options.onMissing(sentence);
    this.#isMissingSaid = true;
    return new ProxyFailure("unsupported", sentence, { cause });
  }

  /** Clones are removed while nothing runs. */
  #lookAtClones(): void {
    this.#runsUntilLook -= 1;
    if (this.#runsUntilLook > 0 || this.#ended.signal.aborted) return;
    this.#runsUntilLook = runsBetweenLooks;
    const look = async (): Promise<void> => {
      if (!(await this.#clones.isOverfull())) return;
      await this.#places.alone(this.#ended.signal, () => this.#clones.shrink());
    };
    const looking = look().catch(() => undefined); // it is looked at again, and that is all that can be done
    this.#running.add(looking);
    void looking.finally(() => this.#running.delete(looking));
  }
}

/** A clone that the go command cannot use any more: it was ended in the middle of a pull, perhaps. */
class SpoiltClone extends Error {
  readonly clones: readonly string[];

  constructor(clones: readonly string[]) {
    super("a clone is spoilt");
    this.clones = clones;
  }
}
