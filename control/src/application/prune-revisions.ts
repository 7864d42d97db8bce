// Retention: revisions that nobody could want any more, and contents that no revision names, are removed.
import { isOver } from "@stoa/deployment";
import type { BlobShelf } from "../domain/blob-shelf.ts";
import type { Clock } from "../domain/clock.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { treePaths } from "../domain/tree-paths.ts";
import type { Environments } from "./change-environments.ts";
import type { Revisions } from "./keep-revisions.ts";
import type { Rollouts } from "./keep-rollouts.ts";
import type { AuditLog } from "./record-audit.ts";

/** So many revisions that once held are kept for each service and environment, to go back to. */
const rollbackTargets = 10;
/** What is not wanted must not have been wanted for so long: somebody may be about to upload or deploy it. */
const graceMs = 6 * 3_600_000;

interface PruneParts {
  readonly tree: DocumentTree;
  readonly blobs: BlobShelf;
  readonly environments: Environments;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** Removes what is not wanted; looks are to be repeated, for only what two looks far enough apart find is removed. */
export class Retention {
  readonly #parts: PruneParts;
  /** Since when something has not been wanted, by its path in the tree. */
  readonly #unwanted = new Map<string, number>();

  constructor(parts: PruneParts) {
    this.#parts = parts;
  }

  /** Contents that somebody has just asked for stay until a revision can name them. */
  spare(digests: readonly string[]): void {
    for (const sha256 of digests)
      this.#unwanted.set(`blobs/sha256/${sha256}`, this.#parts.clock.now());
  }

  /** Looks once. */
  async prune(): Promise<void> {
    const found = new Set<string>();
    const named = await this.#pruneRevisions(found);
    await this.#pruneContents(named, found);
    for (const path of this.#unwanted.keys()) if (!found.has(path)) this.#unwanted.delete(path);
  }

  /** Gives the digests of the contents that the remaining revisions name. */
  async #pruneRevisions(found: Set<string>): Promise<ReadonlySet<string>> {
    const { tree, revisions } = this.#parts;
    const wanted = new Set([...(await this.#inIndexes()), ...this.#inRollouts()]);
    const named = new Set<string>();
    const staying: string[] = [];
    for (const path of await tree.list("revisions")) {
      found.add(path);
      if (this.#isDue(path, wanted.has(path))) await this.#remove(path, () => tree.remove(path));
      else staying.push(path);
    }
    await inParallel(staying, async (path) => {
      const [, service = "", id = ""] = /^revisions\/([^/]+)\/([0-9a-f]+)\.json$/.exec(path) ?? [];
      const { files } = (await revisions.get(service, id)).revision;
      for (const { sha256 } of files) named.add(sha256);
    });
    return named;
  }

  async #pruneContents(named: ReadonlySet<string>, found: Set<string>): Promise<void> {
    const { blobs } = this.#parts;
    for await (const sha256 of blobs.list()) {
      const path = `blobs/sha256/${sha256}`;
      found.add(path);
      if (this.#isDue(path, named.has(sha256))) {
        await this.#remove(path, () => blobs.remove(sha256));
      }
    }
  }

  /** What runs somewhere, or is to. */
  async #inIndexes(): Promise<readonly string[]> {
    const { environments } = this.#parts;
    const names = await environments.list();
    const indexes = await Promise.all(names.map((name) => environments.read(name)));
    return indexes
      .flatMap((index) => Object.values(index?.services ?? {}))
      .flatMap(({ service, revision, previous, kept = {} }) =>
        pathsOf(service, [revision, previous, ...Object.values(kept).map((held) => held.revision)]),
      );
  }

  /** What a rollout is about that has not ended, and what can be gone back to. */
  #inRollouts(): readonly string[] {
    const all = this.#parts.rollouts.list().map(({ rollout }) => rollout);
    const running = all
      .filter((rollout) => !isOver(rollout))
      .flatMap(({ service, revision, previous }) => pathsOf(service, [revision, previous]));
    const held = all.filter(({ state }) => state === "succeeded");
    const groups = Map.groupBy(held, ({ environment, service }) => `${environment}/${service}`);
    const targets = [...groups.values()].flatMap((ofGroup) => {
      const paths = ofGroup.flatMap(({ service, revision }) => pathsOf(service, [revision]));
      return [...new Set(paths)].slice(0, rollbackTargets);
    });
    return [...running, ...targets];
  }

  #isDue(path: string, isWanted: boolean): boolean {
    if (isWanted) {
      this.#unwanted.delete(path);
      return false;
    }
    const now = this.#parts.clock.now();
    const since = this.#unwanted.get(path) ?? now;
    this.#unwanted.set(path, since);
    return now - since >= graceMs;
  }

  async #remove(path: string, remove: () => Promise<void>): Promise<void> {
    await this.#parts.audit.record("stoa", "retention.remove", path);
    await remove();
    this.#unwanted.delete(path);
  }
}

function pathsOf(service: string, ids: readonly (string | undefined)[]): readonly string[] {
  return ids.flatMap((id) => (id === undefined ? [] : treePaths.revision(service, id)));
}
