// Documents of the tree: signed when they are written, verified when they are read.
import {
  DocumentProblem,
  type MachineStatus,
  openEnvelope,
  parsePublicKey,
  parseSignature,
  type SecretKey,
  type SignedDocuments,
  sealEnvelope,
  signText,
  verifiesText,
} from "@stoa/deployment";
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree, StoredDocument } from "../domain/document-tree.ts";
import { overwrite } from "./overwrite-document.ts";

/** Kinds of documents that agents read. */
type Delivered = "revision" | "environment";

/** Records that only the control plane writes and reads; signed alike. */
export type RecordKind = "machine" | "rollout" | "audit" | "audit-head" | "settings" | "token";

/** A document that was read, and the tag to replace it by. */
export interface OpenDocument<T> {
  readonly document: T;
  /** As it is stored. */
  readonly text: string;
  readonly etag: string;
}

/** Writes and reads signed documents with the control plane's key. */
export class SignedTree {
  readonly #tree: DocumentTree;
  readonly #key: SecretKey;

  constructor(tree: DocumentTree, key: SecretKey) {
    this.#tree = tree;
    this.#key = key;
  }

  /** Undefined if there is none. A document that somebody else has written is a failure, not absence. */
  async read<Kind extends Delivered>(
    path: string,
    kind: Kind,
  ): Promise<OpenDocument<SignedDocuments[Kind]> | undefined> {
    const stored = await this.#tree.read(path);
    if (stored === undefined) return undefined;
    // An index that has expired is still the control plane's own, and what it renews.
    const opened = openEnvelope(stored.text, { kind, keys: [this.#key], nowMs: 0 });
    if ("refused" in opened) throw tampered(path, opened.refused);
    return { document: opened.document, ...stored };
  }

  /** Undefined, and nothing written, if the path is taken. */
  async create<Kind extends Delivered>(
    path: string,
    kind: Kind,
    document: SignedDocuments[Kind],
  ): Promise<StoredDocument | undefined> {
    return await this.#tree.create(path, sealEnvelope(kind, document, this.#key));
  }

  /** Undefined, and nothing written, if the document has another tag by now. */
  async replace<Kind extends Delivered>(
    path: string,
    kind: Kind,
    document: SignedDocuments[Kind],
    etag: string,
  ): Promise<StoredDocument | undefined> {
    return await this.#tree.replace(path, sealEnvelope(kind, document, this.#key), etag);
  }

  /** Undefined if there is none. */
  async readRecord<T>(path: string, kind: RecordKind): Promise<T | undefined> {
    const stored = await this.#tree.read(path);
    return stored === undefined ? undefined : this.openRecord<T>(path, stored.text, kind);
  }

  /** Writes a record, whatever was there: only one process writes records. */
  async writeRecord(path: string, kind: RecordKind, record: object): Promise<void> {
    await overwrite(this.#tree, path, this.#sealRecord(kind, record, 0));
  }

  /** The stored text; undefined, and nothing written, if the path is taken. */
  async createRecord(
    path: string,
    kind: RecordKind,
    record: object,
    serial: number,
  ): Promise<string | undefined> {
    const text = this.#sealRecord(kind, record, serial);
    return (await this.#tree.create(path, text))?.text;
  }

  async list(folder: string): Promise<readonly string[]> {
    return await this.#tree.list(folder);
  }

  async remove(path: string): Promise<void> {
    await this.#tree.remove(path);
  }

  #sealRecord(kind: RecordKind, record: object, serial: number): string {
    const document = JSON.stringify(record);
    const signature = signText(document, `stoa ${kind} serial:${serial}`, this.#key);
    return `${JSON.stringify({ document, signatures: [signature] })}\n`;
  }

  /** What a record says that was read at a path. One that somebody else has written is a failure. */
  openRecord<T>(path: string, text: string, kind: RecordKind): T {
    try {
      const { document, signatures } = JSON.parse(text) as {
        document: string;
        signatures: readonly string[];
      };
      const signature = parseSignature(signatures[0] ?? "");
      const isOurs = verifiesText(document, signature, this.#key);
      if (isOurs && signature.trustedComment.startsWith(`stoa ${kind} serial:`)) {
        return JSON.parse(document) as T;
      }
    } catch (cause) {
      throw tampered(path, cause instanceof Error ? cause.message : String(cause));
    }
    throw tampered(path, "its signature is not of this control plane");
  }
}

/** Reads a status that a machine has signed. Fails with `bad_request`. */
export function openStatus(envelope: string, publicKey: string, nowMs: number): MachineStatus {
  const opened = openEnvelope(envelope, {
    kind: "status",
    keys: [parsePublicKey(publicKey)],
    nowMs,
  });
  if ("refused" in opened) throw new ControlFailure("bad_request", opened.refused);
  return opened.document;
}

/** Fails with `bad_request` unless it is the line of a minisign public key. */
export function checkPublicKey(line: string): void {
  try {
    parsePublicKey(line);
  } catch (cause) {
    if (!(cause instanceof DocumentProblem)) throw cause;
    throw new ControlFailure("bad_request", cause.message, { cause });
  }
}

/** The failure for a document of the tree that cannot be believed. */
export function tampered(path: string, reason: string): ControlFailure {
  return new ControlFailure(
    "store_unavailable",
    `${path} was not written by this control plane, or was damaged: ${reason}; restore it, or the key it was signed with`,
  );
}
