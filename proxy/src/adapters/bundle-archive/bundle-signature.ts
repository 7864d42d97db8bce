// Signatures of bundles, in minisign's format (https://jedisct1.github.io/minisign/), by Ed25519 keys in PEM.
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";

/** `ED`: what is signed is the BLAKE2b-512 hash of the file. */
const prehashed = Buffer.from("ED");
/** The prefix of a raw Ed25519 key in SubjectPublicKeyInfo (RFC 8410 §4). */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** The key that signs. */
export interface SigningKey {
  readonly key: KeyObject;
  /** For `minisign -P` and for those who import. */
  readonly publicText: string;
}

/** Reads a private key in PEM, as `openssl genpkey -algorithm ed25519` writes it. Throws a sentence. */
export function parseSigningKey(pem: string): SigningKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new Error("the signing key is no private key in PEM", { cause });
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new Error("the signing key is not of the type Ed25519");
  const raw = createPublicKey(key)
    .export({ type: "spki", format: "der" })
    .subarray(spkiPrefix.length);
  const text = Buffer.concat([Buffer.from("Ed"), keyId(raw), raw]).toString("base64");
  return { key, publicText: text };
}

/** The text of a `.minisig` file. */
export function signatureOf(
  bytes: Uint8Array,
  { key, publicText }: SigningKey,
  comment: string,
): string {
  const id = Buffer.from(publicText, "base64").subarray(2, 10);
  const signature = sign(null, hash("blake2b512", bytes, "buffer"), key);
  const whole = sign(null, Buffer.concat([signature, Buffer.from(comment)]), key);
  const line = Buffer.concat([prehashed, id, signature]).toString("base64");
  return `untrusted comment: signature of a bundle\n${line}\ntrusted comment: ${comment}\n${whole.toString("base64")}\n`;
}

/** Whether a `.minisig` text is a signature of these bytes by a key in minisign's public form, with or without its comment. */
export function isSigned(bytes: Uint8Array, signatureText: string, publicText: string): boolean {
  const publicLine = publicText.trim().split("\n").at(-1) ?? "";
  const known = Buffer.from(publicLine.trim(), "base64");
  const [, line = "", trusted = "", global = ""] = signatureText.split("\n");
  const given = Buffer.from(line, "base64");
  if (known.length !== 42 || given.length !== 74 || !given.subarray(0, 2).equals(prehashed))
    return false;
  if (!given.subarray(2, 10).equals(known.subarray(2, 10))) return false;
  const der = Buffer.concat([spkiPrefix, known.subarray(10)]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  const signature = given.subarray(10);
  const comment = Buffer.from(trusted.replace(/^trusted comment: /, ""));
  return (
    verify(null, hash("blake2b512", bytes, "buffer"), key, signature) &&
    verify(null, Buffer.concat([signature, comment]), key, Buffer.from(global, "base64"))
  );
}

/** Minisign's are random; this one is the same wherever the key is read. */
function keyId(raw: Uint8Array): Buffer {
  return hash("sha256", raw, "buffer").subarray(0, 8);
}
