// Whether the audit log ends where it was last seen to end: what was cut off, put back or rewritten shows here.
import { createHash } from "node:crypto";
import { type AuditEnd, type AuditMemory, auditBeginning } from "../domain/audit-memory.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { treePaths } from "../domain/tree-paths.ts";
import type { SignedTree } from "./sign-documents.ts";

/** What it is looked at with. */
export interface AuditParts {
  readonly tree: DocumentTree;
  readonly documents: SignedTree;
  readonly memory: AuditMemory;
}

/** Where the log ends, and what is wrong with it. */
export interface AuditFinding {
  /** After what the next entry comes. What was cut off is not written over: the gap stays to be seen. */
  readonly end: AuditEnd;
  /** Each a sentence; none if the log ends as it should. */
  readonly alarms: readonly string[];
  /** Whether the head in the tree and the memory beside it both name this end. */
  readonly isRemembered: boolean;
}

const advice = "restore the folder audit from a backup; stoa audit verify says what is wrong";

/** Hex SHA-256 of a stored text, as the next entry names it. */
export function auditHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Finds the end of the log and holds it against what is remembered of it: the signed head in the tree, and the memory beside it. Entries
 * in the middle are not read; `stoa audit verify` reads them all.
 */
export async function findAuditEnd(parts: AuditParts): Promise<AuditFinding> {
  const numbers = await entryNumbers(parts.tree);
  const last = numbers.at(-1) ?? 0;
  const { head, memory, alarms } = await remembered(parts);
  const known = [head, memory].reduce((one, other) => (other.number > one.number ? other : one));
  const gap = numbers.findIndex((number, at) => number !== at + 1);
  if (gap !== -1) {
    alarms.push(
      `the audit log has a gap: entry ${gap + 1} is gone, and ${numbers[gap]} is there; ${advice}`,
    );
  }
  if (known.number > last) {
    alarms.push(
      `the audit log was cut off: it had ${known.number} entries, and ${last} are there; ${advice}`,
    );
    return { end: known, alarms, isRemembered: true };
  }
  for (const end of [head, memory]) {
    if (end.number > 0 && (await hashOfEntry(parts.tree, end.number)) !== end.hash) {
      alarms.push(
        `entry ${end.number} of the audit log is not the one that was written; somebody has put another log in its place: ${advice}`,
      );
      break;
    }
  }
  if (alarms.length === 0) alarms.push(...(await strangeTail(parts, known, last)));
  // After an exchanged entry the chain is to stay broken.
  if (last === known.number) {
    return { end: known, alarms, isRemembered: head.number === memory.number };
  }
  const hash = (await hashOfEntry(parts.tree, last)) ?? known.hash;
  return { end: { number: last, hash }, alarms, isRemembered: false };
}

async function entryNumbers(tree: DocumentTree): Promise<readonly number[]> {
  return (await tree.list("audit"))
    .flatMap((path) => Number(/^audit\/(\d+)\.json$/.exec(path)?.[1] ?? 0))
    .filter((number) => number > 0)
    .toSorted((one, other) => one - other);
}

async function remembered({ tree, documents, memory: kept }: AuditParts): Promise<{
  readonly head: AuditEnd;
  readonly memory: AuditEnd;
  readonly alarms: string[];
}> {
  const alarms: string[] = [];
  const memory = (await kept.read()) ?? auditBeginning;
  const path = treePaths.auditHead;
  const stored = await tree.read(path);
  const head = opened(() => {
    return stored && documents.openRecord<AuditEnd>(path, stored.text, "audit-head");
  }, alarms);
  if (alarms.length === 0 && (head?.number ?? 0) < memory.number) {
    const is = head === undefined ? "is gone" : `names entry ${head.number}`;
    alarms.push(
      `${path} ${is}, and entry ${memory.number} was written: it was put back; ${advice}`,
    );
  }
  return { head: head ?? auditBeginning, memory, alarms };
}

async function hashOfEntry(tree: DocumentTree, number: number): Promise<string | undefined> {
  const stored = await tree.read(treePaths.audit(number));
  return stored === undefined ? undefined : auditHash(stored.text);
}

/** Undefined, and an alarm, if somebody else has written it. */
function opened<T>(open: () => T, alarms: string[] = []): T | undefined {
  try {
    return open();
  } catch (failure) {
    if (!(failure instanceof ControlFailure)) throw failure;
    alarms.push(failure.message);
    return undefined;
  }
}

/** A killed process may have left one entry that nothing remembers yet; it is signed and follows the one before. */
async function strangeTail(
  { tree, documents }: AuditParts,
  known: AuditEnd,
  last: number,
): Promise<readonly string[]> {
  const numbers = Array.from({ length: last - known.number }, (_, at) => known.number + 1 + at);
  const texts = await inParallel(
    numbers,
    async (number) => (await tree.read(treePaths.audit(number)))?.text ?? "",
  );
  let previous = known.hash;
  for (const [at, text] of texts.entries()) {
    const number = known.number + 1 + at;
    const entry = opened(() =>
      documents.openRecord<{ readonly number: number; readonly previous: string }>(
        treePaths.audit(number),
        text,
        "audit",
      ),
    );
    if (entry?.number !== number || entry?.previous !== previous) {
      return [
        `entry ${number} of the audit log does not follow the one before it, or was not written by this control plane; ${advice}`,
      ];
    }
    previous = auditHash(text);
  }
  return [];
}
