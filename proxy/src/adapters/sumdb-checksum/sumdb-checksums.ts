// Which versions the checksum database is asked about, and what its silence means.
import type { ModulePath, ModuleVersion } from "@stoa/gomod";
import { matchesModulePatterns } from "@stoa/gomod";
import type { Checksums, RecordedHashes } from "../../domain/checksums.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { SumdbDatabase } from "./sumdb-database.ts";

/** What decides about a module. */
export interface ChecksumRules {
  /** `undefined` where GOSUMDB is off or names none. */
  readonly database: SumdbDatabase | undefined;
  /** As in GONOSUMDB: path globs separated by commas. */
  readonly exempt: string;
  /** Whether nobody may be asked for anything. */
  readonly isOffline?: (() => boolean) | undefined;
  /** Whether the only upstream is a folder, from which even toolchains are taken as they are. */
  readonly fromFolderOnly: boolean;
}

const toolchain = "golang.org/toolchain";
const howToTurnOff =
  "where it is out of reach, turn it off with GOSUMDB=off, or exempt modules with GONOSUMDB, in ATHENS_GO_BINARY_ENV_VARS";

/**
 * As the go command decides (cmd/go modfetch.useSumDB): the path alone exempts a module, and toolchains are never exempt,
 * for no go.sum records them. Without a database nothing is compared here; the go commands that ask still do it.
 */
export class SumdbChecksums implements Checksums {
  readonly #rules: ChecksumRules;

  constructor(rules: ChecksumRules) {
    this.#rules = rules;
  }

  async recorded(module: ModuleVersion, signal: AbortSignal): Promise<RecordedHashes | undefined> {
    const { database } = this.#rules;
    if (database === undefined || !this.#mustCheck(module.path)) return undefined;
    if (this.#rules.isOffline?.() === true) {
      const message = `this proxy is offline (network mode), so ${database.name} is not asked whether it is what it should be; a module that is named in GONOSUMDB needs no asking`;
      throw new ProxyFailure("refused", message, { subject: module });
    }
    try {
      const { hashes } = await database.lookup(module, signal);
      return { database: database.name, ...hashes };
    } catch (failure) {
      throw explained(failure, database.name);
    }
  }

  #mustCheck(path: ModulePath): boolean {
    const { exempt, fromFolderOnly } = this.#rules;
    return path === toolchain ? !fromFolderOnly : !matchesModulePatterns(exempt, path);
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
