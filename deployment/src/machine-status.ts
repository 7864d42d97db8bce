// What a machine says about itself: what it should run, what it runs, and why.
import { checkDocument } from "./document-check.ts";
import { momentShape } from "./environment-index.ts";
import { labelShape, machineNameShape } from "./names.ts";
import { type Architecture, architectures } from "./revision.ts";
import { anyText, list, object, oneOf, optional, record, type Shape, whole } from "./shape.ts";
import type { Tags } from "./tag-query.ts";

/**
 * - `converging`: on its way to what it should run.
 * - `running`: runs what it should, and is well.
 * - `failed`: what it should run did not hold; what it runs, if anything, is something else.
 * - `stopped`: runs nothing, and should not.
 */
export type ServiceState = "converging" | "running" | "failed" | "stopped";

/** The answer to the last health question. */
export type HealthAnswer = "healthy" | "unhealthy" | "unknown";

/** One service on one machine. */
export interface ServiceStatus {
  /** The id of the revision it should run; absent where it should run nothing. */
  readonly desired?: string;
  /** The id of the revision that serves. */
  readonly running?: string;
  readonly state: ServiceState;
  /** What it is doing: `fetching`, `verifying`, `staging`, `rehearsing`, `switching`, `validating`, `draining`. */
  readonly step?: string;
  /** For people: what is the case and why. */
  readonly sentence: string;
  /** Since when it is in this state. */
  readonly since: string;
  /** How often it was started again since this revision began. */
  readonly restarts: number;
  readonly health: HealthAnswer;
  /** Where each socket of the running revision really listens, `host:port`, by its name. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** What it last wrote, where it failed. */
  readonly lastLines?: readonly string[];
}

/** What a machine says about itself. */
export interface MachineStatus {
  readonly format: 1;
  readonly machine: string;
  readonly tags: Tags;
  readonly os: "linux";
  readonly arch: Architecture;
  readonly agentVersion: string;
  /** The serial of the newest index that it follows; 0 before the first. */
  readonly seenSerial: number;
  /** When it was written, by the machine's clock. */
  readonly at: string;
  /** By the name of the service. */
  readonly services: Readonly<Record<string, ServiceStatus>>;
  /** The newest decisions, oldest first. */
  readonly decisions: readonly string[];
}

const statusShape: Shape<MachineStatus> = object<MachineStatus>({
  format: oneOf(1),
  machine: machineNameShape,
  tags: record(anyText, anyText),
  os: oneOf("linux"),
  arch: oneOf(...architectures),
  agentVersion: anyText,
  seenSerial: whole(0),
  at: momentShape,
  services: record(
    labelShape,
    object<ServiceStatus>({
      desired: optional(anyText),
      running: optional(anyText),
      state: oneOf("converging", "running", "failed", "stopped"),
      step: optional(anyText),
      sentence: anyText,
      since: momentShape,
      restarts: whole(0),
      health: oneOf("healthy", "unhealthy", "unknown"),
      addresses: optional(record(anyText, anyText)),
      lastLines: optional(list(anyText)),
    }),
  ),
  decisions: list(anyText),
});

/** Checks that a parsed JSON value is the status of a machine. Throws `DocumentProblem`. */
export function parseMachineStatus(value: unknown): MachineStatus {
  return checkDocument("machine status", statusShape, value);
}
