// The names in a repository that lead to commits.
import { createHash } from "node:crypto";
import { canonicalSemver, isPseudoVersion } from "@stoa/gomod";

/** A tag, and the commit that it leads to in the end, also if an annotation lies in between. */
export interface Tag {
  /** Without `refs/tags/`. */
  readonly name: string;
  readonly hash: string;
}

/** HEAD, the branches and the tags of a repository at one moment. Never changes. */
export class RepositoryRefs {
  /** In the order of their bytes. */
  readonly tags: readonly Tag[];
  readonly #hashes: ReadonlyMap<string, string>;

  /** Hashes of commits by full names: `HEAD`, `refs/heads/main`, `refs/tags/v1.0.0`. Others are passed over. */
  constructor(hashes: Iterable<readonly [name: string, hash: string]>) {
    this.#hashes = new Map(
      [...hashes].filter(([name]) => /^(HEAD$|refs\/(heads|tags)\/)/.test(name)),
    );
    this.tags = [...this.#hashes]
      .filter(([name]) => name.startsWith("refs/tags/"))
      .map(([name, hash]) => ({ name: name.slice("refs/tags/".length), hash }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  }

  /** The commit that a full name leads to. */
  hashOf(name: string): string | undefined {
    return this.#hashes.get(name);
  }

  /** All full names with their commits. */
  entries(): Iterable<readonly [name: string, hash: string]> {
    return this.#hashes;
  }

  /** Whether the same names lead to the same commits. */
  isSame(other: RepositoryRefs): boolean {
    if (this.#hashes.size !== other.#hashes.size) return false;
    return [...this.#hashes].every(([name, hash]) => other.#hashes.get(name) === hash);
  }

  /** The names of the tags that lead to a commit, in the order of their bytes. */
  tagsAt(hash: string): readonly string[] {
    return this.tags.filter((tag) => tag.hash === hash).map(({ name }) => name);
  }

  /**
   * A sum over the tags with a prefix that matter for versions, to see later whether they changed.
   * Authority: cmd/go codehost gitRepo.Tags and isOriginTag.
   */
  tagSum(prefix: string): string {
    const directory = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    const sum = createHash("sha256");
    for (const { name, hash } of this.tags) {
      if (!name.startsWith(prefix)) continue;
      const version = name.slice(directory.length);
      const canonical = canonicalSemver(version);
      if (canonical === "" || !version.startsWith(canonical) || isPseudoVersion(version)) continue;
      sum.update(`${JSON.stringify(name)} ${hash}\n`);
    }
    return `t1:${sum.digest("base64")}`;
  }
}
