// What a machine is, and whom it believes.
import type { Architecture, PublicKey, Tags } from "@stoa/deployment";

/** One machine. */
export interface Machine {
  readonly name: string;
  readonly tags: Tags;
  readonly arch: Architecture;
  readonly environment: string;
}

/** Whose signatures count on a machine. */
export interface Trust {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
  /** Those of which one must have signed the first policy that counts; none: whoever signs indexes. */
  readonly policyKeys: readonly PublicKey[];
}
