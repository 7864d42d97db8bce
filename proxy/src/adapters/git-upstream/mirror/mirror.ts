// What has been needed of a repository on another machine, on this one.
import type { RepositoryRefs } from "../../../domain/repository/repository-refs.ts";
import type { Reach } from "../discovery/page-fetch.ts";
import {
  BareRepository,
  type BareRepositoryParts,
  DamagedRepository,
} from "../git/bare-repository.ts";
import { type FetchLimits, TooMuchToFetch } from "../git/fetch-progress.ts";
import type { GitObject } from "../git/object-reader.ts";
import { RunningWork, unlessAborted } from "../running-work.ts";
import { FetchBatches } from "./fetch-batches.ts";
import { NoParts, OtherFormat } from "./remote-connection.ts";
import type { ObjectFilter, RemoteRepository } from "./remote-repository.ts";

export interface MirrorParts extends BareRepositoryParts {
  readonly remote: RemoteRepository;
  readonly nowMs: () => number;
  readonly fillSteps: readonly FillStep[];
  /** Told after a fetch. */
  readonly onGrown: () => void;
}

/** Names, and when they were those of the repository. */
export interface RefsSnapshot {
  readonly refs: RepositoryRefs;
  /** By the clock of the mirror; before all times if an earlier process has read them. */
  readonly takenMs: number;
}

/** How a mirror is filled. */
interface MirrorNote {
  readonly url: string;
  readonly filter: ObjectFilter;
}

/** A way to fill a mirror, and how much it may bring; too much is begun again in the next way. */
export interface FillStep {
  readonly filter: ObjectFilter;
  readonly limits?: FetchLimits;
}

/**
 * Most repositories are small: they come whole, with one fetch for all that will ever be asked of their versions. Of
 * larger ones come commits and directories, of very large ones commits alone; the rest comes when it is needed.
 */
export const defaultFillSteps: readonly FillStep[] = [
  { filter: "", limits: { mostObjects: 20_000, mostBytes: 32 * 2 ** 20 } },
  { filter: "blob:none", limits: { mostObjects: 500_000, mostBytes: Number.POSITIVE_INFINITY } },
  { filter: "tree:0" },
];

/**
 * Nothing is lost if the program ends at any moment: git makes visible only what is complete. Methods reject with a
 * `ProxyFailure` if the repository cannot be asked, with `DamagedRepository` if the mirror cannot be read.
 */
