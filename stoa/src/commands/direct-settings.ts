// The configuration in the words of what fetches from repositories.
import { homedir } from "node:os";
import { join } from "node:path";
import type { DirectSettings, RepositoryCredentials } from "@stoa/proxy";
import type { Configuration } from "../config/configuration.ts";
import type { SettingValues } from "../config/settings.ts";

/** For how long it counts where a repository is. */
const placesFreshMs = 300_000;

/** What the way to repositories is told. */
export function directSettings({ values, go, environment }: Configuration): DirectSettings {
  return {
    mirrors: {
      folder: values.mirrorFolder || standardFolder(values, environment),
      mostBytes: values.mirrorLimitMebibytes * 2 ** 20,
      mostFetchBytes: values.fetchLimitMebibytes * 2 ** 20,
    },
    rules: {
      govcs: go.govcs,
      privateModules: go.goprivate,
      privateAddresses: [go.goprivate, ...values.privateAddresses].filter(Boolean).join(","),
      insecure: go.goinsecure,
    },
    deadlines: {
      pageMs: values.progressTimeoutSeconds * 1000,
      silenceMs: values.firstByteTimeoutSeconds * 1000,
      totalMs: values.gitTimeoutSeconds * 1000,
    },
    // Names count for questions that meet: the lists of all modules in one repository.
    fresh: { refsMs: Math.min(values.listTtlSeconds, 2) * 1000, placesMs: placesFreshMs },
    fetches: { concurrent: values.gitFetches, waiting: values.upstreamQueue },
    environment,
  };
}

/** The credentials for upstreams and repositories. */
export function credentialsOf(values: SettingValues): RepositoryCredentials {
  const { netrcPath, githubToken, hostTokens, githubAppId, githubAppKey, githubApiUrl } = values;
  return {
    netrcPath: netrcPath || undefined,
    githubToken: githubToken || undefined,
    hostTokens,
    githubApp:
      githubAppId === ""
        ? undefined
        : { id: githubAppId, keyPath: githubAppKey, apiUrl: githubApiUrl },
  };
}

function standardFolder(
  { storageType, diskRoot }: SettingValues,
  environment: Configuration["environment"],
): string {
  if (storageType === "disk") return join(diskRoot, ".stoa", "mirrors");
  const home = environment["HOME"] ?? homedir();
  return join(environment["XDG_CACHE_HOME"] || join(home, ".cache"), "stoa", "mirrors");
}
