// The configuration in the words of what fetches modules: from other proxies, and with the go command.
import type { ModuleProxySettings } from "@stoa/proxy";
import type { Configuration } from "../config/configuration.ts";
import { credentialsOf } from "./direct-settings.ts";

/** What the way to other proxies is told. */
export function upstreamSettings({
  values,
  go,
}: Pick<Configuration, "values" | "go">): ModuleProxySettings["upstreams"] {
  return {
    goproxy: go.goproxy,
    noproxy: go.noproxy,
    ...credentialsOf(values),
    hgrcPath: values.hgrcPath || undefined,
    proxies: go.outbound,
    connections: values.upstreamConnections,
    queue: values.upstreamQueue,
    timeoutMs: values.timeoutSeconds * 1000,
    connectMs: values.connectTimeoutSeconds * 1000,
    firstByteMs: values.firstByteTimeoutSeconds * 1000,
    progressMs: values.progressTimeoutSeconds * 1000,
  };
}

/** How the go command is run. */
export function goCommandSettings({
  values,
  go,
}: Pick<Configuration, "values" | "go">): ModuleProxySettings["goCommand"] {
  return {
    isForAll: values.direct === "go",
    binary: values.goBinary,
    folder: values.goGetDir,
    workers: values.goGetWorkers,
    queue: values.upstreamQueue,
    paperMs: values.timeoutSeconds * 1000,
    zipMs: values.stashTimeoutSeconds * 1000,
    cloneBytes: values.goClonesMebibytes * 2 ** 20,
    variables: go.commandVariables,
    environment: go.environment,
  };
}
