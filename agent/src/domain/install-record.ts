// What an installation writes down: what it has put on the machine, and how far it has come.
import { createHash } from "node:crypto";
import { AgentFailure } from "./agent-failure.ts";

/** What was put on the machine, and is taken away when it is no longer part of the next bundle. */
export interface InstallRecord {
  /** The id of the bundle; empty before the first. */
  readonly bundle: string;
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 *     (none) ──> staging ──> committed ──> (none)
 *
 * While `staging`, nothing that stood before was touched: it is undone after a crash. Once `committed`, it is carried out
 * after a crash.
 */
export interface InstallJournal {
  readonly phase: "staging" | "committed";
  readonly before: InstallRecord;
  readonly after: InstallRecord;
  /** Folders that are made, those that hold others first. */
  readonly made: readonly string[];
  /** Each file, and the name beside it under which it is prepared. */
  readonly files: readonly { readonly target: string; readonly prepared: string }[];
}

/** Both, as they are kept in one file. */
export interface InstallState {
  readonly record: InstallRecord;
  readonly journal: InstallJournal | undefined;
}

/** Where nothing was ever installed. */
export const emptyInstall: InstallState = {
  record: { bundle: "", files: [], folders: [] },
  journal: undefined,
};

/** The state as text: JSON with a checksum. */
export function installText(state: InstallState): string {
  const content = JSON.stringify(state);
  return `${JSON.stringify({ format: 1, checksum: checksumOf(content), state: JSON.parse(content) })}\n`;
}

/** Reads what `installText` wrote. */
export function parseInstall(text: string, path: string): InstallState {
  try {
    const { format, checksum, state } = JSON.parse(text);
    if (format === 1 && checksumOf(JSON.stringify(state)) === checksum)
      return { journal: undefined, ...state };
  } catch {
    // Refused below.
  }
  throw new AgentFailure(
    "disk_failed",
    `${path} is damaged, so it is not known what was installed; remove it, and set file_exists_behavior to OVERWRITE once`,
  );
}

function checksumOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
