// The keys about staying up to date: hooks, notices, the hottest lists and the crawler.
import { choiceSetting, listSetting, numberSetting, textSetting } from "../setting.ts";

export const freshnessSettings = {
  hookGithub: textSetting({
    name: "HookGithub",
    environment: ["STOA_HOOK_GITHUB"],
    default: "",
    secret: true,
    meaning:
      "The secret of GitHub's webhooks for /api/hooks/github. Empty: they are not listened to.",
  }),
  hookGitlab: textSetting({
    name: "HookGitlab",
    environment: ["STOA_HOOK_GITLAB"],
    default: "",
    secret: true,
    meaning: "The secret token of GitLab's webhooks for /api/hooks/gitlab.",
  }),
  hookGitea: textSetting({
    name: "HookGitea",
    environment: ["STOA_HOOK_GITEA"],
    default: "",
    secret: true,
    meaning: "The secret of Gitea's and Forgejo's webhooks for /api/hooks/gitea.",
  }),
  hookBitbucket: textSetting({
    name: "HookBitbucket",
    environment: ["STOA_HOOK_BITBUCKET"],
    default: "",
    secret: true,
    meaning: "The secret of Bitbucket's webhooks for /api/hooks/bitbucket.",
  }),
  hookPatienceSeconds: numberSetting({
    name: "HookPatience",
    environment: ["STOA_HOOK_PATIENCE"],
    default: 8,
    unit: "seconds",
    least: 1,
    meaning:
      "How long a hook waits until a new version is fetched before it is left to the queue. GitHub gives up after ten.",
  }),
  webhookUrls: listSetting({
    name: "WebhookURLs",
    environment: ["STOA_WEBHOOK_URLS"],
    default: [],
    meaning:
      "Who is told, by POST, which versions are stored or refused by the policy, and of alarms: altered, mismatch, moved, vanished.",
  }),
  webhookSecret: textSetting({
    name: "WebhookSecret",
    environment: ["STOA_WEBHOOK_SECRET"],
    default: "",
    secret: true,
    meaning: "With what these notices are signed (HMAC-SHA256, as Standard Webhooks has it).",
  }),
  hotLists: numberSetting({
    name: "HotLists",
    environment: ["STOA_HOT_LISTS"],
    default: 100,
    unit: "lists",
    meaning:
      "How many of the lists that are asked for most are renewed before they expire. 0 for none.",
  }),
  crawlEverySeconds: numberSetting({
    name: "CrawlEvery",
    environment: ["STOA_CRAWL_EVERY"],
    default: 0,
    unit: "seconds",
    meaning:
      "How long after one crawl for new versions of kept modules the next begins. 0 for never. One instance of a fleet crawls.",
  }),
  crawlModules: listSetting({
    name: "CrawlModules",
    environment: ["STOA_CRAWL_MODULES"],
    default: [],
    meaning:
      "Patterns, as in GOPRIVATE, of the modules that are crawled. Empty: all that are kept.",
  }),
  crawlUsedDays: numberSetting({
    name: "CrawlUsedDays",
    environment: ["STOA_CRAWL_USED_DAYS"],
    default: 0,
    unit: "days",
    meaning: "Crawl only modules that were asked for in so many days. 0 for all.",
  }),
  crawlVersions: choiceSetting({
    name: "CrawlVersions",
    environment: ["STOA_CRAWL_VERSIONS"],
    default: "all",
    choices: ["all", "newer"],
    meaning:
      "Which versions are fetched: all that are listed, or only those above the highest that is kept.",
  }),
  crawlRecheckDays: numberSetting({
    name: "CrawlRecheckDays",
    environment: ["STOA_CRAWL_RECHECK_DAYS"],
    default: 0,
    unit: "days",
    meaning:
      "The crawler asks about each kept version anew, once in so many days, and compares what no checksum database has confirmed byte by byte; what has changed raises an alarm. 0 for never.",
  }),
  crawlFeeds: listSetting({
    name: "CrawlFeeds",
    environment: ["STOA_CRAWL_FEEDS"],
    default: [],
    meaning:
      "Index feeds that are followed as well, such as https://index.golang.org/index. What they tell about modules that are not kept is passed over.",
  }),
  crawlPaceMilliseconds: numberSetting({
    name: "CrawlPace",
    environment: ["STOA_CRAWL_PACE"],
    default: 200,
    unit: "milliseconds",
    meaning: "What the crawler leaves between two requests to the same host, on average at least.",
  }),
  crawlRestSeconds: numberSetting({
    name: "CrawlRest",
    environment: ["STOA_CRAWL_REST"],
    default: 30,
    unit: "seconds",
    meaning:
      "How long the crawler leaves a host alone that answers 429 or 403 or is down; doubled each time, up to a quarter of an hour.",
  }),
} as const;
