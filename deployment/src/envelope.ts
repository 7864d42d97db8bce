// A signed document as it is stored: one JSON object with the document's text and the signatures over it.
import { type Approval, parseApproval } from "./approval.ts";
import { canonicalJson, parseCanonicalJson } from "./canonical-json.ts";
import { type Digest, digestOf } from "./digest.ts";
import { checkDocument } from "./document-check.ts";
import { DocumentProblem } from "./document-problem.ts";
import { type EnvironmentIndex, parseEnvironmentIndex } from "./environment-index.ts";
import { type MachineStatus, parseMachineStatus } from "./machine-status.ts";
import type { PublicKey, SecretKey } from "./minisign-key.ts";
import { parseSignature, signText, verifiesText } from "./minisign-signature.ts";
import { type Policy, parsePolicy } from "./policy.ts";
import { parseRevision, type Revision } from "./revision.ts";
import { anyText, list, object } from "./shape.ts";

/** The documents that are signed, by their kind. */
export interface SignedDocuments {
  readonly revision: Revision;
  readonly environment: EnvironmentIndex;
  readonly policy: Policy;
  readonly approval: Approval;
  readonly status: MachineStatus;
}

/** The kind of a signed document. */
export type DocumentKind = keyof SignedDocuments;

/** What the reader demands of a document. */
export interface Demands<Kind extends DocumentKind> {
  readonly kind: Kind;
  /** Whose signatures count. */
  readonly keys: readonly PublicKey[];
  /** So many of the keys must have signed; 1 if absent. */
  readonly threshold?: number;
  /** The highest serial that was ever taken for this kind, place and reader. */
  readonly lowestSerial?: number;
  /** The digest of the document that had this serial: another document with the same serial is refused. */
  readonly digestAtLowest?: Digest;
  /** The place that the document must be for. */
  readonly environment?: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * Why a document is refused.
 * - `malformed`: it is no envelope, or what was signed is no such document.
 * - `signature`: too few of the keys have signed it.
 * - `kind`: it was signed as something else.
 * - `environment`: it is for another environment.
 * - `serial`: something newer was already taken, or something else with the same serial.
 * - `expired`: its time is over.
 */
export type RefusalReason =
  | "malformed"
  | "signature"
  | "kind"
  | "environment"
  | "serial"
  | "expired";

/** A document that may be acted upon. */
export interface Opened<Kind extends DocumentKind> {
  readonly document: SignedDocuments[Kind];
  readonly serial: number;
  /** Of the document's text. */
  readonly digest: Digest;
  /** The ids of the keys that have signed it and count. */
  readonly signers: readonly string[];
}

/** A document that must not be acted upon, nor kept. */
export interface Refused {
  /** One sentence: what is wrong and what to do. */
  readonly refused: string;
  readonly why: RefusalReason;
}

/** A signed document, not yet looked at. */
interface Envelope {
  readonly document: string;
  readonly signatures: readonly string[];
}

const envelopeShape = object<Envelope>({
  document: anyText,
  signatures: list(anyText).that(({ length }) => length <= 100, "must not hold more than 100"),
});

const parsers: { readonly [Kind in DocumentKind]: (value: unknown) => SignedDocuments[Kind] } = {
  revision: parseRevision,
  environment: parseEnvironmentIndex,
  policy: parsePolicy,
  approval: parseApproval,
  status: parseMachineStatus,
};

/**
 * The text of an envelope; without keys, one that is still to be signed (`countersign`). `document` in a file and a signature in the same file with `.minisig` verify with
 * `minisign -V`. Throws `DocumentProblem` if the document is none of its kind: nothing is signed that nobody could read.
 */
export function sealEnvelope<Kind extends DocumentKind>(
  kind: Kind,
  document: SignedDocuments[Kind],
  keys: SecretKey | readonly SecretKey[],
): string {
  const text = canonicalJson(parsers[kind](document));
  const comment = commentOf(kind, serialOf(document));
  const signatures = [keys].flat().map((key) => signText(text, comment, key));
  return `${JSON.stringify({ document: text, signatures })}\n`;
}

/** Adds the signatures of another envelope around the very same text. What was signed is not verified here. */
export function joinSignatures(envelope: string, other: string): string {
  const [one, two] = [parseEnvelope(envelope), parseEnvelope(other)];
  if (one.document !== two.document) {
    throw new DocumentProblem("envelope", "document", "is not the text that others have signed");
  }
  const signatures = [...new Set([...one.signatures, ...two.signatures])];
  return `${JSON.stringify({ document: one.document, signatures })}\n`;
}

/** Adds the signature of one more key to an envelope. What was signed before is not verified here. */
export function countersign(envelope: string, kind: DocumentKind, key: SecretKey): string {
  const { document, signatures } = parseEnvelope(envelope);
  const comment = commentOf(kind, serialOf(parsers[kind](parseCanonicalJson(document))));
  return `${JSON.stringify({ document, signatures: [...signatures, signText(document, comment, key)] })}\n`;
}

/** Verifies an envelope and reads its document. Nothing in it is looked at before enough signatures are verified. */
export function openEnvelope<Kind extends DocumentKind>(
  envelope: string,
  demands: Demands<Kind>,
): Opened<Kind> | Refused {
  try {
    return open(envelope, demands);
  } catch (failure) {
    if (!(failure instanceof DocumentProblem)) throw failure;
    return refuse("malformed", `the ${demands.kind} document cannot be read: ${failure.message}`);
  }
}

function open<Kind extends DocumentKind>(
  envelope: string,
  demands: Demands<Kind>,
): Opened<Kind> | Refused {
  const { kind, keys, threshold = 1 } = demands;
  const { document: text, signatures } = parseEnvelope(envelope);
  const comments = verifiedComments(text, signatures, keys);
  if (comments.size < threshold || comments.size === 0)
    return refuse("signature", tooFew(kind, comments.size, threshold, keys));

  const strange = [...comments.values()].find(
    (comment) => !comment.startsWith(`stoa ${kind} serial:`),
  );
  if (strange !== undefined) {
    return refuse("kind", `what was signed says "${strange}" and is no ${kind} document`);
  }
  const document = parsers[kind](parseCanonicalJson(text));
  const serial = serialOf(document);
  const digest = digestOf(text);
  const unequal = [...comments.values()].find((comment) => comment !== commentOf(kind, serial));
  if (unequal !== undefined) {
    return refuse(
      "serial",
      `the signature says "${unequal}", the ${kind} document says serial ${serial}`,
    );
  }
  return (
    refusalOf(document, { serial, digest }, demands) ?? {
      document,
      serial,
      digest,
      signers: [...comments.keys()].map(({ id }) => id),
    }
  );
}

function parseEnvelope(envelope: string): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(envelope);
  } catch (failure) {
    throw new DocumentProblem("envelope", "", "is not JSON", failure);
  }
  return checkDocument("envelope", envelopeShape, value);
}

