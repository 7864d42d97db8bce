// The files below a directory of a commit.
import { isUtf8 } from "node:buffer";
import { kindOfMode, type TreeEntry } from "../git/git-objects.ts";

/** A file, symbolic link or submodule. */
export interface ListedFile {
  /** Relative to the listed directory. What is no UTF-8 has replacement characters, which no module may have. */
  readonly path: string;
  /** As it is, byte by byte. */
  readonly rawPath: Buffer;
  readonly mode: string;
  readonly kind: TreeEntry["kind"];
  readonly hash: string;
}

/** Reads what `git ls-tree -r -z` prints. Authority: git-scm.com/docs/git-ls-tree, OUTPUT FORMAT. */
export function parseTreeListing(output: Buffer): readonly ListedFile[] {
  const files: ListedFile[] = [];
  for (let start = 0; start < output.length; ) {
    const tab = output.indexOf(0x09, start);
    const end = output.indexOf(0, tab);
    if (tab < 0 || end < 0) throw new Error("a list of files cannot be read");
    const [mode = "", , hash = ""] = output.toString("latin1", start, tab).split(" ");
    const rawPath = output.subarray(tab + 1, end);
    const path = rawPath.toString("utf8");
    files.push({
      path: isUtf8(rawPath) ? path : `${path}\ufffd`,
      rawPath,
      mode,
      kind: kindOfMode(mode),
      hash,
    });
    start = end + 1;
  }
  return files;
}
