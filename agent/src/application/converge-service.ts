// One service on this machine: what it should run, what it runs, and the way from one to the other.
import { createHash } from "node:crypto";
import type { Revision, ServiceStatus } from "@stoa/deployment";
import { canonicalJson, shortId } from "@stoa/deployment";
import { AgentFailure, sentenceOf } from "../domain/agent-failure.ts";
import { backoffMs } from "../domain/backoff.ts";
import { isSame, type Target } from "../domain/service-journal.ts";
import { endOthers } from "./end-processes.ts";
import { recover } from "./finish-hand-over.ts";
import { handOver } from "./hand-over.ts";
import { installRelease } from "./install-release.ts";
import { JournalFile } from "./journal-file.ts";
import { lastLines, logEnd } from "./last-lines.ts";
import { pruneReleases } from "./prune-releases.ts";
import { type Condition, Repair } from "./repair-service.ts";
import type { ServiceParts } from "./service-parts.ts";

/** What the newest index says about a service; `undefined` in its place means that it should not run here. */
export interface Wanted {
  readonly revision: string;
  readonly rollout: string;
  readonly serial: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** Reads a revision that was verified. */
export type ReadRevision = (id: string, signal?: AbortSignal) => Promise<Revision>;

/** Resolves if this machine may begin to run a revision with its settings. Fails with `forbidden`, or with what may pass. */
export type Admit = (
  wanted: Pick<Wanted, "revision" | "settings">,
  signal?: AbortSignal,
) => Promise<void>;

/** Failures that may pass without anybody deploying anew. */
const passing: readonly AgentFailure["code"][] = [
  "source_unavailable",
  "keeper_unreachable",
  "disk_full",
  "disk_failed",
  "conflict",
  "forbidden",
];
/** Those of them for which somebody has to do something, and nobody should wait: there is no room, or no leave. */
const standing: readonly AgentFailure["code"][] = ["disk_full", "forbidden"];
/** Why it is not where it should be. */
interface Trouble {
  /** What was wanted then, by `keyOf`. Of anything else nothing is known. */
  readonly key: string;
  readonly sentence: string;
  /** Nobody should wait for it to pass by itself. */
  readonly isStanding: boolean;
}

const nothing: Condition = { view: undefined, health: "unknown", addresses: new Map() };
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/**
 *     wanted = committed ──> repair, every round
 *     wanted ≠ committed ──> fetching ─> rehearsing ─> switching ─> validating ─> draining ──> committed
 *                                │     └─────┴────────────┴────────────┴──> refused: until another rollout comes
 *                                └──> forbidden by the policy: failed, and asked again ever more seldom
 */
export class ConvergingService {
  readonly #parts: ServiceParts;
  readonly #readRevision: ReadRevision;
  readonly #admit: Admit;
  #journal: JournalFile | undefined;
  #repair: Repair | undefined;
  #condition: Condition = nothing;
  #step: string | undefined;
  #trouble: Trouble | undefined;
  /** That of the last try, until the next. */
  #postponed: Trouble | undefined;
  #failures = 0;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #stateSince = { state: "", since: "" };
  #retriedFor = "";

  constructor(parts: ServiceParts, readRevision: ReadRevision, admit: Admit) {
    this.#parts = parts;
    this.#readRevision = readRevision;
    this.#admit = admit;
  }

  /** One round towards what is wanted. Never fails: what went wrong is in the status and among the decisions. */
  async round(wanted: Wanted | undefined, signal: AbortSignal): Promise<void> {
    try {
      await this.#round(wanted, signal);
      this.#trouble = this.#isPostponed(wanted) ? this.#postponed : undefined;
    } catch (failure) {
      const isStanding = failure instanceof AgentFailure && standing.includes(failure.code);
      this.#trouble = { key: keyOf(wanted), sentence: sentenceOf(failure), isStanding };
      if (this.#isPostponed(wanted)) this.#postponed = this.#trouble;
      this.#parts.note(`${this.#parts.service}: ${this.#trouble.sentence}`);
    } finally {
      this.#step = undefined;
    }
  }

  /** Where it writes to, and as which revision. */
  get log(): { readonly service: string; readonly revision: string; readonly path: string } {
    const { service, layout } = this.#parts;
    const { committed, handOver: begun } = this.#journal?.now ?? {};
    return {
      service,
      path: layout.log,
      revision: begun?.to.release ?? committed?.release ?? "",
    };
  }

  /** What the machine reports about the service; undefined if it knows nothing of it. */
  async status(wanted: Wanted | undefined): Promise<ServiceStatus | undefined> {
    const journal = this.#journal?.now;
    const committed = journal?.committed;
    if (wanted === undefined && committed === undefined && this.#trouble === undefined) {
      return journal === undefined
        ? undefined
        : this.#withSince({
            state: "stopped",
            sentence: "does not run here, and should not",
            restarts: 0,
            health: "unknown",
          });
    }
    const refused = this.#refusalOf(wanted);
    const { view, health, addresses } = this.#condition;
    const running = committed?.release;
    const said = refused?.lastLines ?? (await this.#lastWords());
    return this.#withSince({
      ...(wanted === undefined ? {} : { desired: wanted.revision }),
      ...(running === undefined ? {} : { running }),
      ...(this.#step === undefined ? {} : { step: this.#step }),
      ...(said === undefined ? {} : { lastLines: [...said] }),
      ...this.#verdict(wanted, refused?.sentence),
      ...(addresses.size === 0 ? {} : { addresses: Object.fromEntries(addresses) }),
      restarts: view?.restarts ?? 0,
      health,
    });
  }

