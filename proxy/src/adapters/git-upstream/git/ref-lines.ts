// Lists of names and hashes, as git prints them.
import { RepositoryRefs } from "../../../domain/repository/repository-refs.ts";

/** Where a mirror keeps the tip of the default branch, which need not be that of any branch. */
export const headRef = "refs/stoa/head";

/**
 * Reads what `git ls-remote` and `git show-ref --dereference` print. A tag with an annotation comes twice: the second
 * time, with `^{}`, with the commit that it leads to.
 */
export function parseRefLines(output: string): RepositoryRefs {
  const hashes = new Map<string, string>();
  const peeled = new Map<string, string>();
  for (const line of output.split("\n")) {
    const [hash = "", written = ""] = line.split(/[\t ]/, 2);
    const name = written === headRef ? "HEAD" : written;
    if (name.endsWith("^{}")) peeled.set(name.slice(0, -"^{}".length), hash);
    else if (name !== "") hashes.set(name, hash);
  }
  return new RepositoryRefs([...hashes, ...peeled]);
}
