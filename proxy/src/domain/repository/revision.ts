// What a name in a repository leads to: a tag, a branch, HEAD, or the beginning of a hash.
import { isPseudoVersion, isSemver, pseudoVersionRev } from "@stoa/gomod";
import { type ModuleSource, noSuchVersion } from "./module-source.ts";
import type { Commit, RepositoryView } from "./repository-view.ts";

/** A commit, and how it was found. */
export interface Revision {
  readonly commit: Commit;
  /** The name of the tag that was asked for, or else the hash. */
  readonly name: string;
  /** The full name that leads to the commit, if what was asked for depends on one. */
  readonly ref: string | undefined;
  /** All tags of the commit. */
  readonly tags: readonly string[];
}

/** How many digits git prints at least; fewer are no hash. Authority: cmd/go codehost, minHashDigits. */
const fewestDigits = 7;
/** Of a commit in a pseudo-version. Authority: cmd/go codehost.ShortenSHA1. */
const shortHashLength = 12;

/** The hash as it stands in pseudo-versions. */
export function shortHash({ hash }: Commit): string {
  return hash.slice(0, shortHashLength);
}

/** What a version is called in the repository: its tag, or the commit in a pseudo-version (codeRepo.revToRev). */
function nameInRepository(asked: string, tagPrefix: string): string {
  if (!isSemver(asked)) return asked;
  if (isPseudoVersion(asked)) return pseudoVersionRev(asked);
  return tagPrefix + asked.replace(/\+incompatible$/, "");
}

/**
 * Finds a version, a branch, a tag or a commit. A tag goes before a branch of the same name, that before HEAD, and that
 * before a hash. Rejects with `not_found`. Authority: cmd/go codehost.gitRepo.Stat.
 */
export async function findRevision(source: ModuleSource, asked: string): Promise<Revision> {
  const { repository, layout } = source;
  const name = nameInRepository(asked, layout.tagPrefix);
  const { refs } = repository;
  const ref = [`refs/tags/${name}`, `refs/heads/${name}`, name === "HEAD" ? name : ""].find(
    (full) => refs.hashOf(full) !== undefined,
  );
  const found =
    ref === undefined ? hashAmongRefs(source, name) : { ref, hash: refs.hashOf(ref) ?? "" };
  const commit = found && (await repository.commit(found.hash));
  if (found === undefined || commit === undefined) {
    throw noSuchVersion(source, asked, `unknown revision ${name}`);
  }
  const tags = refs.tagsAt(commit.hash);
  const isTag = found.ref === `refs/tags/${name}`;
  return { commit, name: isTag ? name : commit.hash, ref: found.ref, tags };
}

/** The tip of the default branch; `undefined` in a repository without commits. */
export async function headRevision(repository: RepositoryView): Promise<Revision | undefined> {
  const hash = repository.refs.hashOf("HEAD");
  const commit = hash === undefined ? undefined : await repository.commit(hash);
  if (commit === undefined) return undefined;
  return { commit, name: commit.hash, ref: "HEAD", tags: repository.refs.tagsAt(commit.hash) };
}

/**
 * The hash that a text is the beginning of; `undefined` if it can be none. Names whose commits begin so say which is
 * meant; the first of them in order counts as the name.
 */
function hashAmongRefs(
  source: ModuleSource,
  prefix: string,
): { readonly ref: string | undefined; readonly hash: string } | undefined {
  if (prefix.length < fewestDigits || !/^[0-9a-f]+$/.test(prefix)) return undefined;
  const matching = [...source.repository.refs.entries()].filter(([, hash]) =>
    hash.startsWith(prefix),
  );
  const [first] = matching.toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (first === undefined) return { ref: undefined, hash: prefix };
  const [ref, hash] = first;
  if (matching.some(([, other]) => other !== hash)) {
    throw noSuchVersion(source, prefix, `${prefix} is the beginning of several commits`);
  }
  return { ref: ref === "HEAD" ? undefined : ref, hash };
}
