// What the agent writes down about the units it has made, so that the next one knows them.
import { createHash } from "node:crypto";
import { AgentFailure } from "./agent-failure.ts";
import type { SocketRequest } from "./launch.ts";
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
  /** The socket units of a service and what they listen on; a service without one is absent. */
  readonly sockets: Readonly<Record<string, readonly SocketUnit[]>>;
}

/** All listening sockets that a process was given: a service whose addresses change has two of these for a while. */
export interface SocketUnit {
  readonly name: string;
  readonly sockets: readonly SocketRequest[];
}

/** Of a machine on which there are none. */
export const emptySystemdRecord: SystemdRecord = { units: [], sockets: {} };

/** The record as text: JSON with a checksum. */
export function systemdRecordText(record: SystemdRecord): string {
  const content = JSON.stringify(record);
  return `${JSON.stringify({ format: 1, checksum: checksumOf(content), record: JSON.parse(content) })}\n`;
}

/** Reads what `systemdRecordText` wrote. Refuses anything else: units that nobody knows of would go on for ever. */
export function parseSystemdRecord(text: string, path: string): SystemdRecord {
  try {
    const { format, checksum, record } = JSON.parse(text);
    if (format === 1 && checksum === checksumOf(JSON.stringify(record))) return record;
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
