// What the agent writes down about one service. One file that is replaced as a whole: each change is a step that happened.
import { createHash } from "node:crypto";
import { AgentFailure } from "./agent-failure.ts";
import type { PassedOn } from "./passed-on.ts";

/**
 * How the listening sockets of a service come to its processes.
 *
 * - `shared`: the keeper owns them, and old and new process overlap.
 * - `own`: the program binds the port in `$PORT`. Two cannot, so the old one ends before the new one begins.
 */
export type Manner = "shared" | "own";

/** What runs, or should: a revision with the settings of its environment. */
export interface Target {
  readonly release: string;
  /** A digest of the settings; other settings are another target. */
  readonly settings: string;
}

/** A target that was validated on this machine before. */
export interface Previous extends Target {
  /** How it took its sockets; undefined where scripts saw to that. */
  readonly manner?: Manner | undefined;
}

/** A target that was validated on this machine. */
export interface Committed extends Target {
  /** `scripts`: the bundle's own scripts see to its processes. */
  readonly manner: Manner | "scripts";
  /** The settings themselves. */
  readonly environment: Readonly<Record<string, string>>;
  /** The serial of the assignment that asked for it. */
  readonly serial: number;
  /** The process that the supervisor was told to keep. */
  readonly process: string;
  /** What it passes on to a process that it starts in its place; absent if it does not do that. */
  readonly passesOn?: PassedOn | undefined;
  readonly atMs: number;
}

/**
 *     (none) ── begin ──> begun ── commit ──> committed ── finish ──> (none)
 *                           │
 *                           └── fail ──> (none), with `refused`
 *
 * After a crash a hand-over that had only begun is undone, and one that was committed is finished.
 */
export interface HandOver {
  readonly phase: "begun" | "committed";
  readonly to: Target;
  readonly rollout: string;
  /** The process that is the new one; empty where scripts see to that. */
  readonly process: string;
  /** The old process has started the new one, and leaves by itself. */
  readonly replacesItself?: true;
  /** The event that runs, where scripts see to processes. */
  readonly event?: string;
}

/** A target that failed here. It is not tried again until another rollout asks for it. */
export interface Refused extends Target {
  readonly rollout: string;
  readonly sentence: string;
  readonly lastLines: readonly string[];
  readonly atMs: number;
}

/** All that is known of a service from one start of the agent to the next. */
export interface ServiceJournal {
  readonly committed: Committed | undefined;
  /** The one before, still on disk. */
  readonly previous: Previous | undefined;
  readonly handOver: HandOver | undefined;
  readonly refused: Refused | undefined;
  /** The ports that were chosen for addresses which left it open, by socket. They stay the same for good. */
  readonly ports: Readonly<Record<string, number>>;
  /** The addresses that its processes listen on, or the keeper for them: what it holds there is not in its own way. */
  readonly addresses: readonly string[];
  /** How many processes were started so far; part of the id of the next. */
  readonly launches: number;
}

/** Of a service that this machine has never run. */
export const emptyJournal: ServiceJournal = {
  committed: undefined,
  previous: undefined,
  handOver: undefined,
  refused: undefined,
  ports: {},
  addresses: [],
  launches: 0,
};

/** Whether two targets are the same. */
export function isSame(one: Target | undefined, other: Target | undefined): boolean {
  return one?.release === other?.release && one?.settings === other?.settings;
}

/** Whether it is what was validated here last, or before that: nobody's leave is needed to go back there. */
export function hasRun({ committed, previous }: ServiceJournal, target: Target): boolean {
  return isSame(committed, target) || isSame(previous, target);
}

/** The journal as text: JSON with a checksum. */
export function journalText(journal: ServiceJournal): string {
  const content = JSON.stringify(journal);
  return `${JSON.stringify({ format: 1, checksum: checksumOf(content), journal: JSON.parse(content) })}\n`;
}

/** Reads what `journalText` wrote. Refuses anything else: guessing could run a revision that nobody validated. */
export function parseJournal(text: string, path: string): ServiceJournal {
  try {
    const { format, checksum, journal } = JSON.parse(text);
    if (format === 1 && checksum === checksumOf(JSON.stringify(journal))) {
      return { ...emptyJournal, ...journal };
    }
  } catch {
    // Refused below.
  }
  throw new AgentFailure(
    "disk_failed",
    `the journal ${path} is damaged; remove it, and the agent deploys the service anew`,
  );
}

function checksumOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
