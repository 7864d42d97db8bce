// Whom connections to engines trust: as those to upstreams do, whom this machine trusts.
import { trustSystemCertificates } from "./adapters/goproxy-upstream/system-certificates.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";

/** To be called before state, leases and index are opened. Where none of them is a server it costs nothing. */
export function trustForEngines({
  state,
  leases,
  index,
}: Pick<ModuleProxySettings, "state" | "leases" | "index">): void {
  const isShared = leases.kind !== "memory" && leases.kind !== "state";
  if (state.kind === "postgres" || isShared || typeof index !== "string") trustSystemCertificates();
}