/** The trusted comments of the signatures that hold, by key; two signatures of one key count once, whatever its id. */
function verifiedComments(
  text: string,
  signatures: readonly string[],
  keys: readonly PublicKey[],
): ReadonlyMap<PublicKey, string> {
  const comments = new Map<PublicKey, string>();
  for (const signature of signatures.map(parseSignature)) {
    const key = keys.find(
      (one) => one.id === signature.keyId && verifiesText(text, signature, one),
    );
    if (key === undefined) continue;
    const same = [...comments.keys()].find((one) => one.key.equals(key.key));
    comments.set(same ?? key, signature.trustedComment);
  }
  return comments;
}

function tooFew(
  kind: string,
  found: number,
  threshold: number,
  keys: readonly PublicKey[],
): string {
  const asked =
    keys.length === 0 ? "and no key is trusted" : `of ${keys.map(({ id }) => id).join(", ")}`;
  return found === 0
    ? `the ${kind} document is not signed by a key that counts here, ${asked}`
    : `the ${kind} document is signed by ${found} of the keys that count here, and ${threshold} must sign it`;
}

function refusalOf<Kind extends DocumentKind>(
  document: SignedDocuments[Kind],
  { serial, digest }: { readonly serial: number; readonly digest: Digest },
  { kind, environment, lowestSerial = 0, digestAtLowest, nowMs }: Demands<Kind>,
): Refused | undefined {
  if (
    environment !== undefined &&
    "environment" in document &&
    document.environment !== environment
  ) {
    return refuse(
      "environment",
      `the ${kind} document is for the environment ${document.environment}, not for ${environment}`,
    );
  }
  if (serial < lowestSerial) {
    return refuse(
      "serial",
      `the ${kind} document has the serial ${serial}, and ${lowestSerial} was already taken`,
    );
  }
  if (serial === lowestSerial && digestAtLowest !== undefined && digest !== digestAtLowest) {
    return refuse(
      "serial",
      `two different ${kind} documents have the serial ${serial}; the one taken first is kept`,
    );
  }
  if ("notAfter" in document && Date.parse(document.notAfter) <= nowMs) {
    return refuse(
      "expired",
      `the ${kind} document expired at ${document.notAfter}; a new one must be signed, or the clock set right`,
    );
  }
  return undefined;
}

function refuse(why: RefusalReason, sentence: string): Refused {
  return { refused: sentence, why };
}

/** What a signer says that it signs. */
function commentOf(kind: DocumentKind, serial: number): string {
  return `stoa ${kind} serial:${serial}`;
}

/** Documents that never change or that only their author orders have the serial 0. */
function serialOf(document: SignedDocuments[DocumentKind]): number {
  return "serial" in document ? document.serial : 0;
}
