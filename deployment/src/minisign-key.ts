// Ed25519 keys as minisign writes them. Authority: the file formats of minisign(1), and minisign 0.11 itself in the tests.
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import { DocumentProblem } from "./document-problem.ts";

/** Who may have signed something. */
export interface PublicKey {
  /** 16 upper-case hexadecimal digits, as minisign prints them. It tells keys apart and proves nothing. */
  readonly id: string;
  readonly key: KeyObject;
}

/** A key that signs. */
export interface SecretKey extends PublicKey {
  readonly secret: KeyObject;
}

const algorithm = "Ed";
const checksumAlgorithm = "B2";
const idLength = 8;
const keyLength = 32;
/** Where things stand in the bytes of a secret key: algorithms (3 × 2), salt and limits (32 + 8 + 8), then id and keys. */
const secretKeyPlace = 54;
const secretKeyLength = secretKeyPlace + idLength + 2 * keyLength + 32;

/** The fixed beginnings of Ed25519 keys in DER (RFC 8410 §4 and §7). */
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");
const secretPrefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** A new key. `random` gives so many bytes of chance: the system's, unless a simulation must be repeatable. */
export function makeSecretKey(random: (bytes: number) => Uint8Array = randomBytes): SecretKey {
  return secretKeyOf(random(idLength), random(keyLength));
}

/** A public key from its line, `RW…`, or from the file that minisign writes, whose first line is a comment. */
export function parsePublicKey(text: string): PublicKey {
  const bytes = base64Line("public key", text, 2 + idLength + keyLength);
  if (bytes.toString("latin1", 0, 2) !== algorithm) {
    throw new DocumentProblem("public key", "", "is of an algorithm other than Ed25519");
  }
  return publicKeyOf(bytes.subarray(2, 2 + idLength), bytes.subarray(2 + idLength));
}

/** The line of a public key: what `minisign -P` takes. */
export function publicKeyLine({ id, key }: PublicKey): string {
  return Buffer.concat([Buffer.from(algorithm), idBytes(id), rawPublicKey(key)]).toString("base64");
}

/** The file of a public key: what `minisign -p` takes. */
export function publicKeyFile(key: PublicKey): string {
  return `untrusted comment: minisign public key ${key.id}\n${publicKeyLine(key)}\n`;
}

/** A secret key from the file that `minisign -G -W` writes. Keys under a password are refused. */
export function parseSecretKey(text: string): SecretKey {
  const bytes = base64Line("secret key", text, secretKeyLength);
  if (
    bytes.toString("latin1", 0, 2) !== algorithm ||
    bytes.toString("latin1", 4, 6) !== checksumAlgorithm
  ) {
    throw new DocumentProblem("secret key", "", "is of an algorithm other than Ed25519");
  }
  if (bytes.readUInt16LE(2) !== 0) {
    throw new DocumentProblem(
      "secret key",
      "",
      "is protected by a password; make one without: minisign -G -W",
    );
  }
  const id = bytes.subarray(secretKeyPlace, secretKeyPlace + idLength);
  const seed = bytes.subarray(secretKeyPlace + idLength, secretKeyPlace + idLength + keyLength);
  const key = secretKeyOf(id, seed);
  const stated = bytes.subarray(
    secretKeyPlace + idLength + keyLength,
    secretKeyPlace + idLength + 2 * keyLength,
  );
  if (!rawPublicKey(key.key).equals(stated)) {
    throw new DocumentProblem(
      "secret key",
      "",
      "is damaged: its two halves do not belong together",
    );
  }
  return key;
}

/** The file of a secret key, without a password: what `minisign -s` takes. */
export function secretKeyFile(key: SecretKey): string {
  const bytes = Buffer.alloc(secretKeyLength);
  bytes.write(algorithm, 0, "latin1");
  bytes.write(checksumAlgorithm, 4, "latin1");
  idBytes(key.id).copy(bytes, secretKeyPlace);
  rawSeed(key.secret).copy(bytes, secretKeyPlace + idLength);
  rawPublicKey(key.key).copy(bytes, secretKeyPlace + idLength + keyLength);
  return `untrusted comment: minisign encrypted secret key\n${bytes.toString("base64")}\n`;
}

/** The bytes of an id; minisign prints them back to front. */
export function idBytes(id: string): Buffer {
  return Buffer.from(id, "hex").reverse();
}

/** An id from its bytes. */
export function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).reverse().toString("hex").toUpperCase();
}

/**
 * The bytes of a line of base64, alone or after a comment line. Throws `DocumentProblem` unless it is the one spelling of so
 * many bytes.
 */
export function base64Line(kind: string, text: string, length: number): Buffer {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  if (lines.length > 1 && !lines[0]?.startsWith("untrusted comment: ")) {
    throw new DocumentProblem(kind, "", 'must begin with a line "untrusted comment: …"');
  }
  const line = lines.at(-1) ?? "";
  const bytes = Buffer.from(line, "base64");
  if (lines.length > 2 || bytes.length !== length || bytes.toString("base64") !== line) {
    throw new DocumentProblem(kind, "", "is damaged, or not in minisign's format");
  }
  return bytes;
}

function secretKeyOf(id: Uint8Array, seed: Uint8Array): SecretKey {
  const secret = createPrivateKey({
    key: Buffer.concat([secretPrefix, seed]),
    format: "der",
    type: "pkcs8",
  });
  return { id: idOf(id), secret, key: createPublicKey(secret) };
}

function publicKeyOf(id: Uint8Array, raw: Uint8Array): PublicKey {
  const key = createPublicKey({
    key: Buffer.concat([publicPrefix, raw]),
    format: "der",
    type: "spki",
  });
  return { id: idOf(id), key };
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(publicPrefix.length);
}

function rawSeed(secret: KeyObject): Buffer {
  return secret.export({ format: "der", type: "pkcs8" }).subarray(secretPrefix.length);
}
