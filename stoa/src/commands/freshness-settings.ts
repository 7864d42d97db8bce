// The configuration in the words of what keeps answers up to date.
import type { ModuleProxySettings } from "@stoa/proxy";
import type { SettingValues } from "../config/settings.ts";

const dayMs = 86_400_000;

/** What hooks, notices and the crawler are told. */
export function freshnessSettings(values: SettingValues): ModuleProxySettings["freshness"] {
  const secrets = [
    ["github", values.hookGithub],
    ["gitlab", values.hookGitlab],
    ["gitea", values.hookGitea],
    ["bitbucket", values.hookBitbucket],
  ] as const;
  return {
    hookSecrets: new Map(secrets.filter(([, secret]) => secret !== "")),
    hookPatienceMs: values.hookPatienceSeconds * 1000,
    hotLists: values.hotLists,
    notices: { urls: values.webhookUrls, secret: values.webhookSecret },
    crawl: {
      everyMs: values.crawlEverySeconds * 1000,
      patterns: values.crawlModules.join(","),
      usedMs: values.crawlUsedDays * dayMs,
      versions: values.crawlVersions,
      recheckDays: values.crawlRecheckDays,
      feeds: values.crawlFeeds,
      paceMs: values.crawlPaceMilliseconds,
      restMs: values.crawlRestSeconds * 1000,
    },
  };
}
