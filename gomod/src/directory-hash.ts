// The h1: hash of go.sum and of the checksum database: one sha256 over the names and contents of many files.
import { createHash, hash } from "node:crypto";
import { InvalidText } from "./invalid-text.ts";

/** A file by its name and the sha256 of its content. */
export interface HashedFile {
  readonly name: string;
  /** In hexadecimal, lower case. */
  readonly sha256: string;
}

/** The same for a name that need not be UTF-8: its bytes, one UTF-16 unit for each. */
export interface RawHashedFile {
  readonly rawName: string;
  readonly sha256: string;
}

/**
 * `h1:` and the base64 sha256 of one line `<sha256>  <name>\n` per file, ordered by the bytes of the names. In a module
 * zip a name begins with `<path>@<version>/`. A name that occurs twice is hashed twice. Throws `InvalidText` of kind
 * `file name` for a name with a newline. Authority: golang.org/x/mod/sumdb/dirhash.Hash1.
 */
export function hashFiles(files: Iterable<HashedFile>): string {
  return hashRawFiles(
    Array.from(files, ({ name, sha256 }) => ({
      rawName: Buffer.from(name, "utf8").toString("latin1"),
      sha256,
    })),
  );
}

/** `hashFiles` for names by their bytes. */
export function hashRawFiles(files: readonly RawHashedFile[]): string {
  return hashOrderedFiles(files.toSorted(compareRawNames));
}

/** `hashRawFiles` for files that are in order already, each made when its turn comes. */
export function hashOrderedFiles(files: Iterable<RawHashedFile>): string {
  const sum = createHash("sha256");
  for (const { rawName, sha256 } of files) {
    if (rawName.includes("\n")) {
      const name = Buffer.from(rawName, "latin1").toString("utf8");
      throw new InvalidText(
        "file name",
        name,
        "h1 hashes cannot tell a newline in it from the next",
      );
    }
    sum.update(`${sha256}  ${rawName}\n`, "latin1");
  }
  return `h1:${sum.digest("base64")}`;
}

/** The `<path> <version>/go.mod h1:…` of go.sum, over the bytes of a `.mod` file. */
export function hashGoMod(bytes: Uint8Array): string {
  return hashRawFiles([{ rawName: "go.mod", sha256: hash("sha256", bytes, "hex") }]);
}

/** With one unit per byte, comparing the texts compares the bytes. */
function compareRawNames(a: RawHashedFile, b: RawHashedFile): number {
  if (a.rawName === b.rawName) return 0;
  return a.rawName < b.rawName ? -1 : 1;
}
