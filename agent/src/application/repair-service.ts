// Sees to it that what was committed is what runs and what lies on the disk.
import { join } from "node:path";
import { isElf, type Revision } from "@stoa/deployment";
import { exitSentence, type ProcessView } from "../domain/launch.ts";
import { endOthers } from "./end-processes.ts";
import { firstBytes } from "./install-release.ts";
import type { JournalFile } from "./journal-file.ts";
import { ReleaseRepair } from "./repair-release.ts";
import { committedAddresses } from "./resolve-sockets.ts";
import type { ServiceParts } from "./service-parts.ts";
import { committedLaunch, type RunnableRelease, startCommitted } from "./start-release.ts";
import { askOnce } from "./validate-process.ts";

/** What a look at a service has shown. */
export interface Condition {
  readonly view: ProcessView | undefined;
  readonly health: "healthy" | "unhealthy" | "unknown";
  /** Where its sockets listen, by name. */
  readonly addresses: ReadonlyMap<string, string>;
}

const provenStartMs = 2_000;

/** Looks after one service. Every action is noted; nothing is done to what is as it should be. */
export class Repair {
  readonly #parts: ServiceParts;
  readonly #journal: JournalFile;
  readonly #release: ReleaseRepair;
  /** The process that was found right, with the fingerprint of what it executes. */
  #rightLife = "";
  /** The process that was started in the place of one that was not right. */
  #replacement = "";
  /** The process that was looked at last, and how often it had been started again. */
  #seen: Pick<ProcessView, "id" | "restarts" | "lastExit">;

  constructor(parts: ServiceParts, journal: JournalFile) {
    this.#parts = parts;
    this.#journal = journal;
    this.#release = new ReleaseRepair(parts, journal);
    // What happened to it before this agent came is nothing new.
    this.#seen = {
      id: journal.now.committed?.process ?? "",
      restarts: Number.POSITIVE_INFINITY,
      lastExit: undefined,
    };
  }

  /** One round: files, link, what the supervisor keeps, process, program. Fails as what it does fails; the next round tries again. */
  async round(committed: RunnableRelease): Promise<Condition> {
    await this.files(committed.revision);
    const { supervisor, service } = this.#parts;
    for (const sentence of await supervisor.restore(service)) this.#parts.note(sentence);
    const view = await this.#process(committed);
    const { listening, reached } = await committedAddresses(
      this.#parts,
      this.#journal,
      committed.run,
    );
    return { view, addresses: listening, health: await this.#health(committed, view, reached) };
  }

  /** One round for a service whose scripts see to its processes: files and links. */
  async files(revision: Revision): Promise<void> {
    await this.#release.round(revision);
  }

  async #process(committed: RunnableRelease): Promise<ProcessView | undefined> {
    const { supervisor, service, note } = this.#parts;
    const id = this.#journal.now.committed?.process ?? "";
    const view = await this.#find(id);
    if (view !== undefined) this.#tellOfRestarts(view);
    const problem = view && (await this.#problemOf(committed, view));
    if (view !== undefined && problem === undefined) {
      if (!view.kept) {
        note(`${service} was not marked to be kept; it is now`);
        await supervisor.keep(service, id);
      }
      await endOthers(this.#parts, [id]);
      return view;
    }
    note(
      view === undefined
        ? `${service} was not running and is being started`
        : `process ${view.pid} of ${service} ${problem} and is being replaced`,
    );
    await endOthers(this.#parts, []);
    await startCommitted(this.#parts, this.#journal, committed);
    const started = this.#journal.now.committed?.process ?? "";
    if (view !== undefined) this.#replacement = started;
    return await this.#find(started);
  }

  /** Whoever runs the processes starts them again by itself. */
  #tellOfRestarts({ id, restarts, lastExit }: ProcessView): void {
    const { service, note } = this.#parts;
    const before = this.#seen.id === id ? this.#seen : { restarts: 0, lastExit: undefined };
    // systemd forgets it with the next start.
    const exit = lastExit ?? before.lastExit;
    if (restarts > before.restarts)
      note(`${service} ${exit === undefined ? "ended" : exitSentence(exit)} and was started again`);
    this.#seen = { id, restarts, lastExit };
  }

  /**
   * A process that was started a moment ago may still be the shell in front of the program; and where a script is what is
   * started, its interpreter is executed, and what it passes on is its own affair.
   */
  async #problemOf(committed: RunnableRelease, view: ProcessView): Promise<string | undefined> {
    const { probe, clock } = this.#parts;
    if (view.state !== "running" || clock.nowMs() - view.startedAtMs < provenStartMs)
      return undefined;
    const fingerprint = await probe.programFingerprint(view.pid);
    const life = `${view.id} ${view.pid} ${fingerprint}`;
    if (fingerprint === undefined || life === this.#rightLife) return undefined;
    const { disk, layout } = this.#parts;
    const release = this.#journal.now.committed?.release ?? "";
    const path = join(layout.releases, release, committed.run.entry);
    if (isElf(await firstBytes(disk.chunks(path)))) {
      if (!(await this.#runsRightProgram(committed, view)))
        return `executes another program than ${committed.run.entry}`;
      const wrong = await this.#wrongSettings(committed, view);
      if (wrong.length > 0) return `was started with other settings (${wrong.join(", ")})`;
    }
    this.#rightLife = life;
    return undefined;
  }

  async #find(id: string): Promise<ProcessView | undefined> {
    const views = await this.#parts.supervisor.views();
    return views.find(
      (view) =>
        view.service === this.#parts.service &&
        view.id === id &&
        !["gone", "stopping"].includes(view.state),
    );
  }

  async #runsRightProgram({ run, revision }: RunnableRelease, view: ProcessView): Promise<boolean> {
    const digest = await this.#parts.probe.programDigest(view.pid);
    const entry = revision.files.find(({ path }) => path === run.entry);
    return digest === undefined || digest === entry?.sha256;
  }

  /**
   * Those of the revision and the environment that the process was not given as they are. What is wrong of
   * one that was started to put that right is its own doing.
   */
  async #wrongSettings(committed: RunnableRelease, view: ProcessView): Promise<readonly string[]> {
    const { probe, settings, service } = this.#parts;
    const launch = await committedLaunch(this.#parts, this.#journal, committed);
    const given = await probe.environment(view.pid);
    if (launch === undefined || given === undefined || view.id === this.#replacement) return [];
    const right = await settings.open(service, launch.environment);
    const asked = { ...committed.run.environment, ...this.#journal.now.committed?.environment };
    return Object.keys(asked).filter((name) => given.get(name) !== right[name]);
  }

  async #health(
    { run }: RunnableRelease,
    view: ProcessView | undefined,
    addresses: ReadonlyMap<string, string>,
  ): Promise<Condition["health"]> {
    if (view === undefined || view.state === "waiting") return "unhealthy";
    if (view.state !== "running" || run.health.kind === "none") return "unknown";
    const answer = await askOnce(this.#parts, { id: view.id, run, addresses }, view.pid);
    return answer === undefined ? "healthy" : "unhealthy";
  }
}
