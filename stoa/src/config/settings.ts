// Every key that Stoa reads, in the order in which it is shown. The only truth about them.
import { parseListenAddress, printListenAddress } from "./listen-address.ts";
import {
  choiceSetting,
  numberSetting,
  parsedSetting,
  RefusedValue,
  textSetting,
} from "./setting.ts";

/** All keys. Those that Athens has carry its names; the others begin with STOA_. */
export const settings = {
  port: parsedSetting({
    name: "Port",
    environment: ["ATHENS_PORT", "PORT"],
    default: { host: undefined, port: 3000 },
    meaning: "Where to listen: a port, or host:port to listen on one address only.",
    kind: "port or host:port",
    parse: parseListenAddress,
    print: printListenAddress,
  }),
  storageType: choiceSetting({
    name: "StorageType",
    environment: ["ATHENS_STORAGE_TYPE"],
    default: "disk",
    choices: ["disk", "memory"],
    meaning:
      "Where modules are kept: disk, in Athens' layout, or memory, which forgets them at the end.",
  }),
  diskRoot: textSetting({
    name: "Storage.Disk.RootPath",
    environment: ["ATHENS_DISK_STORAGE_ROOT"],
    default: "./data",
    meaning: "The folder of the disk storage. It is created if it is missing.",
  }),
  goBinaryEnvVars: parsedSetting<ReadonlyMap<string, string>>({
    name: "GoBinaryEnvVars",
    environment: ["ATHENS_GO_BINARY_ENV_VARS"],
    default: new Map(),
    meaning:
      "What the go command's variables are for Stoa, as NAME=VALUE;NAME=VALUE. GOPROXY names the upstreams, GOPRIVATE and GONOPROXY the modules that no upstream is asked for, GOSUMDB the checksum database (or off), GOPRIVATE and GONOSUMDB the modules that it is not asked about. A variable that is not named here is taken from the environment, then from the file of `go env -w`.",
    kind: "NAME=VALUE;NAME=VALUE",
    parse: parseAssignments,
    print: (value) => [...value].map(([name, text]) => `${name}=${text}`).join(";"),
  }),
  sumDbs: textSetting({
    name: "SumDBs",
    environment: ["ATHENS_SUM_DBS"],
    default: "https://sum.golang.org",
    meaning:
      "The checksum databases that are mirrored under /sumdb/, separated by commas, beside the one of GOSUMDB: the URL of a known one, also below another proxy's /sumdb/, or name+hash+key and a URL behind a space.",
  }),
  noSumPatterns: textSetting({
    name: "NoSumPatterns",
    environment: ["ATHENS_GONOSUM_PATTERNS"],
    default: "",
    meaning:
      "Modules that no checksum database is asked about, as in GONOSUMDB: path patterns separated by commas. GONOSUMDB and GOPRIVATE count as well.",
  }),
  netrcPath: textSetting({
    name: "NETRCPath",
    environment: ["ATHENS_NETRC_PATH", "NETRC"],
    default: "",
    meaning:
      "The file with the credentials for upstreams. Empty means .netrc in the home folder, if it is there.",
  }),
  pathPrefix: parsedSetting({
    name: "PathPrefix",
    environment: ["ATHENS_PATH_PREFIX"],
    default: "",
    meaning: "The path under which the proxy is found, such as /go. Empty means the root.",
    kind: "path",
    parse: parsePrefix,
    print: (value) => value,
  }),
  logLevel: choiceSetting({
    name: "LogLevel",
    environment: ["ATHENS_LOG_LEVEL"],
    default: "info",
    choices: ["debug", "info", "warn", "error"],
    synonyms: { trace: "debug", warning: "warn", fatal: "error", panic: "error" },
    meaning: "The least important lines that are logged. Requests are logged at info.",
  }),
  logFormat: choiceSetting({
    name: "LogFormat",
    environment: ["ATHENS_LOG_FORMAT"],
    default: "",
    choices: ["plain", "json", ""],
    meaning:
      "How lines are logged: plain for people, json for programs. Empty means plain on a terminal and json elsewhere.",
  }),
  timeoutSeconds: numberSetting({
    name: "Timeout",
    environment: ["ATHENS_TIMEOUT"],
    default: 300,
    unit: "seconds",
    least: 1,
    meaning:
      "How long an upstream may take over a list, an .info or a .mod in all. A zip may take longer as long as it moves.",
  }),
  shutdownTimeoutSeconds: numberSetting({
    name: "ShutdownTimeout",
    environment: ["ATHENS_SHUTDOWN_TIMEOUT"],
    default: 60,
    unit: "seconds",
    meaning: "How long running requests may take to finish after SIGTERM.",
  }),
  connectTimeoutSeconds: numberSetting({
    name: "ConnectTimeout",
    environment: ["STOA_CONNECT_TIMEOUT"],
    default: 10,
    unit: "seconds",
    least: 1,
    meaning: "How long connecting to an upstream may take.",
  }),
  firstByteTimeoutSeconds: numberSetting({
    name: "FirstByteTimeout",
    environment: ["STOA_FIRST_BYTE_TIMEOUT"],
    default: 120,
    unit: "seconds",
    least: 1,
    meaning:
      "How long an upstream may think before it begins to answer. The public mirror may need a minute for a module it does not know yet.",
  }),
  progressTimeoutSeconds: numberSetting({
    name: "ProgressTimeout",
    environment: ["STOA_PROGRESS_TIMEOUT"],
    default: 30,
    unit: "seconds",
    least: 1,
    meaning: "How long a transfer from an upstream may stand still before it is given up.",
  }),
  upstreamConnections: numberSetting({
    name: "UpstreamConnections",
    environment: ["STOA_UPSTREAM_CONNECTIONS"],
    default: 32,
    unit: "requests",
    least: 1,
    meaning: "How many requests may run at one upstream host at once.",
  }),
  upstreamQueue: numberSetting({
    name: "UpstreamQueue",
    environment: ["STOA_UPSTREAM_QUEUE"],
    default: 1000,
    unit: "requests",
    meaning:
      "How many more may wait for their turn; beyond that clients are told to come again (503).",
  }),
  listTtlSeconds: numberSetting({
    name: "ListTTL",
    environment: ["STOA_LIST_TTL"],
    default: 60,
    unit: "seconds",
    meaning:
      "How long lists, latest and the answers to revision queries are given out without asking again. Past it they are refreshed, or given out as stale when no upstream answers.",
  }),
  absenceTtlSeconds: numberSetting({
    name: "AbsenceTTL",
    environment: ["STOA_ABSENCE_TTL"],
    default: 10,
    unit: "seconds",
    meaning:
      "How long it is remembered that a module, or what a query asks for, does not exist. An explicit version is always asked for.",
  }),
  stalePatienceSeconds: numberSetting({
    name: "StalePatience",
    environment: ["STOA_STALE_PATIENCE"],
    default: 3,
    unit: "seconds",
    meaning:
      "How long a client waits for a refreshed list before it is given the old one, while the refresh goes on.",
  }),
  memoryCacheMebibytes: numberSetting({
    name: "MemoryCache",
    environment: ["STOA_MEMORY_CACHE"],
    default: 64,
    unit: "MiB",
    meaning: "How much memory is used for small answers that are ready to be sent.",
  }),
} as const;

