// stoa audit [verify]
import { createHash } from "node:crypto";
import type { AuditEntry } from "@stoa/control";
import { type PublicKey, parsePublicKey, parseSignature, verifiesText } from "@stoa/deployment";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { give, giveJson } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** How a log is verified. */
export interface VerifyOptions {
  /** The public key that must have signed; else the one the server names. */
  readonly key?: string;
  /** `NUMBER:HASH` as an earlier verification printed it. */
  readonly head?: string;
}

/** Prints the audit log, the oldest first. Throws a sentence if its end is not as it was written. */
export async function showAudit(place: CommandPlace, json: boolean): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const log = new StoredLog(client);
  const entries: AuditEntry[] = [];
  try {
    for await (const { document } of log.entries()) entries.push(JSON.parse(document));
  } finally {
    // What there is of it is shown, also where something is missing.
    if (json) giveJson(entries);
    else for (const entry of entries) give(lineOf(entry));
  }
  throwAlarms(log.alarms);
}

/** Says whether the whole log is in order. Throws a sentence that names the first entry that is not. */
export async function verifyAudit(place: CommandPlace, options: VerifyOptions): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const { rootKey } = await client.get<{ rootKey: string }>("/server");
  const key = parsePublicKey(options.key ?? rootKey);
  const noted = options.head === undefined ? undefined : parseHead(options.head);
  const log = new StoredLog(client);
  const hashes = new Map([[0, "0".repeat(64)]]);
  let number = 0;
  for await (const { text, document, signature } of log.entries()) {
    number += 1;
    const entry = JSON.parse(document) as AuditEntry;
    if (!verifiesText(document, parseSignature(signature), key)) {
      throw new Error(`entry ${number} of the audit log is not signed by the key ${key.id}`);
    }
    if (entry.number !== number || entry.previous !== hashes.get(number - 1)) {
      throw new Error(
        `entry ${number} of the audit log does not follow the one before it: some were changed or removed`,
      );
    }
    hashes.set(number, createHash("sha256").update(text).digest("hex"));
  }
  throwAlarms(log.alarms);
  if (number > 0) checkEnd(hashes, headOf(log.head, key), "its signed end");
  if (noted !== undefined) checkEnd(hashes, noted, "--head");
  give(
    `the audit log is in order: ${number} entries, signed by ${key.id}; its end is ${number}:${hashes.get(number)}`,
  );
}

interface End {
  readonly number: number;
  readonly hash: string;
}

/** The log must still hold what once was its end. */
function checkEnd(hashes: ReadonlyMap<number, string>, { number, hash }: End, who: string): void {
  const found = hashes.get(number);
  if (found === hash) return;
  throw new Error(
    found === undefined
      ? `the audit log was cut off: ${who} names entry ${number}, and there are ${hashes.size - 1}`
      : `entry ${number} of the audit log is not the one that ${who} names: somebody has put another log in its place`,
  );
}

function headOf(text: string | undefined, key: PublicKey): End {
  if (text === undefined) throw new Error("the audit log has no signed end: it was removed");
  const { document, signatures } = JSON.parse(text) as StoredText;
  const signature = parseSignature(signatures[0] ?? "");
  const isHead = signature.trustedComment.startsWith("stoa audit-head serial:");
  if (isHead && verifiesText(document, signature, key)) return JSON.parse(document) as End;
  throw new Error(`the end of the audit log is not signed by the key ${key.id}`);
}

function parseHead(text: string): End {
  const [, number = "", hash = ""] = /^([0-9]+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash !== "") return { number: Number(number), hash };
  throw new Error(`--head ${text}: give what stoa audit verify printed, NUMBER:HASH`);
}

function throwAlarms(alarms: readonly string[]): void {
  if (alarms.length > 0) throw new Error(alarms.join("; "));
}

function lineOf({ at, actor, action, subject, details }: AuditEntry): string {
  const more = Object.entries(details).filter(([, value]) => value !== "");
  const shown = more.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ");
  return `${at}  ${actor}  ${action}  ${subject}  ${shown}`.trimEnd();
}

interface StoredText {
  readonly document: string;
  readonly signatures: readonly string[];
}

interface StoredEntry {
  readonly text: string;
  readonly document: string;
  readonly signature: string;
}

/** The log as the control plane gives it out, page by page. */
class StoredLog {
  readonly #client: ControlClient;
  /** What the control plane itself finds wrong; known with the first entries. */
  alarms: readonly string[] = [];
  /** The signed end, as it was with the last entries. */
  head: string | undefined;

  constructor(client: ControlClient) {
    this.#client = client;
  }

  async *entries(): AsyncGenerator<StoredEntry> {
    let from = 1;
    for (;;) {
      const { last, entries, head, alarms } = await this.#client.get<{
        last: number;
        entries: readonly string[];
        head?: string;
        alarms: readonly string[];
      }>(`/audit?from=${from}`);
      if (from === 1) this.alarms = alarms;
      this.head = head;
      for (const text of entries) {
        const { document, signatures } = JSON.parse(text) as StoredText;
        yield { text, document, signature: signatures[0] ?? "" };
      }
      from += entries.length;
      if (from > last) return;
      if (entries.length === 0) {
        throw new Error(
          [`the audit log has ${last} entries, and number ${from} is missing`, ...this.alarms].join(
            "; ",
          ),
        );
      }
    }
  }
}
