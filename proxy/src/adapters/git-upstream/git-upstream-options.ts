// What can be chosen about fetching from git repositories.
import type { HostCredentials } from "../../domain/repository/host-credentials.ts";
import type { Upstream } from "../../domain/upstream.ts";
import type { AddressLookup } from "./discovery/private-addresses.ts";
import type { FillStep } from "./mirror/mirror.ts";
import type { WorkLimits } from "./work-places.ts";

/** Everything that can be chosen. Durations in milliseconds, patterns in the grammar of GOPRIVATE. */
export interface GitUpstreamOptions {
  readonly mirrors: {
    /** Where mirrors of repositories lie; made when it is needed. Upstreams that share it have a part each. */
    readonly folder: string;
    /** What those of this upstream may take on disk; the least used are removed beyond that. */
    readonly mostBytes: number;
    /** What one fetch may bring. */
    readonly mostFetchBytes: number;
    /** How much of a repository is fetched at first; without it, by its size. */
    readonly fillSteps?: readonly FillStep[];
  };
  readonly rules: {
    /** In GOVCS's grammar. Where it does not say otherwise, only git may be used. */
    readonly govcs: string;
    /** Modules that are `private` in GOVCS. */
    readonly privateModules: string;
    /** Modules whose hosts may have private addresses. */
    readonly privateAddresses: string;
    /** Modules that may be fetched without TLS, as in GOINSECURE. */
    readonly insecure: string;
  };
  readonly deadlines: {
    /** For asking a host where a module's repository is, redirects included. */
    readonly pageMs: number;
    /** How long git may be silent. */
    readonly silenceMs: number;
    /** How long one git command may take. */
    readonly totalMs: number;
  };
  /** Fetches from other machines. */
  readonly fetches: WorkLimits;
  /** Modules taken out of mirrors. */
  readonly archives: WorkLimits;
  /** How long an answer of a host counts: about the names in a repository, about where it is. */
  readonly fresh: { readonly refsMs: number; readonly placesMs: number };
  /**
   * What to log in with. Where there is nothing, what git, curl and ssh find for themselves in `environment` counts:
   * .netrc and keys in HOME, an agent, credential helpers.
   */
  readonly credentials: HostCredentials;
  /** The variables that git and ssh see: PATH, HOME, SSH_AUTH_SOCK, HTTPS_PROXY, GIT_SSH_COMMAND and so on. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether git's configuration of user and machine counts for connections. It never counts for content. */
  readonly readsUserConfiguration: boolean;
  /** The upstream for a module proxy that a go-import tag names; without it such modules are `unsupported`. */
  readonly proxyAt?: (url: string) => Upstream;
  /** The git program; `git` if not said. */
  readonly gitCommand?: string;
  readonly lookupAddresses?: AddressLookup;
  /** A clock that never goes back. */
  readonly nowMs?: () => number;
}
