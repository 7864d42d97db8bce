// The go command's own variables, from where the go command would take them.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "./load-config.ts";

/** What Stoa takes over from the go command's configuration. */
export interface GoEnvironment {
  /** The upstreams, in GOPROXY's grammar. */
  readonly goproxy: string;
  /** Patterns of modules that no proxy may be asked for. */
  readonly noproxy: string;
  /** The checksum database, in GOSUMDB's grammar. */
  readonly gosumdb: string;
  /** Patterns of modules that no checksum database may be asked about. */
  readonly nosumdb: string;
  /** Where GOPROXY was found, for people: `GoBinaryEnvVars`, `the environment`, the path of a file, `the default`. */
  readonly goproxySource: string;
  /** Patterns of modules that are nobody else's business. */
  readonly goprivate: string;
  /** Which version control systems may be used for which modules, in GOVCS's grammar; empty where nobody says. */
  readonly govcs: string;
  readonly govcsSource: string;
  /** Patterns of modules that may be fetched without TLS. */
  readonly goinsecure: string;
  readonly noproxySource: string;
  readonly gosumdbSource: string;
  readonly nosumdbSource: string;
  /** What the go command is told when Stoa runs it: every assignment, and the variables that decide about repositories. */
  readonly commandVariables: Readonly<Record<string, string>>;
  /** The variables of this process, of which programs that Stoa runs get some. */
  readonly environment: Environment;
  /** The HTTP proxies through which upstreams are reached, in the go command's variables. */
  readonly outbound: {
    readonly http: string | undefined;
    readonly https: string | undefined;
    readonly exceptions: string | undefined;
  };
}

/** Variables that decide from where the go command may fetch, and how. */
const repositoryVariables = ["GOPRIVATE", "GOINSECURE", "GOVCS", "GOAUTH"];

/** The go command's own default (cmd/go, GOPROXY). */
const defaultGoproxy = "https://proxy.golang.org,direct";

/** The go command's own default (cmd/go, GOSUMDB). */
const defaultGosumdb = "sum.golang.org";

/**
 * Looks a variable up as `go env` does, after the assignments of the configuration: environment, then the file that
 * `go env -w` writes (GOENV, else go/env in the user's configuration folder). GONOPROXY and
 * GONOSUMDB default to GOPRIVATE.
 */
export function readGoEnvironment(
  assignments: ReadonlyMap<string, string>,
  environment: Environment,
): GoEnvironment {
  const file = goEnvFile(environment);
  const written = file === undefined ? new Map<string, string>() : readAssignments(file);
  const find = (name: string): { value: string; source: string } | undefined => {
    const candidates = [
      { value: assignments.get(name), source: "GoBinaryEnvVars" },
      { value: environment[name], source: "the environment" },
      { value: written.get(name), source: file ?? "" },
    ];
    const found = candidates.find(({ value }) => value !== undefined && value !== "");
    return found as { value: string; source: string } | undefined;
  };
  const goproxy = find("GOPROXY");
  const noproxy = find("GONOPROXY") ?? find("GOPRIVATE");
  const gosumdb = find("GOSUMDB");
  const nosumdb = find("GONOSUMDB") ?? find("GOPRIVATE");
  const govcs = find("GOVCS");
  return {
    goprivate: find("GOPRIVATE")?.value ?? "",
    govcs: govcs?.value ?? "",
    govcsSource: govcs?.source ?? "the default",
    goinsecure: find("GOINSECURE")?.value ?? "",
    goproxy: goproxy?.value ?? defaultGoproxy,
    goproxySource: goproxy?.source ?? "the default",
    noproxy: noproxy?.value ?? "",
    noproxySource: noproxy?.source ?? "the default",
    gosumdb: gosumdb?.value ?? defaultGosumdb,
    gosumdbSource: gosumdb?.source ?? "the default",
    nosumdb: nosumdb?.value ?? "",
    nosumdbSource: nosumdb?.source ?? "the default",
    environment,
    commandVariables: {
      ...Object.fromEntries(repositoryVariables.map((name) => [name, find(name)?.value ?? ""])),
      ...Object.fromEntries(assignments),
    },
    outbound: {
      http: outboundProxy(environment, "HTTP_PROXY"),
      https: outboundProxy(environment, "HTTPS_PROXY"),
      exceptions: outboundProxy(environment, "NO_PROXY"),
    },
  };
}

/** In either case, upper case first (golang.org/x/net/http/httpproxy). */
function outboundProxy(environment: Environment, name: string): string | undefined {
  return environment[name] || environment[name.toLowerCase()] || undefined;
}

function goEnvFile(environment: Environment): string | undefined {
  const named = environment["GOENV"];
  if (named === "off") return undefined;
  if (named !== undefined && named !== "") return named;
  return join(userConfigFolder(environment), "go", "env");
}

/** Go's os.UserConfigDir. */
function userConfigFolder(environment: Environment): string {
  const home = environment["HOME"] ?? homedir();
  if (process.platform === "darwin") return join(home, "Library", "Application Support");
  if (process.platform === "win32") return environment["AppData"] ?? home;
  return environment["XDG_CONFIG_HOME"] || join(home, ".config");
}

/** A file that cannot be read says nothing: it is the go command's own, and its absence is normal. */
function readAssignments(file: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return new Map();
  }
  const assignments = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (match?.[1] !== undefined && match[2] !== undefined) assignments.set(match[1], match[2]);
  }
  return assignments;
}
