// Sees to it that what was committed is what runs and what lies on the disk.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isElf, type Revision, type RevisionFile, type Run, shortId } from "@stoa/deployment";
import type { ProcessView } from "../domain/launch.ts";
import { endOthers } from "./end-processes.ts";
import { committedAddresses, startCommitted } from "./hand-over.ts";
import { firstBytes, installRelease, readOnly, restoreFile } from "./install-release.ts";
import type { JournalFile } from "./journal-file.ts";
import type { ServiceParts } from "./service-parts.ts";
import { askOnce } from "./validate-process.ts";

/** What is committed, with what is needed to put it right. */
export interface Committed {
  readonly revision: Revision;
  readonly run: Run;
}

/** What a look at a service has shown. */
export interface Condition {
  readonly view: ProcessView | undefined;
  readonly health: "healthy" | "unhealthy" | "unknown";
  /** Where its sockets listen, by name. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Files are hashed again after so long, changed or not. */
const fullCheckMs = 3_600_000;
const provenStartMs = 2_000;

/** Looks after one service. Every action is noted; nothing is done to what is as it should be. */
export class Repair {
  readonly #parts: ServiceParts;
  readonly #journal: JournalFile;
  /** The fingerprints with which the files of a release were found right. */
  #right = new Map<string, string>();
  /** The fingerprint with which the program that is executed was found right. */
  #rightProgram = "";
  #fullCheckAtMs = Number.NEGATIVE_INFINITY;
  #checkedRelease = "";

  constructor(parts: ServiceParts, journal: JournalFile) {
    this.#parts = parts;
    this.#journal = journal;
  }

  /** One round: files, link, what the supervisor keeps, process, program. Fails as what it does fails; the next round tries again. */
  async round(committed: Committed): Promise<Condition> {
    await this.filesAndLink(committed.revision);
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

  /** One round for a service whose scripts see to its processes: files and link. */
  async filesAndLink(revision: Revision): Promise<void> {
    await this.#files(revision);
    await this.#link();
  }

  async #files(revision: Revision): Promise<void> {
    const { disk, layout, clock, service } = this.#parts;
    const id = this.#journal.now.committed?.release ?? "";
    const release = join(layout.releases, id);
    if ((await disk.look(release)) === undefined) {
      this.#parts.note(
        `the release ${shortId(id)} of ${service} was gone and is being installed again`,
      );
      await installRelease(this.#parts, revision);
    }
    const isDue = clock.monotonicMs() - this.#fullCheckAtMs >= fullCheckMs;
    if (isDue || this.#checkedRelease !== id) {
      this.#right = new Map();
      this.#rightProgram = "";
      this.#checkedRelease = id;
      this.#fullCheckAtMs = clock.monotonicMs();
    }
    for (const file of revision.files) await this.#file(release, file);
  }

  async #file(release: string, file: RevisionFile): Promise<void> {
    const { disk, service } = this.#parts;
    const path = join(release, file.path);
    const found = await disk.look(path);
    if (found !== undefined && found.fingerprint === this.#right.get(path)) return;
    const problem = await this.#problemOf(path, file);
    if (problem !== undefined) {
      this.#parts.note(`${file.path} of ${service} ${problem} and is being restored`);
      await restoreFile(this.#parts, release, file);
    }
    const after = await disk.look(path);
    if (after !== undefined) this.#right.set(path, after.fingerprint);
  }

  async #problemOf(
    path: string,
    { size, sha256, mode }: RevisionFile,
  ): Promise<string | undefined> {
    const { disk } = this.#parts;
    const found = await disk.look(path);
    if (found === undefined) return "was gone";
    if (found.kind !== "file") return `had become a ${found.kind}`;
    if (found.size !== size) return "had other content";
    const hash = createHash("sha256");
    for await (const chunk of disk.chunks(path)) hash.update(chunk);
    if (hash.digest("hex") !== sha256) return "had other content";
    return found.mode === readOnly(mode) ? undefined : `had the mode 0${found.mode.toString(8)}`;
  }

  async #link(): Promise<void> {
    const { disk, layout, service } = this.#parts;
    const wanted = `releases/${this.#journal.now.committed?.release}`;
    const target = await disk.pointsTo(layout.current);
    if (target === wanted) return;
    this.#parts.note(
      `the link current of ${service} ${target === undefined ? "was gone" : `pointed to ${target}`} and was set right`,
    );
    const found = await disk.look(layout.current);
    if (found !== undefined && found.kind !== "link") await disk.remove(layout.current);
    await disk.point(layout.current, wanted);
  }

  async #process(committed: Committed): Promise<ProcessView | undefined> {
    const { supervisor, service } = this.#parts;
    const id = this.#journal.now.committed?.process ?? "";
    const view = await this.#find(id);
    if (view !== undefined && (await this.#runsRightProgram(committed, view))) {
      if (!view.kept) {
        this.#parts.note(`${service} was not marked to be kept; it is now`);
        await supervisor.keep(service, id);
      }
      await endOthers(this.#parts, [id]);
      return view;
    }
    await endOthers(this.#parts, []);
    if (view === undefined) this.#parts.note(`${service} was not running and is being started`);
    await startCommitted(this.#parts, this.#journal, committed);
    return await this.#find(this.#journal.now.committed?.process ?? "");
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

  /** A script is run by its interpreter, so only programs are compared; and only after the shell in front has become one. */
  async #runsRightProgram({ run, revision }: Committed, view: ProcessView): Promise<boolean> {
    const { probe, disk, layout, service, clock } = this.#parts;
    if (view.state !== "running" || clock.nowMs() - view.startedAtMs < provenStartMs) return true;
    const fingerprint = await probe.programFingerprint(view.pid);
    if (fingerprint === undefined || fingerprint === this.#rightProgram) return true;
    const digest = await probe.programDigest(view.pid);
    if (digest === undefined) return true;
    const entry = revision.files.find(({ path }) => path === run.entry);
    const path = join(layout.releases, this.#journal.now.committed?.release ?? "", run.entry);
    if (digest !== entry?.sha256 && isElf(await firstBytes(disk.chunks(path)))) {
      this.#parts.note(
        `process ${view.pid} of ${service} executes another program than ${run.entry} and is being replaced`,
      );
      return false;
    }
    this.#rightProgram = fingerprint;
    return true;
  }

  async #health(
    { run }: Committed,
    view: ProcessView | undefined,
    addresses: ReadonlyMap<string, string>,
  ): Promise<Condition["health"]> {
    if (view === undefined || view.state === "waiting") return "unhealthy";
    if (view.state !== "running" || run.health.kind === "none") return "unknown";
    const answer = await askOnce(this.#parts, { id: view.id, run, addresses }, view.pid);
    return answer === undefined ? "healthy" : "unhealthy";
  }
}
