// The configuration in the words of the module proxy.
import type { ModuleProxySettings } from "@stoa/proxy";
import type { Configuration } from "../config/configuration.ts";
import { policyOf } from "../config/policy.ts";
import { programVersion } from "../version.ts";
import { directSettings } from "./direct-settings.ts";
import { freshnessSettings } from "./freshness-settings.ts";
import { externalPlace, gateRules } from "./gate-settings.ts";
import { housekeepingSettings } from "./housekeeping-settings.ts";
import { indexPlace } from "./index-place.ts";
import { leasePlace } from "./lease-place.ts";
import { statePlace } from "./state-place.ts";
import { storageSettings } from "./storage-settings.ts";
import { goCommandSettings, upstreamSettings } from "./upstream-settings.ts";

/** What the module proxy is told. */
export function proxySettings(config: Configuration): ModuleProxySettings {
  const { values, go } = config;
  return {
    storage: storageSettings({ values }),
    zipCache:
      values.zipCache === ""
        ? undefined
        : { folder: values.zipCache, mostBytes: values.zipCacheMebibytes * 2 ** 20 },
    upstreams: upstreamSettings(config),
    goCommand: goCommandSettings(config),
    direct: directSettings(config),
    policy: {
      ...policyOf(values),
      validatorTimeoutMs: values.validatorTimeoutSeconds * 1000,
      validatorLifetimeMs: values.validatorTtlSeconds * 1000,
      redirectStatus: Number(values.redirectStatus),
    },
    state: statePlace(values),
    freshness: freshnessSettings(values),
    housekeeping: housekeepingSettings(config),
    leases: leasePlace(values),
    leaseLifetimeMs: values.leaseSeconds * 1000,
    index: indexPlace(values),
    adminApi: values.adminApi,
    background: { workers: values.goGetWorkers, queue: values.queueLimit },
    checksums: {
      gosumdb: go.gosumdb,
      nosumdb: [go.nosumdb, ...values.noSumPatterns].filter((pattern) => pattern !== "").join(","),
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
    gate: gateRules(values),
    external: externalPlace(values),
    pages: {
      showsMetrics: values.statsExporter === "prometheus",
      homeTemplatePath: values.homeTemplatePath,
      robotsPath: values.robotsFile,
      noSumPatterns: values.noSumPatterns,
    },
    version: programVersion,
  };
}
