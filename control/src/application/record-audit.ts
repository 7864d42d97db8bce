// The audit log: who asked for what, each entry bound to the one before it.
import { createHash } from "node:crypto";
import { type Clock, isoTime } from "../domain/clock.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { treePaths } from "../domain/tree-paths.ts";
import type { SignedTree } from "./sign-documents.ts";

/** One entry. Together they are a chain: changing, removing or reordering any shows in all that follow. */
export interface AuditEntry {
  readonly format: 1;
  /** 1, 2, 3, … without a gap. */
  readonly number: number;
  readonly at: string;
  /** The name of a token's owner, a machine, or `stoa` for what the control plane does by itself. */
  readonly actor: string;
  /** What was asked, such as `rollout.start`. */
  readonly action: string;
  /** What it is about, such as `production/shop`. */
  readonly subject: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
  /** Hex SHA-256 of the stored text of the entry before; of the first, 64 zeros. */
  readonly previous: string;
}

const beginning = "0".repeat(64);

/** Appends to the log and reads it. An entry is durable before the change it speaks of is made. */
export class AuditLog {
  readonly #tree: DocumentTree;
  readonly #documents: SignedTree;
  readonly #clock: Clock;
  #end: { readonly number: number; readonly hash: string } | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(tree: DocumentTree, documents: SignedTree, clock: Clock) {
    this.#tree = tree;
    this.#documents = documents;
    this.#clock = clock;
  }

  /** Appends an entry. Entries of several callers come one after the other. */
  async record(
    actor: string,
    action: string,
    subject: string,
    details: AuditEntry["details"] = {},
  ): Promise<void> {
    const append = (): Promise<void> => this.#append({ actor, action, subject, details });
    const turn = this.#turn.then(append, append);
    this.#turn = turn;
    await turn;
  }

  /** The stored texts from this number on, in order; at most `limit`. */
  async read(from: number, limit: number): Promise<readonly string[]> {
    const texts: string[] = [];
    for (let number = from; texts.length < limit; number += 1) {
      const stored = await this.#tree.read(treePaths.audit(number));
      if (stored === undefined) break;
      texts.push(stored.text);
    }
    return texts;
  }

  /** The number of the last entry, 0 if there is none. */
  async last(): Promise<number> {
    this.#end ??= await this.#findEnd();
    return this.#end.number;
  }

  async #append(said: Pick<AuditEntry, "actor" | "action" | "subject" | "details">): Promise<void> {
    this.#end ??= await this.#findEnd();
    for (;;) {
      const number = this.#end.number + 1;
      const entry: AuditEntry = {
        format: 1,
        number,
        at: isoTime(this.#clock.now()),
        ...said,
        previous: this.#end.hash,
      };
      const path = treePaths.audit(number);
      const text = await this.#documents.createRecord(path, "audit", entry, number);
      if (text !== undefined) {
        this.#end = { number, hash: hashOf(text) };
        return;
      }
      this.#end = await this.#findEnd();
    }
  }

  async #findEnd(): Promise<{ readonly number: number; readonly hash: string }> {
    const paths = await this.#tree.list("audit");
    const number = Math.max(0, ...paths.map((path) => Number(/(\d+)\.json$/.exec(path)?.[1] ?? 0)));
    const stored = number === 0 ? undefined : await this.#tree.read(treePaths.audit(number));
    return { number, hash: stored === undefined ? beginning : hashOf(stored.text) };
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
