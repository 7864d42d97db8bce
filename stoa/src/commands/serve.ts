// stoa serve: the module proxy on one port, until it is told to stop.
import process from "node:process";
import { openModuleProxy } from "@stoa/proxy";
import { listen } from "@stoa/serving";
import { openLog, openMetrics } from "@stoa/telemetry";
import { type GoEnvironment, readGoEnvironment } from "../config/go-environment.ts";
import { type Environment, loadConfig } from "../config/load-config.ts";
import type { SettingValues } from "../config/settings.ts";
import { programVersion } from "../version.ts";
import { reportProblems } from "./config.ts";

/**
 * Serves until SIGTERM or SIGINT, then drains. Resolves when the server listens or has said why it does not; sets the
 * exit code. A second signal ends it at once.
 */
export async function serve(environment: Environment): Promise<void> {
  const { values, problems } = loadConfig(environment);
  if (problems.length > 0) {
    reportProblems(problems);
    return;
  }
  const go = readGoEnvironment(values.goBinaryEnvVars, environment);
  const format = values.logFormat || (process.stdout.isTTY ? "plain" : "json");
  const log = openLog({ level: values.logLevel, format });
  const metrics = openMetrics();
  const proxy = await openModuleProxy(proxySettings(values, go), { log, metrics });
  const listening = await listen(proxy.handle, values.port);

  const usage = `export GOPROXY=${listening.url}${values.pathPrefix}`;
  if (format === "plain") process.stdout.write(`Stoa is ready. To use it: ${usage}\n`);
  else log.info(`ready; to use it: ${usage}`, { version: programVersion });
  for (const host of proxy.servedOn(listening.port)) {
    log.warn(
      `GOPROXY from ${go.goproxySource} names this very server (${host}) as an upstream; modules that are not kept ` +
        "yet cannot be fetched from there. Name another, for example " +
        "ATHENS_GO_BINARY_ENV_VARS=GOPROXY=https://proxy.golang.org",
    );
  }

  const stop = async (): Promise<void> => {
    log.info("stopping: finishing the requests that run");
    const end = await listening.drain(values.shutdownTimeoutSeconds * 1000);
    await proxy[Symbol.asyncDispose]();
    log.info(`stopped: ${end}`);
    log.flush();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(1));
      void stop();
    });
  }
}

/** What the module proxy takes of the configuration. */
export function proxySettings(
  values: SettingValues,
  go: GoEnvironment,
): Parameters<typeof openModuleProxy>[0] {
  return {
    storage:
      values.storageType === "disk" ? { kind: "disk", root: values.diskRoot } : { kind: "memory" },
    upstreams: {
      goproxy: go.goproxy,
      noproxy: go.noproxy,
      netrcPath: values.netrcPath || undefined,
      proxies: go.outbound,
      connections: values.upstreamConnections,
      queue: values.upstreamQueue,
      timeoutMs: values.timeoutSeconds * 1000,
      connectMs: values.connectTimeoutSeconds * 1000,
      firstByteMs: values.firstByteTimeoutSeconds * 1000,
      progressMs: values.progressTimeoutSeconds * 1000,
    },
    checksums: {
      gosumdb: go.gosumdb,
      nosumdb: [go.nosumdb, values.noSumPatterns].filter((patterns) => patterns !== "").join(","),
      databases: values.sumDbs,
    },
    lifetimes: {
      freshMs: values.listTtlSeconds * 1000,
      absentMs: values.absenceTtlSeconds * 1000,
      patienceMs: values.stalePatienceSeconds * 1000,
      retryMs: 5000,
    },
    hotBytes: values.memoryCacheMebibytes << 20,
    pathPrefix: values.pathPrefix,
    version: programVersion,
  };
}
