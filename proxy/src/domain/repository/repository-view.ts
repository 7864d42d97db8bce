// What the rules of modules ask of a repository, whatever version control system it is kept with.
import type { RepositoryRefs } from "./repository-refs.ts";

export interface Commit {
  /** In full, hexadecimal, lower case. */
  readonly hash: string;
  /** When it was committed, in whole seconds. */
  readonly time: Date;
}

/**
 * A repository at one moment: its names do not change, and what they lead to never does. Only commits that branches or
 * tags lead to can be seen (or could once): a pull request is none of the repository's own. Each method may be called
 * many times at once and rejects with a `ProxyFailure` if the repository cannot be read.
 */
export interface RepositoryView {
  /** The version control system by the name of its program: `git`. */
  readonly system: string;
  /** Where it is, with scheme, without credentials. */
  readonly url: string;
  readonly refs: RepositoryRefs;
  /** The commit with this hash, or the only one whose hash begins so; `undefined` if there is none. */
  commit(hash: string): Promise<Commit | undefined>;
  /** The bytes of a file, unconverted (of a symbolic link: where it leads); `undefined` if there is none at this path. */
  file(commit: Commit, path: string): Promise<Uint8Array | undefined>;
  /** The names of the tags whose commits are in the history of a commit, itself included. */
  tagsBefore(commit: Commit): Promise<ReadonlySet<string>>;
}
