// Names of bytes: what is called by its SHA-256 can never change.
import { createHash } from "node:crypto";
import { DocumentProblem } from "./document-problem.ts";

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = string;

/** 64 lower-case hexadecimal digits. */
export const sha256Pattern: RegExp = /^[0-9a-f]{64}$/;

/** The SHA-256 of bytes, or of a text in UTF-8, as 64 lower-case hexadecimal digits. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The digest of bytes, or of a text in UTF-8. */
export function digestOf(content: string | Uint8Array): Digest {
  return `sha256:${sha256Hex(content)}`;
}

/** The hexadecimal digits of a digest. Throws `DocumentProblem`. */
export function hexOfDigest(digest: Digest): string {
  const hex = digest.startsWith("sha256:") ? digest.slice("sha256:".length) : "";
  if (!sha256Pattern.test(hex)) {
    throw new DocumentProblem(
      "digest",
      "",
      `must be sha256: and 64 hexadecimal digits, not ${JSON.stringify(digest.slice(0, 100))}`,
    );
  }
  return hex;
}
