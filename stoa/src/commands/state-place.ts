// Where the state is, as the configuration has it.
import { join } from "node:path";
import type { ModuleProxySettings } from "@stoa/proxy";
import type { Configuration } from "../config/configuration.ts";

/** The place that STOA_STATE names, or the usual one of the storage. */
export function statePlace({
  state,
  storageType,
  diskRoot,
}: Configuration["values"]): ModuleProxySettings["state"] {
  if (state.kind !== "beside storage") return state;
  return storageType === "disk"
    ? { kind: "sqlite", file: join(diskRoot, ".stoa", "state.sqlite") }
    : { kind: "memory" };
}
