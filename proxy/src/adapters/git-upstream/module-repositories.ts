// The repositories of modules: finds them, mirrors them, and puts questions to them.
import type { ModulePath } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { moduleLayout } from "../../domain/repository/module-layout.ts";
import type { ModuleSource } from "../../domain/repository/module-source.ts";
import { OtherSystem } from "../../domain/repository/other-system.ts";
import type { RepositoryPlace } from "../../domain/repository/repository-place.ts";
import type { Upstream } from "../../domain/upstream.ts";
import type { Reach } from "./discovery/page-fetch.ts";
import { type AddressLookup, publicAddresses } from "./discovery/private-addresses.ts";
import type { FoundPlace, RepositoryFinder } from "./discovery/repository-finder.ts";
import { DamagedRepository } from "./git/bare-repository.ts";
import type { Mirror, RefsSnapshot } from "./mirror/mirror.ts";
import type { MirrorFolder, MirrorUse } from "./mirror/mirror-folder.ts";
import { MirrorView } from "./mirror/mirror-view.ts";

/** A module in its mirrored repository. */
export interface MirroredSource extends ModuleSource {
  readonly repository: MirrorView;
}

/** A question about a module. */
export interface Question<T> {
  /** `now`: the answer changes with the names in the repository; `ever`: it does not, once there is one. */
  readonly counts: "now" | "ever";
  readonly ask: (source: MirroredSource) => Promise<T>;
  /** Asks a module proxy, if the module is kept in one. */
  readonly askProxy: (proxy: Upstream) => Promise<T>;
}

export interface ModuleRepositoriesParts {
  /** What is wrong with the git program, as a part of a sentence. */
  readonly gitComplaint: () => Promise<string | undefined>;
  readonly finder: RepositoryFinder;
  readonly mirrors: MirrorFolder;
  /** The upstream for a module proxy that a go-import tag names. */
  readonly proxyAt: ((url: string) => Upstream) | undefined;
  readonly lookupAddresses: AddressLookup;
  /** How long it counts what names a repository has. */
  readonly refsFreshMs: number;
  readonly nowMs: () => number;
}

/** Addresses that are remembered at most. */
const mostAddresses = 10_000;

export class ModuleRepositories {
  readonly #parts: ModuleRepositoriesParts;
  /** Which of several addresses has answered, by the root that they stand for. */
  readonly #addresses = new Map<string, string>();
  #isGitChecked = false;

  constructor(parts: ModuleRepositoriesParts) {
    this.#parts = parts;
  }

  /** The answer of the module's repository. Rejects with a `ProxyFailure`, or with the signal's reason. */
  async answer<T>(path: ModulePath, question: Question<T>, signal: AbortSignal): Promise<T> {
    const found = await this.#parts.finder.find(path, signal);
    const { place, reach } = found;
    if (place.system === "mod") return question.askProxy(await this.#proxyAt(found));
    if (place.system !== "git") {
      throw new OtherSystem(place.root, place.system);
    }
    await this.#checkGit();
    const layout = moduleLayout(path, place);
    using use = await this.#mirrorOf(found, signal);
    const { mirror } = use;
    const answer = () => this.#askMirror(mirror, { ...question, layout, reach, signal });
    const { generation } = mirror.repository;
    try {
      return await answer();
    } catch (failure) {
      if (!(failure instanceof DamagedRepository)) throw failure;
      await mirror.discard(generation);
      return await answer().catch(stillDamaged);
    }
  }

  /** A program that is missing may be installed while this one runs. */
  async #checkGit(): Promise<void> {
    if (this.#isGitChecked) return;
    const complaint = await this.#parts.gitComplaint();
    if (complaint !== undefined) throw new ProxyFailure("unsupported", complaint);
    this.#isGitChecked = true;
  }

  async #proxyAt({ place, reach }: FoundPlace): Promise<Upstream> {
    const { proxyAt, lookupAddresses } = this.#parts;
    const [url = ""] = place.urls;
    if (proxyAt === undefined) {
      throw new ProxyFailure("unsupported", `${place.root} is kept in another module proxy`);
    }
    if (!reach.isPrivate) await publicAddresses(new URL(url).hostname, lookupAddresses);
    return proxyAt(url);
  }

  async #askMirror<T>(mirror: Mirror, question: MirrorQuestion<T>): Promise<T> {
    const { reach, signal, layout } = question;
    const ask = ({ refs }: RefsSnapshot): Promise<T> =>
      question.ask({ layout, repository: new MirrorView(mirror, { refs, reach, signal }) });
    const askedMs = this.#parts.nowMs();
    if (question.counts === "now") {
      return ask(await mirror.current(askedMs - this.#parts.refsFreshMs, reach, signal));
    }
    const known = await mirror.known(reach, signal);
    try {
      return await ask(known);
    } catch (failure) {
      // A version that is not known may have been made a moment ago.
      if (!mayPass(failure) || known.takenMs >= askedMs) throw failure;
      const current = await mirror.current(askedMs, reach, signal);
      if (current.refs.isSame(known.refs)) throw failure;
      return ask(current);
    }
  }

  /** The mirror of the first address that answers. If none does, what the first one says stands. */
  async #mirrorOf({ place, reach }: FoundPlace, signal: AbortSignal): Promise<MirrorUse> {
    const { mirrors } = this.#parts;
    const [first = "", ...others] = place.urls;
    if (others.length === 0) return mirrors.use(first);
    const chosen = this.#addresses.get(place.root);
    if (chosen !== undefined) return mirrors.use(chosen);

    const failures: unknown[] = [];
    for (const url of place.urls) {
      const use = await mirrors.use(url);
      try {
        await this.#hearFrom(use.mirror, reach, signal);
        this.#choose(place, url);
        return use;
      } catch (failure) {
        use[Symbol.dispose]();
        signal.throwIfAborted();
        failures.push(failure);
      }
    }
    throw failures[0];
  }

  /** Rejects if there is no repository behind the mirror. */
  async #hearFrom(mirror: Mirror, reach: Reach, signal: AbortSignal): Promise<void> {
    const remembered = await mirror.remembered();
    if (remembered === undefined) await mirror.current(this.#parts.nowMs(), reach, signal);
  }

  #choose({ root }: RepositoryPlace, url: string): void {
    const [oldest] = this.#addresses.keys();
    if (this.#addresses.size >= mostAddresses && oldest !== undefined) {
      this.#addresses.delete(oldest);
    }
    this.#addresses.set(root, url);
  }
}

interface MirrorQuestion<T> extends Question<T> {
  readonly layout: ModuleSource["layout"];
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/** Whether asking the repository again may change the answer. */
function mayPass(failure: unknown): boolean {
  return (
    failure instanceof ProxyFailure &&
    (failure.code === "not_found" || failure.code === "upstream_unavailable")
  );
}

function stillDamaged(cause: unknown): never {
  if (!(cause instanceof DamagedRepository)) throw cause;
  throw new ProxyFailure(
    "upstream_unavailable",
    "the mirror of its repository cannot be read, not even after starting over",
    { cause },
  );
}
