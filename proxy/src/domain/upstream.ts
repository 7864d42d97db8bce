// Where modules come from.
import type { ModulePath, ModuleVersion, Version, VersionInfo } from "@stoa/gomod";
import type { CheckedZip } from "./zip-check.ts";

/**
 * Common to every method of this file: several calls may run at once. A call rejects with a `ProxyFailure`; `not_found`
 * means that this upstream knows for certain that the thing does not exist, and nothing else means that. Retrying is
 * the upstream's own affair: who calls does not retry. When `signal` is aborted the call ends soon, rejecting with the
 * signal's reason.
 */

/** Says which versions a module has. */
export interface Lister {
  /** The tagged versions, retracted ones included, in no particular order; empty if the module exists without tags. */
  list(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]>;
}

/** Turns a question about a module into one version of it. */
export interface Resolver {
  /** `query` is `latest`, a branch, a tag or a commit: anything that is not a canonical version of this module. */
  resolve(path: ModulePath, query: string, signal: AbortSignal): Promise<InfoDocument>;
}

/** Delivers the three files of one version. */
export interface Fetcher {
  /** The `.info` of just this version: the implementation has checked that it is about no other. */
  info(module: ModuleVersion, signal: AbortSignal): Promise<InfoDocument>;
  /** The go.mod, unmodified, at most 16 MiB; `module <path>\n` where the version has none. Never downloads the zip. */
  mod(module: ModuleVersion, signal: AbortSignal): Promise<Uint8Array>;
  /** The zip, unchecked. Resolves when its first bytes are on their way. */
  zip(module: ModuleVersion, signal: AbortSignal): Promise<ZipDelivery>;
}

/** An upstream can do all three. */
export interface Upstream extends Lister, Resolver, Fetcher {
  /** A short name for logs and metrics, without credentials: a host, `direct`. */
  readonly name: string;
}

/** A `.info` document as the upstream wrote it, and what it says. */
export interface InfoDocument {
  readonly bytes: Uint8Array;
  readonly info: VersionInfo;
  /** The name of the upstream that gave it. */
  readonly from: string;
}

/** A zip on its way. Its body must be read to the end or disposed of (`return()`), or a connection is lost. */
export interface ZipDelivery {
  /** The number of bytes to come, if the upstream said so beforehand; the body then delivers just that many or fails. */
  readonly size: number | undefined;
  /**
   * Ends normally only if everything arrived; otherwise it throws a `ProxyFailure`. A chunk holds until the next one is
   * asked for.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** The name of the upstream that gives it. */
  readonly from: string;
  /**
   * What `ZipCheck` would find, from an upstream that has made the zip itself by every rule of module zips. To be called
   * when the body has ended. Without it the zip must be checked.
   */
  readonly found?: () => CheckedZip;
}
