// How git writes commits and trees.
import { DamagedRepository } from "./bare-repository.ts";

/** What of a commit matters here. */
export interface ParsedCommit {
  readonly tree: string;
  /** When it was committed. */
  readonly time: Date;
}

/** What a name in a directory leads to. */
export interface TreeEntry {
  readonly kind: "file" | "link" | "directory" | "submodule";
  readonly hash: string;
}

/** One name in a directory, as git keeps it. */
export interface NamedEntry extends TreeEntry {
  readonly mode: string;
  /** As it is, byte by byte. */
  readonly rawName: Buffer;
}

/** The modes that git gives to entries; every other is a file's. Authority: git-scm.com/docs/git-fast-import. */
const kinds: Readonly<Record<string, TreeEntry["kind"]>> = {
  "40000": "directory",
  "040000": "directory",
  "120000": "link",
  "160000": "submodule",
};

/** Throws `DamagedRepository` if it is no commit. */
export function parseCommit(bytes: Uint8Array): ParsedCommit {
  const text = Buffer.from(bytes).toString("latin1");
  const [head = ""] = text.split("\n\n", 1);
  const tree = /^tree ([0-9a-f]{40,64})$/m.exec(head)?.[1];
  // Between the mail address and the time zone: seconds since 1970.
  const seconds = /^committer .*> (-?\d+) [-+]\d+$/m.exec(head)?.[1];
  if (tree === undefined || seconds === undefined)
    throw new DamagedRepository("a commit cannot be read");
  return { tree, time: new Date(Number(seconds) * 1000) };
}

/** One text for each of the modes that nearly all entries have, for there may be very many of them. */
const commonModes = new Map(["100644", "100755", "120000"].map((mode) => [mode, mode]));

/**
 * The entries of a directory, in git's order, each made when its turn comes. Throws `DamagedRepository` if it is none.
 */
export function* treeEntries(
  buffer: Buffer,
  hashLength: number,
): Generator<NamedEntry, void, undefined> {
  for (let position = 0; position < buffer.length; ) {
    const space = buffer.indexOf(0x20, position);
    const nul = buffer.indexOf(0, space);
    const end = nul + 1 + hashLength;
    if (space < 0 || nul < 0 || end > buffer.length) {
      throw new DamagedRepository("a directory cannot be read");
    }
    const mode = buffer.toString("latin1", position, space);
    yield {
      kind: kinds[mode] ?? "file",
      hash: buffer.toString("hex", nul + 1, end),
      mode: commonModes.get(mode) ?? mode,
      rawName: buffer.subarray(space + 1, nul),
    };
    position = end;
  }
}
