// One process from its start to its end: readiness, restarts, and how it is asked to end.
import { AgentFailure, sentenceOf } from "../domain/agent-failure.ts";
import { backoffMs } from "../domain/backoff.ts";
import type { ProcessRecord } from "../domain/keeper-record.ts";
import {
  type Exit,
  exitSentence,
  type Launch,
  type ProcessState,
  type ProcessView,
} from "../domain/launch.ts";
import { groupOf, type NamedSocket, type ProcessIdentity, type Spawned } from "../domain/spawn.ts";
import type { StopOrder } from "../domain/supervisor.ts";
import { type SuccessorParts, Successors } from "./follow-successors.ts";
import { closeOwn } from "./keep-sockets.ts";
import { ProcessStop } from "./stop-process.ts";

/** What a process needs around it. */
export interface ProcessParts extends SuccessorParts {
  /** The sockets of a launch, open. Called before every start. */
  openSockets(launch: Launch): Promise<readonly NamedSocket[]>;
  /** Whether a signal to a process group would reach another process that is known. */
  isShared(group: number, by: SupervisedProcess): boolean;
  /** Waits as long as a process lives that this one has started in its own place, and this one shall run. */
  untilNoSuccessor(of: SupervisedProcess): Promise<void>;
  /** Called after every change of what `record` or `view` say. */
  changed(): void;
}

/** A process that ran so long is believed to work: the next restart comes quickly again. */
const provenAfterMs = 60_000;
const firstRestartMs = 1_000;
const longestRestartMs = 60_000;
const adoptedPollMs = 500;

/** Runs one launch. The states are drawn at `ProcessState`. */
export class SupervisedProcess {
  readonly launch: Launch;
  readonly service: string;
  readonly #parts: ProcessParts;
  readonly #successors: Successors;
  readonly #stops: ProcessStop;
  #state: ProcessState = "starting";
  #sentence = "is being started";
  #kept = false;
  #adopted = false;
  #identity: ProcessIdentity | undefined;
  /** The process that ran last, or that which shall start this one: its successors are found by it. */
  #ancestor: ProcessIdentity | undefined;
  #sockets: readonly NamedSocket[] = [];
  #startedAtMs = 0;
  #restarts = 0;
  #failures = 0;
  #lastExit: Exit | undefined;
  readonly #wake = new AbortController();
  #stopping = false;

  constructor(service: string, launch: Launch, parts: ProcessParts) {
    this.service = service;
    this.launch = launch;
    this.#parts = parts;
    this.#successors = new Successors(launch, parts);
    this.#stops = new ProcessStop(launch, parts);
  }

  /** Starts it for the first time; fails if it cannot be started. What happens later is told by `view`. */
  async start(): Promise<void> {
    try {
      const spawned = await this.#spawn();
      void this.#live(spawned);
    } catch (failure) {
      this.#become("gone", sentenceOf(failure));
      throw failure;
    }
  }

