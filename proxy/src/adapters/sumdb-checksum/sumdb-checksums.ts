// Which versions the checksum database is asked about, and what its silence means.
import type { ModulePath, ModuleVersion } from "@stoa/gomod";
import { matchesModulePatterns } from "@stoa/gomod";
import type { Checksums, RecordedHashes } from "../../domain/checksums.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { SumdbDatabase } from "./sumdb-database.ts";

/** What decides about a module. */
export interface ChecksumRules {
  /** `undefined` for GOSUMDB=off. */
  readonly database: SumdbDatabase | undefined;
  /** As in GONOSUMDB: path globs separated by commas. */
  readonly exempt: string;
  /** Whether the only upstream is a folder, from which even toolchains are taken as they are. */
  readonly fromFolderOnly: boolean;
}

const toolchain = "golang.org/toolchain";
const howToTurnOff =
  "where it is out of reach, turn it off with GOSUMDB=off, or exempt modules with GONOSUMDB, in ATHENS_GO_BINARY_ENV_VARS";

/**
 * As the go command decides (cmd/go modfetch.useSumDB): the path alone exempts a module, and toolchains are never exempt,
 * for no go.sum records them.
 */
export class SumdbChecksums implements Checksums {
  readonly #rules: ChecksumRules;

  constructor(rules: ChecksumRules) {
    this.#rules = rules;
  }

  async recorded(module: ModuleVersion, signal: AbortSignal): Promise<RecordedHashes | undefined> {
    const { database } = this.#rules;
    if (!this.#mustCheck(module.path)) return undefined;
    if (database === undefined) {
      throw new ProxyFailure(
        "refused",
        "toolchains must be confirmed by the checksum database, and GOSUMDB is off: set it to sum.golang.org in ATHENS_GO_BINARY_ENV_VARS",
        { subject: module },
      );
    }
    try {
      const { hashes } = await database.lookup(module, signal);
      return { database: database.name, ...hashes };
    } catch (failure) {
      throw explained(failure, database.name);
    }
  }

  #mustCheck(path: ModulePath): boolean {
    const { database, exempt, fromFolderOnly } = this.#rules;
    if (path === toolchain) return !fromFolderOnly;
    return database !== undefined && !matchesModulePatterns(exempt, path);
  }
}

/** Says what a failed lookup means for the version that was asked for. */
function explained(failure: unknown, database: string): unknown {
  if (!(failure instanceof ProxyFailure)) return failure;
  const { code, message, subject, cause } = failure;
  switch (code) {
    case "not_found":
      return new ProxyFailure(
        "refused",
        `the checksum database ${database} has no record of it (${message}); if it is private, name it in GONOSUMDB or GOPRIVATE in ATHENS_GO_BINARY_ENV_VARS, or in ATHENS_GONOSUM_PATTERNS`,
        { subject, cause },
      );
    case "upstream_unavailable":
    case "timed_out":
    case "overloaded":
    case "loop":
      return new ProxyFailure(
        code,
        `the checksum database ${database} could not confirm it, and nothing unconfirmed is kept: ${message}; ${howToTurnOff}`,
        { subject, cause },
      );
    default:
      return failure;
  }
}
