// Public keys that sign notes: `name+hash+key`.
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { InvalidText } from "../invalid-text.ts";
import { isSpace } from "../white-space.ts";
import { decodeBase64 } from "./base64.ts";

/** A key of a known signer, such as a checksum database. */
export interface VerifierKey {
  /** The signer's name, such as `sum.golang.org`. */
  readonly name: string;
  /** The first four bytes of the sha256 of name and key, as a number. */
  readonly keyHash: number;
  /** Whether the signature is this key's, over just these bytes. */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

const algorithmEd25519 = 1;
const ed25519KeyBytes = 32;

/**
 * Reads a key such as `sum.golang.org+033de0ae+Ac4z…`. Throws `InvalidText` of kind `verifier key`.
 * Authority: golang.org/x/mod/sumdb/note.NewVerifier.
 */
export function parseVerifierKey(text: string): VerifierKey {
  const refuse = (reason: string): InvalidText => new InvalidText("verifier key", text, reason);
  const [name, hash, encoded] = splitTwice(text);
  const key = decodeBase64(encoded);
  if (!isSignerName(name)) throw refuse("it does not begin with a name and a plus sign");
  if (!/^[0-9a-f]{8}$/i.test(hash)) throw refuse("its hash is not eight hexadecimal digits");
  if (key === undefined || key.length === 0) throw refuse("its last part is not base64");
  const keyHash = hashOfKey(name, key);
  if (Number.parseInt(hash, 16) !== keyHash) throw refuse("its hash does not fit its name and key");
  if (key[0] !== algorithmEd25519) throw refuse("its algorithm is unknown");
  if (key.length !== 1 + ed25519KeyBytes) throw refuse("it is not as long as an Ed25519 key");
  const publicKey = ed25519Key(key.subarray(1));
  return {
    name,
    keyHash,
    verify: (message, signature) => verify(undefined, message, publicKey, signature),
  };
}

/** Whether a signer may have this name: not empty, no white space, no plus sign. */
export function isSignerName(text: string): boolean {
  return (
    text !== "" && text.isWellFormed() && !text.includes("+") && !Array.from(text).some(isSpace)
  );
}

/** Splits at the first two plus signs; what is missing is empty. */
function splitTwice(text: string): [name: string, hash: string, key: string] {
  const [name = "", hash = "", ...rest] = text.split("+");
  return [name, hash, rest.join("+")];
}

function hashOfKey(name: string, key: Uint8Array): number {
  return createHash("sha256").update(`${name}\n`).update(key).digest().readUInt32BE(0);
}

function ed25519Key(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}
