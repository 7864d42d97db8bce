// A repository as the rules of modules see it: names at one moment, and what a mirror knows or fetches about them.

import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import type { RepositoryRefs } from "../../../domain/repository/repository-refs.ts";
import type { Commit, RepositoryView } from "../../../domain/repository/repository-view.ts";
import type { Reach } from "../discovery/page-fetch.ts";
import { DamagedRepository } from "../git/bare-repository.ts";
import {
  type NamedEntry,
  type ParsedCommit,
  parseCommit,
  type TreeEntry,
  treeEntries,
} from "../git/git-objects.ts";
import type { GitObject } from "../git/object-reader.ts";
import type { Mirror } from "./mirror.ts";

/** How a mirror is seen. */
export interface Sight {
  readonly refs: RepositoryRefs;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/** The entries of a directory, made anew whenever somebody goes through them: kept, they would take ten times as much. */
type Tree = Iterable<NamedEntry>;

/** Remembers what it has read; to be used for one question. */
export class MirrorView implements RepositoryView {
  readonly system = "git";
  readonly refs: RepositoryRefs;
  readonly mirror: Mirror;
  readonly sight: Sight;
  readonly #commits = new Map<string, Promise<ParsedCommit>>();
  readonly #trees = new Map<string, Promise<Tree>>();

  constructor(mirror: Mirror, sight: Sight) {
    this.mirror = mirror;
    this.sight = sight;
    this.refs = sight.refs;
  }

  get url(): string {
    return this.mirror.url;
  }

  async commit(hash: string): Promise<Commit | undefined> {
    const { reach, signal } = this.sight;
    const name = `${hash}^{commit}`;
    let object = await this.mirror.repository.object(name);
    if (object === undefined) {
      await this.mirror.ensureHistory(this.refs, reach, signal);
      object = await this.mirror.repository.object(name);
    }
    if (object === undefined) {
      await this.#checkNamed(hash);
      return undefined;
    }
    const parsed = parsedCommit(object);
    this.#commits.set(object.hash, Promise.resolve(parsed));
    return { hash: object.hash, time: parsed.time };
  }

  async file(commit: Commit, path: string): Promise<Uint8Array | undefined> {
    const entry = await this.entry(commit, path);
    if (entry?.kind !== "file" && entry?.kind !== "link") return undefined;
    const { reach, signal } = this.sight;
    const { content } = await this.mirror.object(entry.hash, reach, signal);
    if (content !== undefined) return content;
    throw new ProxyFailure("invalid_module", `${path} is far too large`);
  }

  async tagsBefore(commit: Commit): Promise<ReadonlySet<string>> {
    const { reach, signal } = this.sight;
    await this.mirror.ensureHistory(this.refs, reach, signal);
    const output = await this.mirror.repository.run(
      ["for-each-ref", `--merged=${commit.hash}`, "--format=%(refname)", "refs/tags/"],
      signal,
    );
    const names = output.toString().split("\n");
    return new Set(names.map((name) => name.slice("refs/tags/".length)));
  }

  /** What a path leads to in a commit; the root for "". */
  async entry(commit: Commit, path: string): Promise<TreeEntry | undefined> {
    let entry: TreeEntry | undefined = { kind: "directory", hash: await this.#rootOf(commit) };
    for (const name of path.split("/").filter((element) => element !== "")) {
      if (entry?.kind !== "directory") return undefined;
      entry = entryNamed(Buffer.from(name), await this.tree(entry.hash));
    }
    return entry;
  }

  /**
   * The entries of a directory, in git's order; with it all directories below it are fetched if they are not here. Going
   * through them throws `DamagedRepository` if they cannot be read.
   */
  tree(hash: string): Promise<Tree> {
    const known = this.#trees.get(hash);
    if (known !== undefined) return known;
    const tree = this.#readTree(hash);
    this.#trees.set(hash, tree);
    return tree;
  }

  /** What a name of the mirror leads to is here, but need not be a commit. */
  async #checkNamed(hash: string): Promise<void> {
    if (
      (await this.mirror.hasNameFor(hash)) &&
      (await this.mirror.repository.object(hash)) === undefined
    ) {
      throw new DamagedRepository(`${hash} is missing`);
    }
  }

  async #rootOf({ hash }: Commit): Promise<string> {
    const known = this.#commits.get(hash);
    if (known !== undefined) return (await known).tree;
    const { reach, signal } = this.sight;
    return parsedCommit(await this.mirror.object(hash, reach, signal)).tree;
  }

  async #readTree(hash: string): Promise<Tree> {
    const { reach, signal } = this.sight;
    const { content } = await this.mirror.object(hash, reach, signal);
    if (content === undefined) {
      throw new ProxyFailure("invalid_module", "a directory of the repository is far too large");
    }
    return { [Symbol.iterator]: () => treeEntries(content, hash.length / 2) };
  }
}

function entryNamed(rawName: Buffer, tree: Tree): TreeEntry | undefined {
  for (const entry of tree) if (entry.rawName.equals(rawName)) return entry;
  return undefined;
}

function parsedCommit({ content, hash }: GitObject): ParsedCommit {
  if (content === undefined) throw new DamagedRepository(`the commit ${hash} is far too large`);
  return parseCommit(content);
}
