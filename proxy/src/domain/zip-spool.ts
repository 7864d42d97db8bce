// Where zips arrive on this machine while they are on their way to a store elsewhere.
import type { StagedZip } from "./module-store.ts";

/** Rejects with `store_unavailable` when this machine's disk cannot be used. */
export interface ZipSpool {
  stage(): Promise<SpooledZip>;
}

/** It can be read until it is disposed of, which removes it. */
export interface SpooledZip extends StagedZip {
  /** To be called once, by the store that keeps the zip. Throws if it has not ended, or was taken before. */
  take(): void;
}

/** Takes a zip that a spool has staged; see `SpooledZip.take`. */
export function takeSpooled(zip: StagedZip): StagedZip {
  if (!("take" in zip && typeof zip.take === "function")) {
    throw new Error("the zip was staged in another store");
  }
  (zip as SpooledZip).take();
  return zip;
}