/** The keys by which the program knows its settings. */
export type SettingKey = keyof typeof settings;

/** The value of every key. */
export type SettingValues = {
  readonly [Key in SettingKey]: (typeof settings)[Key]["default"] extends infer Value
    ? ReturnType<(typeof settings)[Key]["parse"]> | Value
    : never;
};

/** Athens' grammar: split at `;`, trim, each must hold `=`. */
function parseAssignments(text: string): ReadonlyMap<string, string> {
  if (text === "") return new Map();
  return new Map(
    text.split(";").map((assignment) => {
      const at = assignment.indexOf("=");
      if (at <= 0) {
        throw new RefusedValue(
          `${JSON.stringify(assignment.trim())} is not of the form NAME=VALUE (assignments are separated by ";")`,
        );
      }
      return [assignment.slice(0, at).trim(), assignment.slice(at + 1).trim()];
    }),
  );
}

function parsePrefix(text: string): string {
  const prefix = text.trim().replace(/\/+$/, "");
  if (prefix === "") return "";
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(prefix) || /\/\.{1,2}(\/|$)/.test(prefix)) {
    throw new RefusedValue(
      `${JSON.stringify(text)} is not a path such as /go: it must begin with a slash and hold no spaces or escapes`,
    );
  }
  return prefix;
}
