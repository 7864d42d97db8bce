// Values of settings that only the machines of one environment can read.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { DocumentProblem } from "./document-problem.ts";

/** The key of an environment's settings: whoever has it can read their values. */
export interface SettingsKey {
  /** The beginning of the SHA-256 of its public half, 16 hexadecimal digits. */
  readonly id: string;
  /** X25519 (RFC 7748). */
  readonly secret: KeyObject;
}

/** What a value belongs to: sealed for one place it opens in no other. */
export interface SettingPlace {
  readonly environment: string;
  readonly service: string;
  /** Of the variable. */
  readonly name: string;
}

const cipher = "chacha20-poly1305";
const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;
/** What stands before the raw key in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410 §4 and §7). */
const secretPrefix = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicPrefix = Buffer.from("302a300506032b656e032100", "hex");
const sealedForm = /^sealed:1:([0-9a-f]{16}):([A-Za-z0-9_-]+)$/;
const keyForm = /^stoa-settings-key:1:([A-Za-z0-9_-]{43})$/;

/** A new key. */
export function makeSettingsKey(): SettingsKey {
  return keyOf(generateKeyPairSync("x25519").privateKey);
}

/** The key as a line of text, which is to be kept secret. */
export function settingsKeyLine({ secret }: SettingsKey): string {
  const raw = secret.export({ format: "der", type: "pkcs8" }).subarray(secretPrefix.length);
  return `stoa-settings-key:1:${raw.toString("base64url")}`;
}

/** Reads what `settingsKeyLine` wrote. Throws `DocumentProblem`. */
export function parseSettingsKey(line: string): SettingsKey {
  const raw = Buffer.from(keyForm.exec(line.trim())?.[1] ?? "", "base64url");
  if (raw.length !== keyLength) {
    throw new DocumentProblem("key of settings", "", "must be a line stoa-settings-key:1:…");
  }
  const der = Buffer.concat([secretPrefix, raw]);
  return keyOf(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
}

/** The id of the key that a value is sealed with; undefined if it is a plain value. */
export function sealingKeyOf(value: string): string | undefined {
  return sealedForm.exec(value)?.[1];
}

/**
 * Seals a value: a key pair of the moment and the environment's public key agree on a secret (X25519), from which HKDF (RFC 5869)
 * with SHA-256 makes the key and the nonce of ChaCha20-Poly1305 (RFC 8439). Its length can still be seen. The same value
 * sealed twice is another text.
 */
export function sealSetting(value: string, place: SettingPlace, key: SettingsKey): string {
  const own = generateKeyPairSync("x25519");
  const recipient = createPublicKey(key.secret);
  const sender = rawPublic(own.publicKey);
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey: recipient });
  const { secret, nonce } = derived(shared, sender, rawPublic(recipient));
  const sealing = createCipheriv(cipher, secret, nonce, { authTagLength: tagLength });
  sealing.setAAD(placeBytes(place));
  const content = Buffer.concat([sealing.update(value, "utf8"), sealing.final()]);
  const bytes = Buffer.concat([sender, content, sealing.getAuthTag()]);
  return `sealed:1:${key.id}:${bytes.toString("base64url")}`;
}

/**
 * The value; a plain one is given back as it is. Throws `DocumentProblem` if none of the keys is the right one, or if it was
 * changed or belongs elsewhere.
 */
export function openSetting(
  value: string,
  place: SettingPlace,
  keys: readonly SettingsKey[],
): string {
  const [, id, text = ""] = sealedForm.exec(value) ?? [];
  if (id === undefined) return value;
  const key = keys.find((one) => one.id === id);
  if (key === undefined) throw problem(place, `is sealed with the key ${id}, which is not here`);
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length < keyLength + tagLength) throw problem(place, "is damaged");
  const sender = bytes.subarray(0, keyLength);
  try {
    const shared = diffieHellman({
      privateKey: key.secret,
      publicKey: createPublicKey({
        key: Buffer.concat([publicPrefix, sender]),
        format: "der",
        type: "spki",
      }),
    });
    const { secret, nonce } = derived(shared, sender, rawPublic(createPublicKey(key.secret)));
    const opening = createDecipheriv(cipher, secret, nonce, { authTagLength: tagLength });
    opening.setAAD(placeBytes(place));
    opening.setAuthTag(bytes.subarray(-tagLength));
    const content = opening.update(bytes.subarray(keyLength, -tagLength));
    return Buffer.concat([content, opening.final()]).toString("utf8");
  } catch (cause) {
    throw problem(place, "was changed, or was sealed for another service or environment", cause);
  }
}

function keyOf(secret: KeyObject): SettingsKey {
  const digest = createHash("sha256").update(rawPublic(createPublicKey(secret)));
  return { id: digest.digest("hex").slice(0, 16), secret };
}

function rawPublic(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(publicPrefix.length);
}

function derived(
  shared: Uint8Array,
  sender: Uint8Array,
  recipient: Uint8Array,
): { readonly secret: Buffer; readonly nonce: Buffer } {
  const salt = Buffer.concat([sender, recipient]);
  const made = Buffer.from(
    hkdfSync("sha256", shared, salt, "stoa setting", keyLength + nonceLength),
  );
  return { secret: made.subarray(0, keyLength), nonce: made.subarray(keyLength) };
}

function placeBytes({ environment, service, name }: SettingPlace): Buffer {
  return Buffer.from(JSON.stringify([environment, service, name]));
}

function problem(
  { environment, service, name }: SettingPlace,
  complaint: string,
  cause?: unknown,
): DocumentProblem {
  return new DocumentProblem(
    `setting ${name} of ${service} in ${environment}`,
    "",
    complaint,
    cause,
  );
}
