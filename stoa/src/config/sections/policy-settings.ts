// The keys about what may be had, from where, and what is said about it: Athens' policies.
import { choiceSetting, listSetting, textSetting } from "../setting.ts";

export const policySettings = {
  downloadMode: textSetting({
    name: "DownloadMode",
    environment: ["ATHENS_DOWNLOAD_MODE"],
    default: "sync",
    meaning:
      "What to do when a version is not kept: sync, async, none, redirect, async_redirect, file:PATH or custom:BASE64.",
    notYet: "so far a version that is not kept is fetched while the client waits (sync)",
  }),
  downloadUrl: textSetting({
    name: "DownloadURL",
    environment: ["ATHENS_DOWNLOAD_URL"],
    default: "",
    meaning: "Where redirect and async_redirect send clients.",
    notYet: "so far clients are not redirected",
  }),
  networkMode: choiceSetting({
    name: "NetworkMode",
    environment: ["ATHENS_NETWORK_MODE"],
    default: "strict",
    choices: ["strict", "fallback"],
    later: ["offline"],
    meaning:
      "What lists are made of: strict, upstream's and what is kept; fallback, what is kept when no upstream answers; offline, what is kept.",
  }),
  filterFile: textSetting({
    name: "FilterFile",
    environment: ["ATHENS_FILTER_FILE"],
    default: "",
    meaning: "The file that says which modules are included (+), excluded (-) or had directly (D).",
    notYet: "so far modules cannot be filtered, and a filter that filters nothing would be unsafe",
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
    meaning: "A URL that is asked whether a version may be given out.",
    notYet: "so far nobody is asked, and a validator that is not asked would be unsafe",
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
