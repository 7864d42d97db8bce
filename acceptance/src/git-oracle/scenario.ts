// A repository, and what is asked about the modules in it.
import type { CommitMark } from "../../../proxy/src/adapters/git-upstream/testing/repository-draft.ts";
import { RepositoryDraft } from "../../../proxy/src/adapters/git-upstream/testing/repository-draft.ts";

/**
 * `module@query`, where `%3` stands for the hash of the third commit, `%3:12` for its first digits, and `#3` for its time
 * and hash as they end a pseudo-version: `v1.0.1-0.#3`.
 */
export type Question = string;

export interface Scenario {
  readonly name: string;
  /** Where the repository lies: `github.com/o/r`; several modules may be in it. */
  readonly place: string;
  readonly draft: RepositoryDraft;
  readonly format?: "sha1" | "sha256";
  /** Pages with go-import tags, by their addresses. */
  readonly pages?: Readonly<
    Record<string, string | { readonly status: number; readonly body: string }>
  >;
  readonly questions: readonly Question[];
  /** Modules whose list and latest version are asked for. */
  readonly modules: readonly string[];
}

/** The question with the hashes and times of a repository's commits. */
export function withHashes(
  question: Question,
  commits: readonly { readonly hash: string; readonly seconds: number }[],
): string {
  const hashOf = (index: string, digits = "64") =>
    commits[Number(index) - 1]!.hash.slice(0, Number(digits));
  return question
    .replace(/#(\d+)/, (_text, index: string) => {
      return `${timestamp(commits[Number(index) - 1]!.seconds)}-${hashOf(index, "12")}`;
    })
    .replace(/%(\d+)(?::(\d+))?/, (_text, index: string, digits?: string) => hashOf(index, digits));
}

function timestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\D/g, "").slice(0, 14);
}

export { type CommitMark, RepositoryDraft };
