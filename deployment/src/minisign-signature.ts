// Signatures as minisign writes them, over the BLAKE2b-512 of a text. Authority: the file formats of minisign(1).
import { createHash, sign, verify } from "node:crypto";
import { DocumentProblem } from "./document-problem.ts";
import { base64Line, idBytes, idOf, type PublicKey, type SecretKey } from "./minisign-key.ts";

/** A signature, not yet verified. */
export interface Signature {
  /** The id of the key that claims to have made it. */
  readonly keyId: string;
  /** Signed as well: what is being signed, in the signer's words. */
  readonly trustedComment: string;
  readonly ofContent: Uint8Array;
  readonly ofComment: Uint8Array;
}

/** `ED` signs the BLAKE2b-512 of the content; `Ed`, which signs the content itself, is legacy and not taken. */
const prehashed = "ED";
const idLength = 8;
const signatureLength = 64;
const commentPrefix = "trusted comment: ";

/** The text of a signature file: what `minisign -V` reads as `.minisig`. Deterministic: same content, same signature. */
export function signText(content: string, trustedComment: string, key: SecretKey): string {
  if (/[\r\n]/.test(trustedComment)) {
    throw new DocumentProblem("signature", "", "must have a trusted comment of one line");
  }
  const ofContent = sign(null, prehash(content), key.secret);
  const ofComment = sign(null, commentBytes(ofContent, trustedComment), key.secret);
  const first = Buffer.concat([Buffer.from(prehashed), idBytes(key.id), ofContent]);
  return [
    `untrusted comment: signature from ${key.id}`,
    first.toString("base64"),
    `${commentPrefix}${trustedComment}`,
    ofComment.toString("base64"),
    "",
  ].join("\n");
}

/** Reads a signature file. Nothing it says is true before `verifiesText`. Throws `DocumentProblem`. */
export function parseSignature(text: string): Signature {
  const [untrusted = "", first = "", trusted = "", last = "", ...rest] = text
    .replace(/\r?\n$/, "")
    .split(/\r?\n/);
  if (rest.length > 0 || !trusted.startsWith(commentPrefix)) {
    throw new DocumentProblem(
      "signature",
      "",
      "is not in minisign's format: four lines, the third a trusted comment",
    );
  }
  const bytes = base64Line("signature", `${untrusted}\n${first}`, 2 + idLength + signatureLength);
  if (bytes.toString("latin1", 0, 2) !== prehashed) {
    throw new DocumentProblem(
      "signature",
      "",
      "is not prehashed; sign with minisign 0.10 or later, without -l",
    );
  }
  return {
    keyId: idOf(bytes.subarray(2, 2 + idLength)),
    trustedComment: trusted.slice(commentPrefix.length),
    ofContent: bytes.subarray(2 + idLength),
    ofComment: base64Line("signature", last, signatureLength),
  };
}

/** Whether this key made the signature over this content and over the trusted comment. */
export function verifiesText(content: string, signature: Signature, key: PublicKey): boolean {
  const { ofContent, ofComment, trustedComment } = signature;
  return (
    verify(null, prehash(content), key.key, ofContent) &&
    verify(null, commentBytes(ofContent, trustedComment), key.key, ofComment)
  );
}

function prehash(content: string): Buffer {
  return createHash("blake2b512").update(content).digest();
}

function commentBytes(ofContent: Uint8Array, trustedComment: string): Buffer {
  return Buffer.concat([ofContent, Buffer.from(trustedComment)]);
}