  async #round(wanted: Wanted | undefined, signal: AbortSignal): Promise<void> {
    const journal = await this.#open();
    if (journal.now.handOver?.event !== undefined) {
      const { recoverBundle } = await scriptedDeployment();
      await recoverBundle(this.#parts, journal);
    }
    await recover(this.#parts, journal);
    if (wanted === undefined) {
      await this.#stop(journal);
      return;
    }
    const target = targetOf(wanted);
    const isNews = !isSame(target, journal.now.committed) && this.#refusalOf(wanted) === undefined;
    if (isNews && this.#mayTry(wanted)) await this.#deploy(journal, wanted, target, signal);
    await this.#repairCommitted(journal);
  }

  async #open(): Promise<JournalFile> {
    this.#journal ??= await JournalFile.open(this.#parts.disk, this.#parts.layout.journal);
    this.#repair ??= new Repair(this.#parts, this.#journal);
    return this.#journal;
  }

  async #deploy(
    journal: JournalFile,
    wanted: Wanted,
    target: Target,
    signal: AbortSignal,
  ): Promise<void> {
    const { disk, layout, service, note } = this.#parts;
    let version = shortId(wanted.revision);
    let saidBefore = 0;
    try {
      saidBefore = await logEnd(disk, layout.log);
      this.#step = "fetching";
      if (!hasRun(journal.now, target)) await this.#admit(wanted, signal);
      const revision = await this.#readRevision(wanted.revision, signal);
      await this.#parts.failpoint("documents-verified");
      const { run } = revision;
      version = revision.version;
      await installRelease(this.#parts, revision, signal);
      const { rollout, serial, settings } = wanted;
      const step = (name: string): void => {
        this.#step = name;
      };
      const order = { target, rollout, serial, revision, settings, step, signal };
      const readRevision = this.#readRevision;
      if (run === undefined) {
        const { deployBundle } = await scriptedDeployment();
        await deployBundle(this.#parts, journal, { ...order, readRevision });
      } else {
        if (journal.now.committed?.manner === "scripts") {
          const { stopBundle } = await scriptedDeployment();
          await stopBundle(this.#parts, journal, { ...order, readRevision });
          await journal.write({ handOver: undefined });
        }
        await handOver(this.#parts, journal, { ...order, run });
      }
      note(`${service} ${version} (${shortId(target.release)}) serves, by serial ${serial}`);
      this.#failures = 0;
      this.#retriedFor = "";
      await pruneReleases(this.#parts, journal.now);
    } catch (failure) {
      if (signal.aborted) {
        note(
          `${service} ${version}: was given up before it served: something else is wanted now, or the agent is stopping`,
        );
        return;
      }
      await this.#failed(journal, wanted, target, { version, saidBefore }, failure);
    }
  }

  /** What may pass is tried again, ever more seldom; what does not is remembered as refused. */
  async #failed(
    journal: JournalFile,
    wanted: Wanted,
    target: Target,
    { version, saidBefore }: { readonly version: string; readonly saidBefore: number },
    failure: unknown,
  ): Promise<void> {
    const { clock, disk, layout, service, note } = this.#parts;
    const sentence = `${service} ${version}: ${sentenceOf(failure)}`;
    if (!(failure instanceof AgentFailure) || passing.includes(failure.code)) {
      const waitMs = backoffMs(this.#failures, firstRetryMs, longestRetryMs);
      this.#failures += 1;
      this.#retryAtMs = clock.monotonicMs() + waitMs;
      this.#retriedFor = keyOf(wanted);
      if (failure instanceof AgentFailure && standing.includes(failure.code))
        throw new AgentFailure(failure.code, sentence, failure);
      throw new AgentFailure(
        "conflict",
        `${sentence}; it is tried again in ${waitMs / 1000} s`,
        failure,
      );
    }
    note(`${sentence}; it is not tried again before somebody deploys anew`);
    await journal.write({
      refused: {
        ...target,
        rollout: wanted.rollout,
        sentence,
        lastLines: await lastLines(disk, layout.log, saidBefore),
        atMs: clock.nowMs(),
      },
    });
  }

  #mayTry(wanted: Wanted): boolean {
    return !this.#isPostponed(wanted) || this.#parts.clock.monotonicMs() >= this.#retryAtMs;
  }

  /** Whether the last try was for this, and has failed in a way that may pass. */
  #isPostponed(wanted: Wanted | undefined): boolean {
    return wanted !== undefined && this.#retriedFor === keyOf(wanted);
  }

  #refusalOf(
    wanted: Wanted | undefined,
  ): { sentence: string; lastLines: readonly string[] } | undefined {
    const refused = this.#journal?.now.refused;
    if (wanted === undefined || refused === undefined) return undefined;
    return isSame(targetOf(wanted), refused) && refused.rollout === wanted.rollout
      ? refused
      : undefined;
  }

  async #repairCommitted(journal: JournalFile): Promise<void> {
    const { committed } = journal.now;
    if (committed === undefined) {
      await endOthers(this.#parts, []);
      this.#condition = nothing;
      return;
    }
    const revision = await this.#readRevision(committed.release);
    if (this.#repair === undefined) return;
    if (revision.run === undefined) {
      this.#condition = nothing;
      await this.#repair.files(revision);
      return;
    }
    this.#condition = await this.#repair.round({ revision, run: revision.run });
  }

  async #stop(journal: JournalFile): Promise<void> {
    const { supervisor, service, note } = this.#parts;
    this.#condition = nothing;
    if (journal.now.committed !== undefined)
      note(`${service} should not run here any more and is being stopped`);
    await endOthers(this.#parts, []);
    await supervisor.closeSockets(service, []);
    await supervisor.restore(service);
    const { committed } = journal.now;
    if (committed === undefined) return;
    if (committed.manner === "scripts") {
      const { stopBundle } = await scriptedDeployment();
      await stopBundle(this.#parts, journal, {
        settings: committed.environment,
        readRevision: this.#readRevision,
        step: () => undefined,
      });
    }
    await journal.write({
      committed: undefined,
      previous: undefined,
      handOver: undefined,
      addresses: [],
    });
  }

  /** What was written last, where what serves has ended and is started again. */
  async #lastWords(): Promise<readonly string[] | undefined> {
    const { view } = this.#condition;
    if (view === undefined || view.state === "running") return undefined;
    if (view.id !== this.#journal?.now.committed?.process) return undefined;
    return await lastLines(this.#parts.disk, this.#parts.layout.log, 0);
  }

  #verdict(
    wanted: Wanted | undefined,
    refused: string | undefined,
  ): Pick<ServiceStatus, "state" | "sentence"> {
    const committed = this.#journal?.now.committed;
    const trouble = this.#trouble?.key === keyOf(wanted) ? this.#trouble : undefined;
    if (refused !== undefined) return { state: "failed", sentence: refused };
    // Committed is not yet served alone: the old process may still take connections.
    const isUnderWay = this.#journal?.now.handOver !== undefined;
    if (wanted === undefined || isUnderWay || !isSame(committed, targetOf(wanted))) {
      return {
        state: trouble?.isStanding === true ? "failed" : "converging",
        sentence: trouble?.sentence ?? `${this.#step ?? "about to begin"}`,
      };
    }
    if (trouble !== undefined) return { state: "failed", sentence: trouble.sentence };
    const { view } = this.#condition;
    if (committed?.manner === "scripts") {
      return { state: "running", sentence: "its scripts have started and validated it" };
    }
    if (view === undefined || view.id !== committed?.process) {
      return { state: "converging", sentence: "about to be looked at" };
    }
    if (view.state !== "running") return { state: "failed", sentence: view.sentence };
    if (view.pid === 0) return { state: "converging", sentence: "about to be looked at again" };
    return { state: "running", sentence: `it runs as process ${view.pid}` };
  }

  #withSince(status: Omit<ServiceStatus, "since">): ServiceStatus {
    if (this.#stateSince.state !== status.state) {
      const since = new Date(this.#parts.clock.nowMs()).toISOString();
      this.#stateSince = { state: status.state, since };
    }
    return { ...status, since: this.#stateSince.since };
  }
}

/** Whether it is what was validated here last, or before that: nobody's leave is needed to go back there. */
function hasRun({ committed, previous }: JournalFile["now"], target: Target): boolean {
  return isSame(committed, target) || isSame(previous, target);
}

/** Only machines with such services carry what reads an appspec. */
function scriptedDeployment(): Promise<typeof import("./deploy-bundle.ts")> {
  return import("./deploy-bundle.ts");
}

/** What a try is for: another rollout of the same revision is another one. */
function keyOf(wanted: Wanted | undefined): string {
  return wanted === undefined ? "nothing" : `${wanted.revision} ${wanted.rollout}`;
}

/** The target that an assignment means. */
function targetOf({ revision, settings }: Wanted): Target {
  return {
    release: revision,
    settings: createHash("sha256").update(canonicalJson(settings)).digest("hex"),
  };
}
