// One service on this machine: what it should run, what it runs, and the way from one to the other.
import { type Revision, type ServiceStatus, shortId } from "@stoa/deployment";
import { AgentFailure, sentenceOf } from "../domain/agent-failure.ts";
import { hasRun, isSame, type Target } from "../domain/service-journal.ts";
import { refusalOf, targetOf, type Wanted } from "../domain/wanted.ts";
import { endOthers } from "./end-processes.ts";
import { recover } from "./finish-hand-over.ts";
import { handOver } from "./hand-over.ts";
import { installRelease } from "./install-release.ts";
import { JournalFile } from "./journal-file.ts";
import { lastLines, logEnd } from "./last-lines.ts";
import { pruneReleases } from "./prune-releases.ts";
import { type Condition, Repair } from "./repair-service.ts";
import { reportOn } from "./report-service.ts";
import { isStanding, mayPass, Retries } from "./retry-deployment.ts";
import type { ServiceParts } from "./service-parts.ts";

/** Reads a revision that was verified. */
export type ReadRevision = (id: string, signal?: AbortSignal) => Promise<Revision>;

/** Resolves if this machine may begin to run a revision with its settings. Fails with `forbidden`, or with what may pass. */
export type Admit = (
  wanted: Pick<Wanted, "revision" | "settings">,
  signal?: AbortSignal,
) => Promise<void>;

const nothing: Condition = { view: undefined, health: "unknown", addresses: new Map() };

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
  readonly #retries: Retries;
  #journal: JournalFile | undefined;
  #repair: Repair | undefined;
  #condition: Condition = nothing;
  #step: string | undefined;
  #stateSince = { state: "", since: "" };

  constructor(parts: ServiceParts, readRevision: ReadRevision, admit: Admit) {
    this.#parts = parts;
    this.#readRevision = readRevision;
    this.#admit = admit;
    this.#retries = new Retries(parts.clock);
  }

  /** One round towards what is wanted. Never fails: what went wrong is in the status and among the decisions. */
  async round(wanted: Wanted | undefined, signal: AbortSignal): Promise<void> {
    try {
      await this.#round(wanted, signal);
      this.#retries.wentWell(wanted);
    } catch (failure) {
      const { sentence } = this.#retries.wentWrong(wanted, failure);
      this.#parts.note(`${this.#parts.service}: ${sentence}`);
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
    const status = await reportOn(this.#parts, wanted, {
      journal: this.#journal?.now,
      condition: this.#condition,
      step: this.#step,
      trouble: this.#retries.trouble,
    });
    return status && this.#withSince(status);
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
    const isRefused = refusalOf(wanted, journal.now) !== undefined;
    const isNews = !isSame(target, journal.now.committed) && !isRefused;
    if (isNews && this.#retries.mayTry(wanted)) await this.#deploy(journal, wanted, target, signal);
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
      this.#retries.reset();
      await pruneReleases(this.#parts, journal.now);
    } catch (failure) {
      if (signal.aborted) {
        note(
          `${service} ${version}: was given up before it served: something else is wanted now, or the agent is stopping`,
        );
        return;
      }
      await this.#failed(journal, wanted, { version, saidBefore }, failure);
    }
  }

  /** What may pass is tried again, ever more seldom; what does not is remembered as refused. */
  async #failed(
    journal: JournalFile,
    wanted: Wanted,
    { version, saidBefore }: { readonly version: string; readonly saidBefore: number },
    failure: unknown,
  ): Promise<void> {
    const { clock, disk, layout, service, note } = this.#parts;
    const sentence = `${service} ${version}: ${sentenceOf(failure)}`;
    if (mayPass(failure)) {
      const waitMs = this.#retries.postpone(wanted);
      if (isStanding(failure)) throw new AgentFailure(failure.code, sentence, failure);
      throw new AgentFailure(
        "conflict",
        `${sentence}; it is tried again in ${waitMs / 1000} s`,
        failure,
      );
    }
    note(`${sentence}; it is not tried again before somebody deploys anew`);
    await journal.write({
      refused: {
        ...targetOf(wanted),
        rollout: wanted.rollout,
        sentence,
        lastLines: await lastLines(disk, layout.log, saidBefore),
        atMs: clock.nowMs(),
      },
    });
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

  #withSince(status: Omit<ServiceStatus, "since">): ServiceStatus {
    if (this.#stateSince.state !== status.state) {
      const since = new Date(this.#parts.clock.nowMs()).toISOString();
      this.#stateSince = { state: status.state, since };
    }
    return { ...status, since: this.#stateSince.since };
  }
}

/** Only machines with such services carry what reads an appspec. */
function scriptedDeployment(): Promise<typeof import("./deploy-bundle.ts")> {
  return import("./deploy-bundle.ts");
}
