// What the checksum database knows about module versions, and what follows from it.
import type { ModuleVersion } from "@stoa/gomod";
import { ProxyFailure } from "./proxy-failure.ts";

/** The `h1:` hashes of a version. */
export interface VersionHashes {
  readonly zip: string;
  readonly mod: string;
}

/** The hashes on record for a version; a database may one day have several of a kind. */
export interface RecordedHashes {
  /** The name of the database. */
  readonly database: string;
  readonly zip: readonly string[];
  readonly mod: readonly string[];
}

/** Looks versions up in the checksum database. */
export interface Checksums {
  /**
   * The hashes on record, proven to be in the database's one signed tree; `undefined` for a module that is exempt, whose
   * name nobody outside is told. Many versions may be asked for at once. Rejects with the signal's reason, or a
   * `ProxyFailure`: `refused` if the database has no record of the version, `upstream_unavailable` or `timed_out` if it
   * gives no usable answer, `checksum_mismatch` if it contradicts itself.
   */
  recorded(module: ModuleVersion, signal: AbortSignal): Promise<RecordedHashes | undefined>;
}

/** Throws `checksum_mismatch` if a file's hash is not the one on record, `refused` if none is. */
export function requireRecorded(
  module: ModuleVersion,
  kind: keyof VersionHashes,
  hash: string,
  recorded: RecordedHashes,
): void {
  const { database, [kind]: known } = recorded;
  if (known.includes(hash)) return;
  const what = kind === "zip" ? "zip" : "go.mod";
  const expected = known.find((one) => one.startsWith("h1:"));
  if (expected === undefined) {
    throw new ProxyFailure("refused", `${database} has no h1 hash of its ${what} on record`, {
      subject: module,
    });
  }
  throw new ProxyFailure(
    "checksum_mismatch",
    `security: the ${what} has ${hash}, but ${database} has ${expected} on record. Its tag was moved, or somebody altered it: do not use these bytes`,
    { subject: module },
  );
}
