// What a table is, and what one run of the bench gives to each of them.
import type { MeasuredTable } from "./measured-table.ts";

/** One set of measurements. */
export interface BenchTable {
  /** In kebab-case: the word that chooses the table, and the name of its file of results. */
  readonly name: string;
  /** Programs without which it cannot be measured. */
  readonly needs: readonly ToolName[];
  /** Measures. Throws `Skipped` where this machine cannot; ends everything that it started, in any case. */
  measure(run: BenchRun): Promise<MeasuredTable>;
}

/** The programs from outside that tables use. */
export type ToolName = "nginx" | "wrk" | "taskset" | "go" | "versitygw";

/** What all tables of one run have in common. */
export interface BenchRun {
  /** True if the figures need not be steady: fewer and shorter rounds. */
  readonly isQuick: boolean;
  /** Other proxies, which somebody else started. */
  readonly peers: readonly Peer[];
  /** An empty folder that is removed after the run. */
  readonly folder: string;
  /** Aborted when the run is to end at once. */
  readonly signal: AbortSignal;
  /** Tells the person at the terminal what is being done; no part of the results. */
  say(progress: string): void;
}

/** A module proxy to compare with. */
export interface Peer {
  readonly name: string;
  /** Without a slash at its end. */
  readonly url: string;
}

/** Why a table cannot be measured here: a sentence without names of hosts, addresses or folders. */
export class Skipped extends Error {}