export class Mirror {
  readonly repository: BareRepository<MirrorNote>;
  readonly #parts: MirrorParts;
  readonly #snapshots = new RunningWork<RefsSnapshot>();
  readonly #histories = new RunningWork<void>();
  readonly #batches = new Map<boolean, FetchBatches>();
  /** The names that were heard last, and those whose commits are all here. */
  #heard: RefsSnapshot | undefined;
  #here: RefsSnapshot | undefined;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    this.repository = new BareRepository(parts);
  }

  /** Where the repository is that this one mirrors. */
  get url(): string {
    return this.#parts.remote.url;
  }

  /** Whether no work runs that others have left to itself. */
  get isIdle(): boolean {
    const batches = [...this.#batches.values()];
    return [this.#snapshots, this.#histories, ...batches].every(({ isIdle }) => isIdle);
  }

  /** The names that the repository had when it was last asked, perhaps by an earlier process; `undefined` if never. */
  async remembered(): Promise<RefsSnapshot | undefined> {
    const here = await this.#readHere();
    const heard = this.#heard;
    return heard !== undefined && heard.takenMs > (here?.takenMs ?? 0) ? heard : here;
  }

  /** The names that the repository had at some time; if none are remembered, it is fetched. */
  async known(reach: Reach, signal: AbortSignal): Promise<RefsSnapshot> {
    const remembered = await this.remembered();
    if (remembered !== undefined) return remembered;
    await this.ensureHistory(undefined, reach, signal);
    const fetched = await this.#readHere();
    if (fetched === undefined) throw new DamagedRepository("nothing is left of what was fetched");
    return fetched;
  }

  /** The names that the repository has now, or had after `notBeforeMs`. */
  async current(notBeforeMs: number, reach: Reach, signal: AbortSignal): Promise<RefsSnapshot> {
    const remembered = await this.remembered();
    if (remembered !== undefined && remembered.takenMs >= notBeforeMs) return remembered;
    return this.#snapshots.join("refs", signal, async () => {
      const takenMs = this.#parts.nowMs();
      const refs = await this.#parts.remote.refs(this.repository.folder, reach);
      this.#heard = { refs, takenMs };
      return this.#heard;
    });
  }

  /** Brings all commits that the names lead to, unless they are here; without names, those that there are now. */
  async ensureHistory(
    refs: RepositoryRefs | undefined,
    reach: Reach,
    signal: AbortSignal,
  ): Promise<void> {
    // A fetch that runs already may have begun before the names were known.
    for (let tries = 0; tries < 2 && !(await this.#covers(refs)); tries++) {
      await this.#histories.join("history", signal, () => this.#fetchHistory(reach));
    }
  }

  /** An object that exists in the repository, fetched if it is not here. */
  async object(hash: string, reach: Reach, signal: AbortSignal): Promise<GitObject> {
    const here = await this.repository.object(hash);
    if (here !== undefined) return here;
    await this.fetchObjects([hash], reach, signal);
    const fetched = await this.repository.object(hash);
    if (fetched === undefined) throw new DamagedRepository(`${hash} is missing`);
    return fetched;
  }

  /** Whether one of the names whose commits have been fetched leads to an object. */
  async hasNameFor(hash: string): Promise<boolean> {
    const names = (await this.#readHere())?.refs.entries() ?? [];
    return [...names].some(([, named]) => named === hash);
  }

  /** Fetches objects, directories with all directories below them. */
  async fetchObjects(hashes: readonly string[], reach: Reach, signal: AbortSignal): Promise<void> {
    if (hashes.length === 0) return;
    const note = await this.repository.note();
    if (note === undefined || note.filter === "")
      throw new DamagedRepository("objects are missing");
    try {
      await unlessAborted(this.#batchesFor(reach).add(hashes), signal);
    } catch (failure) {
      if (!(failure instanceof NoParts)) throw failure;
      await this.#ensureWhole(reach, signal);
    }
    this.#parts.onGrown();
  }

  /** Removes everything. Does nothing if that has happened since `generation`. */
  async discard(generation?: number): Promise<void> {
    if (generation !== undefined && generation !== this.repository.generation) return;
    this.#heard = undefined;
    this.#here = undefined;
    await this.repository.discard();
  }

  async #fetchHistory(reach: Reach): Promise<void> {
    const takenMs = this.#parts.nowMs();
    const note = await this.repository.note();
    if (note === undefined) await this.#fill(reach, this.#parts.fillSteps);
    else await this.#fetchNew(reach, note);
    this.#here = { refs: await this.repository.refs(), takenMs };
    this.#parts.onGrown();
  }

  /** A repository that was made anew with other hashes is cloned anew. */
  async #fetchNew(reach: Reach, { filter }: MirrorNote): Promise<void> {
    try {
      await this.#parts.remote.fetchHistory(this.repository.folder, reach, filter);
    } catch (failure) {
      if (!(failure instanceof OtherFormat)) throw failure;
      return this.#fill(reach, this.#parts.fillSteps);
    }
    await this.repository.run(["pack-refs", "--all"], this.#parts.ended);
  }

  /** Fills a new mirror in the first of some ways that is not too much. */
  async #fill(reach: Reach, steps: readonly FillStep[]): Promise<void> {
    const [step = { filter: "" }, ...others] = steps;
    try {
      await this.#fillOnce(reach, step);
    } catch (failure) {
      if (failure instanceof TooMuchToFetch) return this.#fill(reach, others);
      // A server that does not send parts sends everything.
      if (failure instanceof NoParts && step.filter !== "") return this.#fill(reach, []);
      throw failure;
    }
  }

  #fillOnce(reach: Reach, step: FillStep): Promise<void> {
    return this.repository.replace(async (folder) => {
      const { isFiltered } = await this.#parts.remote.clone(folder, reach, step);
      return { url: this.url, filter: isFiltered ? step.filter : "" };
    });
  }

  async #ensureWhole(reach: Reach, signal: AbortSignal): Promise<void> {
    // Under the key of the histories, for nothing may be fetched into what is being replaced.
    for (let tries = 0; tries < 2 && (await this.repository.note())?.filter !== ""; tries++) {
      await this.#histories.join("history", signal, () => this.#fill(reach, []));
    }
  }

  #batchesFor(reach: Reach): FetchBatches {
    const known = this.#batches.get(reach.isPrivate);
    if (known !== undefined) return known;
    const batches = new FetchBatches((hashes) => {
      const options = { filter: "blob:none", hashes } as const;
      return this.#parts.remote.fetchObjects(this.repository.folder, reach, options);
    });
    this.#batches.set(reach.isPrivate, batches);
    return batches;
  }

  async #readHere(): Promise<RefsSnapshot | undefined> {
    if (this.#here !== undefined) return this.#here;
    if ((await this.repository.note()) === undefined) return undefined;
    const refs = await this.repository.refs();
    this.#here ??= { refs, takenMs: Number.NEGATIVE_INFINITY };
    return this.#here;
  }

  async #covers(refs: RepositoryRefs | undefined): Promise<boolean> {
    const here = (await this.#readHere())?.refs;
    if (here === undefined || refs === undefined) return here !== undefined;
    if (here === refs) return true;
    const hashes = new Set([...here.entries()].map(([, hash]) => hash));
    // HEAD may have moved to another branch.
    return [...refs.entries()].every(([name, hash]) =>
      name === "HEAD" ? hashes.has(hash) : here.hashOf(name) === hash,
    );
  }
}
