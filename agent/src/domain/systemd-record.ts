// What the agent writes down about the units it has made, so that the next one knows them.
import { createHash } from "node:crypto";
import { AgentFailure } from "./agent-failure.ts";
import type { SocketRequest } from "./launch.ts";
import type { UnitPlan } from "./service-units.ts";

/** One unit with a process. */
export interface UnitRecord extends UnitPlan {
  /** It was asked to end. */
  readonly stopping: boolean;
}

/** All units. */
export interface SystemdRecord {
  readonly units: readonly UnitRecord[];
  /** What the socket unit of a service listens on; a service without one is absent. */
  readonly sockets: Readonly<Record<string, readonly SocketRequest[]>>;
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
