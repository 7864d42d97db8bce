// The audit log: who asked for what, each entry bound to the one before it.
import { canonicalJson } from "@stoa/deployment";
import type { AuditEnd } from "../domain/audit-memory.ts";
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { treePaths } from "../domain/tree-paths.ts";
import { type AuditParts, auditHash, findAuditEnd } from "./check-audit.ts";

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

/** What an entry says that is to be written. */
type Said = Pick<AuditEntry, "actor" | "action" | "subject" | "details">;

/**
 * Appends to the log and reads it. An entry is durable before the change it speaks of is made. After every entry the end of the log
 * is signed and kept in the tree, and remembered apart from it: a log that was cut off cannot pass for a whole one.
 */
export class AuditLog {
  readonly #parts: AuditParts;
  readonly #clock: Clock;
  #end: AuditEnd | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: AuditParts, clock: Clock) {
    this.#parts = parts;
    this.#clock = clock;
  }

  /** Appends an entry. Entries of several callers come one after the other. */
  async record(
    actor: string,
    action: string,
    subject: string,
    details: AuditEntry["details"] = {},
  ): Promise<void> {
    await this.#inTurn(() => this.#append({ actor, action, subject, details }));
  }

  /** Appends an entry unless the log says just this after its entry `since`: repeating is fine. */
  async recordOnce(since: number, said: Said): Promise<void> {
    await this.#inTurn(() => this.#append(said, since));
  }

  /** The stored texts from this number on, in order; at most `limit`. */
  async read(from: number, limit: number): Promise<readonly string[]> {
    const count = Math.max(0, Math.min(limit, (await this.last()) + 1 - from));
    const numbers = Array.from({ length: count }, (_, at) => from + at);
    const stored = await inParallel(numbers, (number) =>
      this.#parts.tree.read(treePaths.audit(number)),
    );
    const gap = stored.indexOf(undefined);
    return stored.slice(0, gap === -1 ? count : gap).flatMap((one) => one?.text ?? []);
  }

  /** The number of the last entry, 0 if there is none. */
  async last(): Promise<number> {
    this.#end ??= (await findAuditEnd(this.#parts)).end;
    return this.#end.number;
  }

  /** The signed end of the log as it is stored; undefined before the first entry. */
  async head(): Promise<string | undefined> {
    return (await this.#parts.tree.read(treePaths.auditHead))?.text;
  }

  /**
   * Whether the log ends as it should: a sentence for everything that is wrong. What a killed process could not remember any
   * more is remembered now.
   */
  async check(): Promise<readonly string[]> {
    return await this.#inTurn(async () => {
      const { end, alarms, isRemembered } = await findAuditEnd(this.#parts);
      this.#end = end;
      if (alarms.length === 0 && !isRemembered) await this.#remember(end);
      return alarms;
    });
  }

  async #append(said: Said, since?: number): Promise<void> {
    this.#end ??= (await findAuditEnd(this.#parts)).end;
    for (;;) {
      if (since !== undefined && (await this.#isSaid(said, since))) return;
      const number = this.#end.number + 1;
      const entry: AuditEntry = {
        format: 1,
        number,
        at: isoTime(this.#clock.now()),
        ...said,
        previous: this.#end.hash,
      };
      const path = treePaths.audit(number);
      const text = await this.#parts.documents.createRecord(path, "audit", entry, number);
      if (text !== undefined) {
        this.#end = { number, hash: auditHash(text) };
        await this.#remember(this.#end);
        return;
      }
      this.#end = (await findAuditEnd(this.#parts)).end;
      if (this.#end.number >= number) continue;
      throw new ControlFailure(
        "store_unavailable",
        `${path} can be neither written nor read; see what lies there in the store of documents`,
      );
    }
  }

  async #isSaid({ actor, action, subject, details }: Said, since: number): Promise<boolean> {
    const wanted = canonicalJson({ actor, action, subject, details });
    for (const [at, text] of (await this.read(since + 1, Number.MAX_SAFE_INTEGER)).entries()) {
      const path = treePaths.audit(since + 1 + at);
      const entry = this.#parts.documents.openRecord<AuditEntry>(path, text, "audit");
      const { actor, action, subject, details } = entry;
      if (canonicalJson({ actor, action, subject, details }) === wanted) return true;
    }
    return false;
  }

  /** In the tree first: what is remembered apart from it is never ahead. */
  async #remember(end: AuditEnd): Promise<void> {
    const { documents, memory } = this.#parts;
    await documents.writeRecord(treePaths.auditHead, "audit-head", end);
    await memory.write(end);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn;
    return await turn;
  }
}
