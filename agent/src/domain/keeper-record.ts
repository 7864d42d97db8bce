// What the keeper writes down about what it keeps, so that the next keeper can take over.
import { createHash } from "node:crypto";
import { AgentFailure } from "./agent-failure.ts";
import type { Launch } from "./launch.ts";
import type { ProcessIdentity } from "./spawn.ts";

/** What has to be known of a process after the keeper has died. */
export interface ProcessRecord {
  readonly launch: Launch;
  readonly kept: boolean;
  readonly identity: ProcessIdentity | undefined;
  readonly startedAtMs: number;
}

/** One process of a service. */
export interface KeptRecord {
  readonly service: string;
  readonly process: ProcessRecord;
}

/** The record as text: JSON with a checksum over the processes. */
export function keeperRecordText(processes: readonly KeptRecord[]): string {
  const content = JSON.stringify(processes);
  return `${JSON.stringify({ format: 1, checksum: checksumOf(content), processes: JSON.parse(content) })}\n`;
}

/** Reads what `keeperRecordText` wrote. Refuses anything else: starting from nothing would start services twice. */
export function parseKeeperRecord(text: string): readonly KeptRecord[] {
  try {
    const { format, checksum, processes } = JSON.parse(text);
    if (format === 1 && checksumOf(JSON.stringify(processes)) === checksum) return processes;
  } catch {
    // Refused below.
  }
  throw new AgentFailure(
    "disk_failed",
    "the keeper's record is damaged: end the services by hand, remove the file, and start the keeper again",
  );
}

function checksumOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
