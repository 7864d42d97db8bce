// What is noted when a version has been kept.
import type { ModuleVersion } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { HashEntry, KeptHashes } from "../domain/kept-hashes.ts";
import type { LooseFiles } from "../domain/loose-files.ts";
import type { IndexKeeper } from "./keep-index.ts";

/** Where it is noted. */
export interface RecordParts {
  readonly hashes: KeptHashes;
  readonly index: IndexKeeper | undefined;
  readonly loose: LooseFiles;
  readonly log: Log;
}

/**
 * Remembers the hashes and the time, and lets go of the loose files, which the version has taken in. The version is kept
 * whatever happens here: a failure is told, and fails nobody's request.
 */
export function recordKept({ hashes, index, loose, log }: RecordParts) {
  return async (module: ModuleVersion, entry: HashEntry): Promise<void> => {
    try {
      await hashes.write(module, entry);
    } catch (failure) {
      log.warn("the hashes of a kept version were not recorded", { ...module, error: failure });
    }
    await index?.kept(module);
    try {
      await loose.remove(module);
    } catch (failure) {
      log.warn("loose files of a kept version remain", { ...module, error: failure });
    }
  };
}
