// What the go command, and the programs that it starts, get to see of the machine that they run on.
import { join } from "node:path";
import { type RunFolder, runVariable } from "./run-folders.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface GoVariableSources {
  /** The variables of this process. */
  readonly environment: Variables;
  /** What was chosen for the go command: GOPRIVATE, GOINSECURE, GOVCS and so on. It counts more than `environment`. */
  readonly chosen: Variables;
  /** A .netrc file other than the one in HOME. */
  readonly netrcPath?: string | undefined;
  /** A Mercurial configuration other than the one in HOME. */
  readonly hgrcPath?: string | undefined;
  readonly githubToken?: string | undefined;
}

/**
 * Names of the machine's own variables that count. The first lines are Athens'; then certificates, credentials and what
 * decides about connections. Everything else stays outside: what a module is must not depend on it.
 */
const inherited = new RegExp(
  `^(${[
    "PATH|HOME|GIT_SSH|GIT_SSH_COMMAND|(HTTPS?|NO)_PROXY|(https?|no)_proxy|GOROOT|SSH_AUTH_SOCK",
    "USERPROFILE|SystemRoot|ALLUSERSPROFILE|HOMEDRIVE|HOMEPATH",
    "SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE|GIT_SSL_\\w+|GIT_(ASKPASS|CONFIG\\w*|PROXY_COMMAND|ALLOW_PROTOCOL)",
    "NETRC|HGRCPATH|XDG_CONFIG_HOME|ALL_PROXY|all_proxy|FOSSIL_HOME|USER|LOGNAME",
  ].join("|")})$`,
);

/** Nothing asks, nothing waits, nothing is remembered, and complaints are in English. */
const always: Variables = {
  LC_ALL: "C.UTF-8",
  GIT_TERMINAL_PROMPT: "0",
  GCM_INTERACTIVE: "never",
  SSH_ASKPASS_REQUIRE: "never",
  HGPLAIN: "1",
  GOENV: "off",
  GO111MODULE: "on",
  GOWORK: "off",
  GOPROXY: "direct",
  GONOPROXY: "",
  CGO_ENABLED: "0",
};

/** Everything that a run of the go command sees. */
export function goVariables(sources: GoVariableSources, folder: RunFolder): Record<string, string> {
  const { environment, chosen, netrcPath } = sources;
  const variables: Variables = {
    // Fossil must know who it is.
    USER: "stoa",
    // Nobody is there who could be asked for a password or for trust in a host key (cmd/go/main does likewise).
    ...(environment["GIT_SSH"]
      ? {}
      : { GIT_SSH_COMMAND: "ssh -o ControlMaster=no -o BatchMode=yes" }),
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => inherited.test(name))),
    GOTOOLCHAIN: "local",
    NETRC: netrcPath,
    ...mercurialConfiguration(sources),
    ...chosen,
    ...always,
    ...checksumVariables(chosen),
    GOVCS: serverGovcs(chosen["GOVCS"] ?? ""),
    GOFLAGS: `${chosen["GOFLAGS"] ?? ""} -mod=mod -modcacherw`.trim(),
    GOPATH: join(folder.path, "path"),
    GOMODCACHE: folder.moduleCache,
    GOCACHE: join(folder.path, "compiled"),
    TMPDIR: folder.path,
    GOTMPDIR: folder.path,
    [runVariable]: folder.path,
  };
  const given = { ...variables, ...githubLogin(sources.githubToken, variables) };
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/**
 * Where no rule fits, git alone is allowed: a server runs these programs on what strangers ask for. A rule for everything
 * may only be the last one (cmd/go vcs.parseGOVCS).
 */
export function serverGovcs(rules: string): string {
  const trimmed = rules.trim();
  if (trimmed === "") return "*:git";
  const patterns = trimmed.split(",").map((rule) => rule.split(":")[0]?.trim());
  return patterns.includes("*") ? trimmed : `${trimmed},*:git`;
}

/**
 * Modules are compared with the checksum database when they enter the store, not here. Toolchains, if the go command may
 * fetch any for itself, never do without it.
 */
function checksumVariables({ GOTOOLCHAIN = "local" }: Variables): Variables {
  if (/^(local|path)$/.test(GOTOOLCHAIN)) return { GOSUMDB: "off" };
  return { GOSUMDB: "sum.golang.org", GONOSUMDB: "*" };
}

/** The file takes the place of the user's own; the machine's stays. */
function mercurialConfiguration({ hgrcPath }: GoVariableSources): Variables {
  if (hgrcPath === undefined) return {};
  return { HGRCPATH: `/etc/mercurial/hgrc:/etc/mercurial/hgrc.d:${hgrcPath}` };
}

/** Through a variable, for other users can see the arguments of a program. */
function githubLogin(token: string | undefined, variables: Variables): Variables {
  if (token === undefined) return {};
  const count = Number(variables["GIT_CONFIG_COUNT"]) || 0;
  const login = Buffer.from(`x-access-token:${token}`).toString("base64");
  return {
    GIT_CONFIG_COUNT: String(count + 1),
    [`GIT_CONFIG_KEY_${count}`]: "http.https://github.com/.extraHeader",
    [`GIT_CONFIG_VALUE_${count}`]: `Authorization: Basic ${login}`,
  };
}
