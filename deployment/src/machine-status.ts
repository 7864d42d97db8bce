// What a machine says about itself: what it should run, what it runs, and why.
import { z } from "zod";
import { checkDocument } from "./document-check.ts";
import { momentSchema } from "./environment-index.ts";
import { labelSchema, machineNameSchema } from "./names.ts";
import { type Architecture, architectures } from "./revision.ts";
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

const statusSchema: z.ZodType<MachineStatus> = z.strictObject({
  format: z.literal(1),
  machine: machineNameSchema,
  tags: z.record(z.string(), z.string()),
  os: z.literal("linux"),
  arch: z.enum(architectures),
  agentVersion: z.string(),
  seenSerial: z.int().min(0),
  at: momentSchema,
  services: z.record(
    labelSchema,
    z.strictObject({
      desired: z.string().exactOptional(),
      running: z.string().exactOptional(),
      state: z.enum(["converging", "running", "failed", "stopped"]),
      step: z.string().exactOptional(),
      sentence: z.string(),
      since: momentSchema,
      restarts: z.int().min(0),
      health: z.enum(["healthy", "unhealthy", "unknown"]),
      addresses: z.record(z.string(), z.string()).exactOptional(),
      lastLines: z.array(z.string()).exactOptional(),
    }),
  ),
  decisions: z.array(z.string()),
});

/** Checks that a parsed JSON value is the status of a machine. Throws `DocumentProblem`. */
export function parseMachineStatus(value: unknown): MachineStatus {
  return checkDocument("machine status", statusSchema, value);
}
