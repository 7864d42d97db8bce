// stoa audit [verify]
import { createHash } from "node:crypto";
import type { AuditEntry } from "@stoa/control";
import { parsePublicKey, parseSignature, verifiesText } from "@stoa/deployment";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { give, giveJson } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** Prints the audit log, the oldest first. */
export async function showAudit(place: CommandPlace, json: boolean): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const entries: AuditEntry[] = [];
  for await (const { document } of storedEntries(client)) entries.push(JSON.parse(document));
  if (json) {
    giveJson(entries);
    return;
  }
  for (const { at, actor, action, subject, details } of entries) {
    const more = Object.entries(details).filter(([, value]) => value !== "");
    const shown = more.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ");
    give(`${at}  ${actor}  ${action}  ${subject}  ${shown}`.trimEnd());
  }
}

/** Says whether the whole log is in order. Throws a sentence that names the first entry that is not. */
export async function verifyAudit(place: CommandPlace, keyLine: string | undefined): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const { rootKey } = await client.get<{ rootKey: string }>("/server");
  const key = parsePublicKey(keyLine ?? rootKey);
  let previous = "0".repeat(64);
  let number = 0;
  for await (const { text, document, signature } of storedEntries(client)) {
    number += 1;
    const entry = JSON.parse(document) as AuditEntry;
    if (!verifiesText(document, parseSignature(signature), key)) {
      throw new Error(`entry ${number} of the audit log is not signed by the key ${key.id}`);
    }
    if (entry.number !== number || entry.previous !== previous) {
      throw new Error(
        `entry ${number} of the audit log does not follow the one before it: some were changed or removed`,
      );
    }
    previous = createHash("sha256").update(text).digest("hex");
  }
  give(`the audit log is in order: ${number} entries, signed by ${key.id}`);
}

interface StoredEntry {
  readonly text: string;
  readonly document: string;
  readonly signature: string;
}

async function* storedEntries(client: ControlClient): AsyncGenerator<StoredEntry> {
  let from = 1;
  for (;;) {
    const { last, entries } = await client.get<{ last: number; entries: readonly string[] }>(
      `/audit?from=${from}`,
    );
    for (const text of entries) {
      const { document, signatures } = JSON.parse(text) as {
        document: string;
        signatures: readonly string[];
      };
      yield { text, document, signature: signatures[0] ?? "" };
    }
    from += entries.length;
    if (from > last) return;
    if (entries.length === 0) {
      throw new Error(`the audit log has ${last} entries, and number ${from} is missing`);
    }
  }
}
