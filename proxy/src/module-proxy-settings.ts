// What can be chosen about a module proxy, in the words of its parts.
import type { LeasePlace } from "./adapters/leases/open-leases.ts";
import type { StatePlace } from "./adapters/sql-state/open-state.ts";
import type { Lifetimes } from "./application/remembered-answers.ts";
import type { ChecksumSettings } from "./checksum-databases.ts";
import type { GoCommandSettings } from "./go-command.ts";
import type { GateRules } from "./http/gate.ts";
import type { ZipCacheSettings } from "./open-cached-zips.ts";
import type { DirectSettings, RepositoryCredentials } from "./open-direct-upstream.ts";
import type { FreshnessSettings } from "./open-freshness.ts";
import type { HousekeepingSettings } from "./open-housekeeping.ts";
import type { IndexPlace } from "./open-index.ts";
import type { PolicySettings } from "./open-policy.ts";
import type { StorageSettings } from "./open-storage.ts";

/** Everything about a module proxy that can be chosen. Durations in milliseconds. */
export interface ModuleProxySettings {
  readonly storage: StorageSettings;
  /** Where zips of a storage elsewhere are kept for a while; `undefined` for nowhere. */
  readonly zipCache: ZipCacheSettings | undefined;
  readonly upstreams: RepositoryCredentials & {
    /** In GOPROXY's grammar. */
    readonly goproxy: string;
    /** In GONOPROXY's grammar: modules that no proxy may be asked for. */
    readonly noproxy: string;
    /** The file that Mercurial is to read instead of the user's own: its HGRCPATH. */
    readonly hgrcPath: string | undefined;
    /** The HTTP proxies on the way to them, as in HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
    readonly proxies: {
      readonly http?: string | undefined;
      readonly https?: string | undefined;
      readonly exceptions?: string | undefined;
    };
    readonly connections: number;
    readonly queue: number;
    readonly timeoutMs: number;
    readonly connectMs: number;
    readonly firstByteMs: number;
    readonly progressMs: number;
  };
  readonly goCommand: GoCommandSettings;
  readonly direct: DirectSettings;
  readonly policy: PolicySettings & {
    readonly validatorTimeoutMs: number;
    /** How long a verdict of the validator is remembered. */
    readonly validatorLifetimeMs: number;
    /** The status of redirects by the download mode. */
    readonly redirectStatus: number;
  };
  readonly background: {
    /** How many versions are fetched at once for the queue. */
    readonly workers: number;
    /** How many versions may wait. */
    readonly queue: number;
  };
  /** Where the proxy's own state is kept: the queue, recorded hashes, the index. Losing it loses no module. */
  readonly state: StatePlace;
  /** How the answers are kept up to date. */
  readonly freshness: FreshnessSettings;
  /** How the store is kept in bounds. */
  readonly housekeeping: HousekeepingSettings;
  /** By what several instances agree who fetches a version. */
  readonly leases: LeasePlace;
  /** How long a lease outlives its holder. */
  readonly leaseLifetimeMs: number;
  /** Where it is noted when versions came: in the state, in memory, in a table of Athens', or nowhere. */
  readonly index: IndexPlace;
  /** Whether the pages for administrators are served. */
  readonly adminApi: boolean;
  readonly checksums: ChecksumSettings;
  readonly lifetimes: Lifetimes;
  /** How much memory may be used for small answers that are ready to be sent. */
  readonly hotBytes: number;
  /** Where the proxy is mounted: "" or "/a/b". */
  readonly pathPrefix: string;
  /** Who is let in. */
  readonly gate: Omit<GateRules, "prefix" | "storage">;
  /** Where, below the prefix, other programs may keep modules here, and as whom; `undefined` for nowhere. */
  readonly external:
    | { readonly path: string; readonly user: string; readonly token: string }
    | undefined;
  readonly pages: {
    readonly showsMetrics: boolean;
    /** Files of the operator, shown if they are there. */
    readonly homeTemplatePath: string;
    readonly robotsPath: string;
    readonly noSumPatterns: readonly string[];
  };
  /** The program's version, for /version. */
  readonly version: string;
}
