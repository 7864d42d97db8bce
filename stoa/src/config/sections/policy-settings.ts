// The keys about what may be had, from where, and what is said about it: Athens' policies.
import {
  choiceSetting,
  listSetting,
  numberSetting,
  switchSetting,
  textSetting,
} from "../setting.ts";

export const policySettings = {
  downloadMode: textSetting({
    name: "DownloadMode",
    environment: ["ATHENS_DOWNLOAD_MODE"],
    default: "sync",
    meaning:
      "What is done about a version that is not kept: sync, async, none, redirect or async_redirect; or file:PATH or custom:BASE64, a download file that says it for each module.",
  }),
  downloadUrl: textSetting({
    name: "DownloadURL",
    environment: ["ATHENS_DOWNLOAD_URL"],
    default: "",
    meaning: "The proxy that redirects lead to. A download file has its own.",
  }),
  policyScope: choiceSetting({
    name: "PolicyScope",
    environment: ["STOA_POLICY_SCOPE"],
    default: "everywhere",
    choices: ["everywhere", "athens"],
    meaning:
      "Where the download mode holds: everywhere, or as in Athens for files alone, so that lists and latest of blocked modules are still asked of upstreams.",
  }),
  redirectStatus: choiceSetting({
    name: "RedirectStatus",
    environment: ["STOA_REDIRECT_STATUS"],
    default: "302",
    choices: ["301", "302", "303", "307", "308"],
    meaning:
      "The HTTP status of redirects by the download mode. Athens' 301 is remembered for ever.",
  }),
  queueLimit: numberSetting({
    name: "QueueLimit",
    environment: ["STOA_QUEUE_LIMIT"],
    default: 100_000,
    unit: "versions",
    meaning:
      "How many versions may wait to be fetched in the background; beyond that clients are told to come again (503).",
  }),
  networkMode: choiceSetting({
    name: "NetworkMode",
    environment: ["ATHENS_NETWORK_MODE"],
    default: "strict",
    choices: ["strict", "fallback", "offline"],
    meaning:
      "What lists and latest say when no upstream answers: strict, the failure; fallback, what is kept. offline: nobody is asked for anything.",
  }),
  filterFile: textSetting({
    name: "FilterFile",
    environment: ["ATHENS_FILTER_FILE"],
    default: "",
    meaning: "The file that says which modules are served (+), refused (-), or had elsewhere (D).",
  }),
  globalEndpoint: textSetting({
    name: "GlobalEndpoint",
    environment: ["ATHENS_GLOBAL_ENDPOINT"],
    default: "http://localhost:3001",
    meaning: "Where rule D of the filter file sends clients.",
  }),
  validatorHook: textSetting({
    name: "ValidatorHook",
    environment: ["ATHENS_PROXY_VALIDATOR"],
    default: "",
    meaning:
      "A URL that is asked, by POST, before a version is given out: it answers 200 for yes and 403 for no.",
  }),
  validatorTimeoutSeconds: numberSetting({
    name: "ValidatorTimeout",
    environment: ["STOA_VALIDATOR_TIMEOUT"],
    default: 10,
    unit: "seconds",
    least: 1,
    meaning: "How long the validator may take.",
  }),
  validatorTtlSeconds: numberSetting({
    name: "ValidatorTTL",
    environment: ["STOA_VALIDATOR_TTL"],
    default: 60,
    unit: "seconds",
    meaning: "How long the validator's word holds. 0 asks it for every request.",
  }),
  adminApi: switchSetting({
    name: "AdminAPI",
    environment: ["STOA_ADMIN_API"],
    default: false,
    meaning:
      "Whether the pages of administrators below /api/modules are served: explain (the rules of the policy), refresh (ask for new versions), seed (fetch what a go.sum names) and keep (register it): to who brings AdminToken, or without one to who brings BasicAuthUser.",
  }),
  adminToken: textSetting({
    name: "AdminToken",
    environment: ["STOA_ADMIN_TOKEN"],
    default: "",
    secret: true,
    meaning:
      "What administrators send as Authorization: Bearer TOKEN. It opens all that BasicAuthUser opens, too.",
  }),
  sumDbs: listSetting({
    name: "SumDBs",
    environment: ["ATHENS_SUM_DBS"],
    default: ["https://sum.golang.org"],
    meaning:
      "The checksum databases that are mirrored under /sumdb/, beside the one of GOSUMDB: each the URL of a known one, also below another proxy's /sumdb/, or name+hash+key and a URL behind a space.",
  }),
  noSumPatterns: listSetting({
    name: "NoSumPatterns",
    environment: ["ATHENS_GONOSUM_PATTERNS"],
    default: [],
    meaning:
      "Patterns of modules that no checksum database is asked about, beside those of GONOSUMDB and GOPRIVATE.",
  }),
} as const;
