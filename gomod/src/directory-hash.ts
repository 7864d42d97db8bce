// The h1: hash of go.sum and of the checksum database: one sha256 over the names and contents of many files.
import { createHash, hash } from "node:crypto";
import { InvalidText } from "./invalid-text.ts";

/** A file by its name and the sha256 of its content. */
export interface HashedFile {
  /** A text, or the bytes of a name that need not be UTF-8. */
  readonly name: string | Uint8Array;
  /** In hexadecimal, lower case. */
  readonly sha256: string;
}

/**
 * `h1:` and the base64 sha256 of one line `<sha256>  <name>\n` per file, ordered by the bytes of the names. In a module
 * zip a name begins with `<path>@<version>/`. A name that occurs twice is hashed twice. Throws `InvalidText` of kind
 * `file name` for a name with a newline. Authority: golang.org/x/mod/sumdb/dirhash.Hash1.
 */
export function hashFiles(files: Iterable<HashedFile>): string {
  const lines = Array.from(files, (file) => ({
    name: bytesAsText(file.name),
    sha256: file.sha256,
  }));
  lines.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

  const sum = createHash("sha256");
  for (const { name, sha256 } of lines) {
    if (name.includes("\n")) {
      const text = Buffer.from(name, "latin1").toString("utf8");
      throw new InvalidText(
        "file name",
        text,
        "h1 hashes cannot tell a newline in it from the next",
      );
    }
    sum.update(`${sha256}  ${name}\n`, "latin1");
  }
  return `h1:${sum.digest("base64")}`;
}

/** The `<path> <version>/go.mod h1:…` of go.sum, over the bytes of a `.mod` file. */
export function hashGoMod(bytes: Uint8Array): string {
  return hashFiles([{ name: "go.mod", sha256: hash("sha256", bytes, "hex") }]);
}

/** One UTF-16 unit per byte, so that comparing the texts compares the bytes. */
function bytesAsText(name: string | Uint8Array): string {
  if (typeof name === "string") return Buffer.from(name, "utf8").toString("latin1");
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString("latin1");
}
