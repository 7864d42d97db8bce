// stoa serve: the module proxy on one port, until it is told to stop.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type ModuleProxy, openModuleProxy, policyFiles, tokenFiles } from "@stoa/proxy";
import { type Certificate, type Handler, type Listening, listen } from "@stoa/serving";
import {
  type LogFormat,
  type Metrics,
  type OpenLog,
  openLog,
  openMetrics,
  openTraces,
  type Traces,
} from "@stoa/telemetry";
import {
  type Configuration,
  type ConfigurationPlace,
  readConfiguration,
} from "../config/configuration.ts";
import { policyKeys, policyOf } from "../config/policy.ts";
import { ConfigReload, type Reloadable } from "../config/reload.ts";
import type { SettingValues } from "../config/settings.ts";
import { diagnosticsPages } from "../diagnostics/diagnostics-pages.ts";
import { programVersion } from "../version.ts";
import { reportProblems } from "./config.ts";
import { lazyControlPlane } from "./control-plane.ts";
import { credentialsOf } from "./direct-settings.ts";
import { proxySettings } from "./proxy-settings.ts";
import { namingTheKey } from "./storage-settings.ts";

/**
 * Serves until SIGTERM or SIGINT, then drains. Resolves when the server listens or has said why it does not; sets the
 * exit code. A second signal ends it at once; SIGHUP reads the configuration again.
 */
export async function serve(place: ConfigurationPlace): Promise<void> {
  const config = readConfiguration(place);
  const { values, problems, warnings } = config;
  if (problems.length > 0) {
    reportProblems(problems);
    return;
  }
  const format = logFormatOf(values);
  const log = openLog({ level: values.logLevel, format });
  for (const { at, message } of warnings) log.warn(`${at}: ${message}`);
  const metrics = openMetrics();
  const traces = await tracesOf(values, log);
  const proxy = await namingTheKey(config, async () =>
    openModuleProxy(proxySettings(config), { log, metrics, traces }),
  );
  const diagnostics = values.enablePprof ? await openDiagnostics(values, log, metrics) : undefined;
  const control = lazyControlPlane(values, place.environment, log);
  const listening = await listenFor(control.before(proxy.handle), values).catch(async (failure) => {
    await diagnostics?.drain(0);
    throw failure;
  });
  sayReady(config, { format, log, listening, proxy });
  control.resume();
  void proxy.complaints().then((sentences) => {
    for (const sentence of sentences) log.warn(sentence);
  });

  const reload = new ConfigReload(config, {
    read: () => readConfiguration(place),
    parts: reloadables({ log, proxy, listening }),
    log,
  });
  process.on("SIGHUP", () => void reload.reload("SIGHUP"));
  const stop = async (): Promise<void> => {
    log.info("stopping: finishing the requests that run");
    reload[Symbol.dispose]();
    void diagnostics?.drain(0);
    await control[Symbol.asyncDispose]();
    const end = await listening.drain(values.shutdownTimeoutSeconds * 1000);
    await proxy[Symbol.asyncDispose]();
    await traces?.[Symbol.asyncDispose]();
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

async function tracesOf(values: SettingValues, log: OpenLog): Promise<Traces | undefined> {
  if (values.traceExporter === "") return undefined;
  return openTraces({
    url: values.traceExporterUrl,
    fraction: values.goEnv === "development" ? 1 : values.traceSamplingFraction,
    version: programVersion,
    log,
  });
}

function logFormatOf({ cloudRuntime, logFormat }: SettingValues): LogFormat {
  if (cloudRuntime === "gcp") return "gcp";
  return logFormat || (process.stdout.isTTY ? "plain" : "json");
}

function listenFor(handler: Handler, values: SettingValues): Promise<Listening> {
  return listen(handler, {
    ...values.port,
    socketPath: values.unixSocket || undefined,
    certificate: certificateOf(values),
    // The largest zip that is accepted, on a slow line.
    requestTimeoutMs: values.externalStoragePath === "" ? undefined : 3_600_000,
  });
}

function certificateOf({ tlsCertFile, tlsKeyFile }: SettingValues): Certificate | undefined {
  if (tlsCertFile === "") return undefined;
  return { cert: readFileSync(tlsCertFile), key: readFileSync(tlsKeyFile) };
}

/** Without a host, for programs on this machine alone: what is shown there holds secrets. */
async function openDiagnostics(
  { pprofPort }: SettingValues,
  log: OpenLog,
  metrics: Metrics,
): Promise<Listening> {
  const { host = "127.0.0.1", port } = pprofPort;
  const listening = await listen(diagnosticsPages({ log, metrics }), { host, port });
  log.info(`diagnostics at ${listening.url}`);
  return listening;
}

interface Running {
  readonly log: OpenLog;
  readonly proxy: ModuleProxy;
  readonly listening: Listening;
}

function sayReady(
  { values, go }: Configuration,
  { format, log, listening, proxy }: Running & { readonly format: LogFormat },
): void {
  const ready = values.unixSocket
    ? `ready on the unix socket ${values.unixSocket}`
    : `ready; to use it: export GOPROXY=${listening.url}${values.pathPrefix}`;
  if (format === "plain" || !log.isLevelEnabled("info")) {
    process.stdout.write(`Stoa is ${ready.replace("; to", ". To")}\n`);
  }
  if (format !== "plain") log.info(ready, { version: programVersion });
  for (const host of proxy.servedOn(listening.port)) {
    log.warn(
      `GOPROXY from ${go.goproxySource} names this very server (${host}) as an upstream; modules that are not kept ` +
        "yet cannot be fetched from there. Name another, for example " +
        "ATHENS_GO_BINARY_ENV_VARS=GOPROXY=https://proxy.golang.org",
    );
  }
}

/** What can take new values while it runs. */
function reloadables({ log, proxy, listening }: Running): readonly Reloadable[] {
  return [
    {
      keys: ["logLevel"],
      prepare:
        async ({ logLevel }) =>
        () =>
          log.setLevel(logLevel),
    },
    {
      keys: [
        "netrcPath",
        "githubToken",
        "hostTokens",
        "githubAppId",
        "githubAppKey",
        "githubApiUrl",
      ],
      prepare: (values) => proxy.prepareCredentials(credentialsOf(values)),
      files: ({ netrcPath, hostTokens, githubAppKey }) => [
        netrcPath || join(homedir(), ".netrc"),
        ...tokenFiles(hostTokens),
        githubAppKey,
      ],
    },
    {
      keys: policyKeys,
      prepare: async (values) => proxy.preparePolicy(policyOf(values)),
      files: (values) => policyFiles(policyOf(values)),
    },
    {
      keys: ["tlsCertFile", "tlsKeyFile"],
      prepare: async (values) => {
        const certificate = certificateOf(values);
        return () => {
          if (certificate !== undefined) listening.replaceCertificate(certificate);
        };
      },
      files: ({ tlsCertFile, tlsKeyFile }) => [tlsCertFile, tlsKeyFile],
    },
  ];
}
