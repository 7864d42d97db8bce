// A judge outside of this program who may say no to a module version.
import type { ModulePath } from "@stoa/gomod";

/** Asked before a file is given out. */
export interface Validator {
  /**
   * Whether this version may be given out. `version` may be a query, just as the client wrote it. Rejects with the
   * `ProxyFailure` `upstream_unavailable` or `timed_out` if there is no verdict; nothing may be given out then.
   */
  allows(path: ModulePath, version: string, signal: AbortSignal): Promise<boolean>;
}