  /** Has another process start this one by SIGUSR2, and takes charge of it when it is seen. `cannot_start`. */
  async succeed(before: SupervisedProcess): Promise<void> {
    const identity = before.#identity;
    try {
      if (identity === undefined)
        throw new AgentFailure("cannot_start", `${before.launch.id} does not run`);
      this.await(before, await this.#successors.ask(identity, this.service));
    } catch (failure) {
      this.#become("gone", sentenceOf(failure));
      throw failure;
    }
  }

  /** Takes charge of this process when it is seen: another one was sent SIGUSR2. `but` are others like it. */
  await(before: SupervisedProcess, but: readonly ProcessIdentity[] = []): void {
    const identity = before.#identity ?? before.#ancestor;
    if (identity === undefined) {
      this.#become("gone", "was not started by another process, which has ended");
      return;
    }
    this.#ancestor = identity;
    this.#sockets = before.#sockets;
    this.#adopted = before.#adopted;
    this.#become("starting", `was not started by process ${identity.pid}, which was sent SIGUSR2,`);
    void this.#untilSeen(identity, but).then((seen) => this.#live(seen));
  }

  /** Takes charge of a process that another keeper has started. */
  adopt(identity: ProcessIdentity, startedAtMs: number): void {
    this.#identity = identity;
    this.#adopted = true;
    this.#startedAtMs = startedAtMs;
    this.#become("running", "runs on since before the keeper was started");
    void this.#live({ identity, ready: Promise.resolve(), exited: this.#watch(identity) });
  }

  /** Brings a kept process back that did not survive the keeper or the machine. */
  revive(last: ProcessIdentity | undefined): void {
    this.#ancestor = last;
    void this.#live(undefined);
  }

  /** Whether it is started again when it ends by itself. */
  keep(kept: boolean): void {
    if (this.#kept === kept) return;
    this.#kept = kept;
    if (!kept && this.#state === "waiting") this.#wake.abort();
    this.#parts.changed();
  }

  /**
   * Asks it to end, unless it leaves `unasked`, and kills what is left after a while. Resolves at once. May be called again
   * with a shorter while.
   */
  stop({ graceMs = this.launch.stopGraceMs, unasked = false }: StopOrder = {}): void {
    this.#kept = false;
    if (this.#state === "gone") return;
    this.#stopping = true;
    this.#wake.abort();
    const why = unasked ? "leaves by itself" : `was asked to end by ${this.launch.stopSignal}`;
    this.#become("stopping", `${why}; it may take ${graceMs / 1000} s`);
    const identity = this.#identity;
    if (identity === undefined) return;
    if (!unasked) this.#stops.ask(identity);
    this.#stops.killAfter(graceMs, identity, () => {
      this.#sentence = `did not end within ${graceMs / 1000} s and was killed`;
    });
  }

  /** What its signals reach, or those of the process that shall start it; undefined while there is none. */
  get group(): number | undefined {
    const identity = this.#identity ?? (this.#state === "starting" ? this.#ancestor : undefined);
    return identity === undefined ? undefined : groupOf(identity);
  }

  /** Whether it is started again when it ends now. */
  get shallRun(): boolean {
    return this.#kept && !this.#stopping;
  }

  get record(): ProcessRecord {
    const { launch } = this;
    const identity = this.#identity ?? (this.#kept ? this.#ancestor : undefined);
    return { launch, kept: this.#kept, identity, startedAtMs: this.#startedAtMs };
  }

  get view(): ProcessView {
    const { id, release, program, log, sockets } = this.launch;
    const open = this.#sockets.map(({ name, address }) => ({ name, address }));
    return {
      id,
      service: this.service,
      release,
      program,
      log,
      state: this.#state,
      kept: this.#kept,
      adopted: this.#adopted,
      pid: this.#identity?.pid ?? 0,
      sockets: open.length > 0 ? open : sockets,
      startedAtMs: this.#startedAtMs,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
      sentence: this.#sentence,
    };
  }

  async #live(first: Spawned | undefined): Promise<void> {
    let spawned = first;
    while (true) {
      if (spawned !== undefined) await this.#untilEnd(spawned);
      if (!this.shallRun) break;
      spawned = await this.#startAgain(spawned === undefined && this.#restarts === 0);
    }
    closeOwn(this.launch, this.#sockets);
    this.#become("gone", this.#sentence);
  }

  async #untilEnd({ identity, ready, exited }: Spawned): Promise<void> {
    void ready.then(() => {
      if (this.#identity === identity && this.#state === "starting")
        this.#become("running", "runs");
    });
    const startedAt = this.#parts.clock.monotonicMs();
    const exit = await exited;
    this.#stops.ended();
    this.#lastExit = exit;
    this.#identity = undefined;
    this.#ancestor = identity;
    this.#adopted = false;
    if (this.#parts.clock.monotonicMs() - startedAt > provenAfterMs) this.#failures = 0;
    this.#sentence = exitSentence(exit);
    if (this.launch.succession !== undefined && this.shallRun) return;
    await this.#endRest(identity);
  }

  /** Whoever it has left behind would hold its port and its files. */
  async #endRest(identity: ProcessIdentity): Promise<void> {
    if (this.#parts.isShared(groupOf(identity), this)) return;
    await this.#parts.spawn.signal(identity, "SIGKILL");
  }

  async #startAgain(atOnce: boolean): Promise<Spawned | undefined> {
    const successor = await this.#replacement();
    if (successor !== undefined || !this.shallRun) return successor;
    if (!atOnce) {
      const waitMs = backoffMs(this.#failures, firstRestartMs, longestRestartMs);
      this.#failures += 1;
      this.#become("waiting", `${this.#sentence}; it is started again in ${waitMs / 1000} s`);
      await this.#parts.clock.sleep(waitMs, this.#wake.signal);
      if (!this.shallRun) return undefined;
    }
    this.#restarts += 1;
    try {
      return await this.#spawn();
    } catch (failure) {
      this.#sentence = sentenceOf(failure);
      return undefined;
    }
  }

  /** A program that replaces itself may have done so unasked: then another process is this one now. */
  async #replacement(): Promise<Spawned | undefined> {
    const last = this.#ancestor;
    if (this.launch.succession === undefined || last === undefined) return undefined;
    this.#become("waiting", this.#sentence);
    await this.#parts.untilNoSuccessor(this);
    const [successor] = this.shallRun ? await this.#successors.of(last) : [];
    if (successor !== undefined) return this.#takeOver(successor);
    await this.#endRest(last);
    return undefined;
  }

  async #untilSeen(
    before: ProcessIdentity,
    but: readonly ProcessIdentity[],
  ): Promise<Spawned | undefined> {
    const seen = await this.#successors.next(before, but, this.#wake.signal);
    if (seen !== undefined) return this.#takeOver(seen);
    if (!this.#stopping)
      this.#sentence = `was not started by process ${before.pid}, which has ended after SIGUSR2`;
    return undefined;
  }

  #takeOver(identity: ProcessIdentity): Spawned {
    this.#identity = identity;
    this.#startedAtMs = this.#parts.clock.nowMs();
    this.#become("running", "runs; another process has started it in its own place");
    if (this.#stopping) this.stop();
    return { identity, ready: Promise.resolve(), exited: this.#watch(identity) };
  }

  async #spawn(): Promise<Spawned> {
    const { launch } = this;
    this.#become("starting", "is being started");
    closeOwn(this.launch, this.#sockets);
    this.#sockets = await this.#parts.openSockets(launch);
    const spawned = await this.#parts.spawn.start({ ...launch, sockets: this.#sockets });
    this.#identity = spawned.identity;
    this.#startedAtMs = this.#parts.clock.nowMs();
    if (this.#stopping) this.stop();
    else this.#become("starting", "was started; it has not said yet that it is ready");
    return spawned;
  }

  async #watch(identity: ProcessIdentity): Promise<Exit> {
    while (await this.#parts.spawn.isAlive(identity)) {
      await this.#parts.clock.sleep(adoptedPollMs);
    }
    // Only a parent learns how its child ended.
    return { code: undefined, signal: undefined };
  }

  #become(state: ProcessState, sentence: string): void {
    if (this.#stopping && state !== "gone" && state !== "stopping") return;
    this.#state = state;
    this.#sentence = sentence;
    this.#parts.changed();
  }
}
