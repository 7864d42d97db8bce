// The keys about where modules come from: upstreams, credentials, limits, and how long answers hold.
import {
  choiceSetting,
  type FileValue,
  numberSetting,
  parsedSetting,
  RefusedValue,
  textSetting,
  textsOf,
} from "../setting.ts";

export const upstreamSettings = {
  goBinaryEnvVars: parsedSetting<ReadonlyMap<string, string>>({
    name: "GoBinaryEnvVars",
    environment: ["ATHENS_GO_BINARY_ENV_VARS"],
    emptyIsUnset: true,
    default: new Map(),
    meaning:
      "What the go command's variables are for Stoa, as NAME=VALUE;NAME=VALUE. GOPROXY names the upstreams, GOPRIVATE and GONOPROXY the modules that no upstream is asked for, GOSUMDB the checksum database (or off), GOPRIVATE and GONOSUMDB the modules that it is not asked about; GOVCS, GOINSECURE and GOAUTH decide about repositories. git, ssh and the go command get all of them where Stoa runs them. A variable that is not named here is taken from the environment, then from the file of `go env -w`.",
    kind: "NAME=VALUE;NAME=VALUE",
    parse: (text) => (text === "" ? new Map() : toAssignments(text.split(";"))),
    fromFile: parseAssignmentList,
    print: (value) => [...value].map(([name, text]) => `${name}=${text}`).join(";"),
  }),
  netrcPath: textSetting({
    name: "NETRCPath",
    environment: ["ATHENS_NETRC_PATH", "NETRC"],
    default: "",
    meaning:
      "The file with the credentials for upstreams and repositories; it is read where it lies. Empty means .netrc in the home folder, if it is there.",
  }),
  githubToken: textSetting({
    name: "GithubToken",
    environment: ["ATHENS_GITHUB_TOKEN"],
    default: "",
    secret: true,
    meaning: "The token for github.com. It is kept in memory; no file is written.",
  }),
  hgrcPath: textSetting({
    name: "HGRCPath",
    environment: ["ATHENS_HGRC_PATH"],
    default: "",
    meaning:
      "The configuration of Mercurial, for repositories that are fetched with it; it is read where it lies. Empty means .hgrc in the home folder.",
  }),
  direct: choiceSetting({
    name: "Direct",
    environment: ["STOA_DIRECT"],
    default: "git",
    choices: ["git", "go"],
    meaning:
      "How repositories are read. git: those of git by Stoa itself, all others with the go command. go: all with the go command.",
  }),
  goBinary: textSetting({
    name: "GoBinary",
    environment: ["GO_BINARY_PATH"],
    default: "go",
    meaning:
      "The go command, by name or path: for repositories of Mercurial, Subversion, Fossil and Bazaar, and with Direct for all.",
  }),
  timeoutSeconds: numberSetting({
    name: "Timeout",
    environment: ["ATHENS_TIMEOUT"],
    default: 300,
    unit: "seconds",
    least: 1,
    meaning:
      "How long an upstream, or the go command, may take over a list, an .info or a .mod in all. A zip may take longer as long as it moves.",
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
  goGetWorkers: numberSetting({
    name: "GoGetWorkers",
    environment: ["ATHENS_GOGET_WORKERS"],
    default: 10,
    unit: "versions",
    least: 1,
    meaning:
      "How many versions are fetched in the background at once, and how many go commands run at once. What clients wait for is else bounded by UpstreamConnections.",
  }),
  goGetDir: textSetting({
    name: "GoGetDir",
    environment: ["ATHENS_GOGET_DIR"],
    default: "",
    meaning:
      "Where the go command runs and keeps its clones of repositories. Empty means in .stoa beside what is kept, or with memory storage in the folder for temporary files.",
  }),
  goClonesMebibytes: numberSetting({
    name: "GoClones",
    environment: ["STOA_GO_CLONES"],
    default: 10240,
    unit: "MiB",
    meaning:
      "How much disk the go command's clones of repositories may take. Beyond that those are removed that were not used for longest.",
  }),
  protocolWorkers: numberSetting({
    name: "ProtocolWorkers",
    environment: ["ATHENS_PROTOCOL_WORKERS"],
    default: 30,
    unit: "workers",
    least: 1,
    meaning: "How many requests Athens works on at once.",
    idle: "requests do not wait for a worker",
  }),
  stashTimeoutSeconds: numberSetting({
    name: "StashTimeout",
    environment: ["ATHENS_STASH_TIMEOUT"],
    default: 600,
    unit: "seconds",
    least: 1,
    meaning:
      "How long the go command may take over a version. A transfer from another proxy may take as long as it moves, see ProgressTimeout.",
  }),
} as const;

/** Athens' grammar: trimmed, each must hold `=`. */
function toAssignments(assignments: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    assignments.map((assignment) => {
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

function parseAssignmentList(value: FileValue): ReadonlyMap<string, string> {
  return toAssignments(textsOf(value, 'a list such as ["GOPROXY=https://proxy.golang.org"]'));
}
