// Lists of names and hashes, as git prints them.
import { RepositoryRefs } from "../../../domain/repository/repository-refs.ts";

/** Where a mirror keeps the tip of the default branch, which need not be that of any branch. */
export const headRef = "refs/stoa/head";

/**
 * The packed names of a clone with `headRef` among them, in git's order; `head` is the content of its file HEAD. Without
 * a default branch, or one with commits, as it was.
 */
export function withHeadRef(packed: string, head: string): string {
  const lines = packed.split("\n");
  const branch = /^ref: (.+)$/m.exec(head)?.[1];
  const hash =
    branch === undefined
      ? head.trim()
      : lines.find((line) => line.endsWith(` ${branch}`) && /^[0-9a-f]/.test(line))?.split(" ")[0];
  if (!hash) return packed;
  const isBehind = (line: string): boolean =>
    /^[0-9a-f]/.test(line) && line.slice(line.indexOf(" ") + 1) > headRef;
  const at = lines.findIndex((line) => line === "" || isBehind(line));
  return lines.toSpliced(at, 0, `${hash} ${headRef}`).join("\n");
}

/** Reads the file that `git pack-refs` writes. Authority: git-scm.com/docs/git-pack-refs; refs/packed-backend.c. */
export function parsePackedRefs(text: string): RepositoryRefs {
  let name = "";
  const lines = text.split("\n").map((line) => {
    if (line.startsWith("#") || line === "") return "";
    if (line.startsWith("^")) return `${line.slice(1)} ${name}^{}`;
    name = line.slice(line.indexOf(" ") + 1);
    return line;
  });
  return parseRefLines(lines.join("\n"));
}

/**
 * Reads what `git ls-remote` prints. A tag with an annotation comes twice: the second
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
