// What the agent writes down about the units it has made, so that the next one knows them.
import { createHash } from "node:crypto";
import { AgentFailure } from "./agent-failure.ts";
import type { UnitPlan } from "./service-units.ts";

/** A process and the slot that its unit has. A process and the one that it has started in its place have the same slot. */
export interface UnitRecord extends UnitPlan {
  /** It was asked to end. */
  readonly stopping: boolean;
  /** When it is killed, by the clock of the machine: it shares its unit with another process, which goes on. */
  readonly killAtMs?: number;
}

/** Whether two processes are in the same unit. */
export function sharesUnit(one: UnitRecord, other: UnitRecord): boolean {
  const isOne = one.launch.id === other.launch.id;
  return !isOne && one.service === other.service && one.slot === other.slot;
}

/** The processes after which their units are made: of those in the same unit the kept one, or else the first. */
export function leaders(units: readonly UnitRecord[]): readonly UnitRecord[] {
  return units.filter((unit, at) => {
    const others = units.filter((other) => sharesUnit(unit, other));
    if (unit.kept) return true;
    return !others.some((other) => other.kept || units.indexOf(other) < at);
  });
}

/** All units. */
export interface SystemdRecord {
  readonly units: readonly UnitRecord[];
  /** The socket units of a service; a service without one is absent. */
  readonly sockets: Readonly<Record<string, readonly SocketUnit[]>>;
}

/** A listening socket: a unit of its own, since processes may have some in common and not others. */
export interface SocketUnit {
  readonly name: string;
  readonly address: string;
}

/** Of a machine on which there are none. */
export const emptySystemdRecord: SystemdRecord = { units: [], sockets: {} };

/** The record as text: JSON with a checksum. */
export function systemdRecordText(record: SystemdRecord): string {
  const content = JSON.stringify(record);
  return `${JSON.stringify({ format: 2, checksum: checksumOf(content), record: JSON.parse(content) })}\n`;
}

/** Reads what `systemdRecordText` wrote. Refuses anything else: units that nobody knows of would go on for ever. */
export function parseSystemdRecord(text: string, path: string): SystemdRecord {
  try {
    const { format, checksum, record } = JSON.parse(text);
    if (format === 2 && checksum === checksumOf(JSON.stringify(record))) return record;
  } catch {
    // Refused below.
  }
  throw new AgentFailure(
    "disk_failed",
    `${path} is damaged: stop the units stoa-* and remove their files and this one, and the agent deploys anew`,
  );
}

function checksumOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
