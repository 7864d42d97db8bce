// Reads an appspec.yml. Authority: CodeDeploy's "AppSpec file structure" for the EC2/on-premises platform, and its agent.
import type { Appspec, FileExistsBehavior, FileRule, PermissionRule } from "./appspec.ts";
import { type Diagnostic, hasErrors } from "./diagnostic.ts";
import { type HookScript, longestSeconds } from "./hook-script.ts";
import { isHook, isLifecycleEvent, type LifecycleEvent, lifecycleEvents } from "./lifecycle.ts";
import { readPermission } from "./permission-document.ts";
import { targetPath } from "./target-path.ts";
import { YamlReading, type YamlValue } from "./yaml-value.ts";

/** What came of reading an appspec: what it says, unless there is an error, and everything that is to be said about it. */
export interface AppspecReading {
  readonly appspec?: Appspec;
  readonly diagnostics: readonly Diagnostic[];
}

const topLevel = ["version", "os", "files", "file_exists_behavior", "permissions", "hooks"];
const start = { line: 1, column: 1 };

/** Reads an appspec. It never throws: what is wrong is among the diagnostics, with its place. */
export function readAppspec(text: string): AppspecReading {
  const reading = new YamlReading(text);
  const root = reading.root();
  if (root === undefined) {
    if (reading.diagnostics.length === 0)
      reading.say("error", start, "the file is empty; it must say at least version and os");
    return { diagnostics: reading.diagnostics };
  }
  const members = root.members("an appspec");
  const appspec = members && readMembers(reading, members);
  return appspec === undefined || hasErrors(reading.diagnostics)
    ? { diagnostics: reading.diagnostics }
    : { appspec, diagnostics: reading.diagnostics };
}

function readMembers(reading: YamlReading, members: ReadonlyMap<string, YamlValue>): Appspec {
  checkVersion(reading, members.get("version"));
  checkOs(reading, members.get("os"));
  for (const [name, value] of members) {
    if (!topLevel.includes(name))
      value.warn(`${name} is not known and has no effect; known are ${topLevel.join(", ")}`);
  }
  const behavior = readBehavior(members.get("file_exists_behavior"));
  return {
    os: "linux",
    files: readList(members.get("files"), "files", readFileRule),
    ...(behavior === undefined ? {} : { fileExistsBehavior: behavior }),
    permissions: readList(
      members.get("permissions"),
      "permissions",
      readPermission,
    ) satisfies readonly PermissionRule[],
    hooks: readHooks(members.get("hooks")),
  };
}

/** The number 0: `0.0` or `0`, not a text. */
function checkVersion(reading: YamlReading, version: YamlValue | undefined): void {
  if (version === undefined) {
    reading.say("error", start, "version is missing; write version: 0.0");
    return;
  }
  const isZero = version.isPlain() && /^[-+]?(0+\.?0*|\.0+)$/.test(version.written() ?? "");
  if (!isZero) version.error("version must be the number 0.0, without quotes");
}

function checkOs(reading: YamlReading, os: YamlValue | undefined): void {
  if (os === undefined) {
    reading.say("error", start, "os is missing; write os: linux");
    return;
  }
  const written = os.written();
  if (written === "windows") os.error("os is windows, and the machines run Linux; write os: linux");
  else if (written !== "linux") os.error("os must be linux");
}

function readBehavior(value: YamlValue | undefined): FileExistsBehavior | undefined {
  if (value === undefined || value.isNull()) return undefined;
  const written = value.written();
  if (written === "DISALLOW" || written === "OVERWRITE" || written === "RETAIN") return written;
  return value.error("file_exists_behavior must be DISALLOW, OVERWRITE or RETAIN, in capitals");
}

/** The items of a list that could be read; no list at all has none. */
function readList<T>(
  value: YamlValue | undefined,
  what: string,
  read: (item: YamlValue) => T | undefined,
): readonly T[] {
  if (value === undefined || value.isNull()) return [];
  return (value.items(what) ?? []).map(read).filter((item) => item !== undefined);
}

function readFileRule(item: YamlValue): FileRule | undefined {
  const members = item.members("an item of files");
  if (members === undefined) return undefined;
  warnOfOthers(members, ["source", "destination"]);
  const source = required(item, members, "source");
  const destination = required(item, members, "destination");
  if (source === undefined || destination === undefined) return undefined;
  const from = bundlePart(source, "source");
  const to = targetPath(destination.written() ?? "");
  if ("problem" in to) return destination.error(`destination ${to.problem}`);
  return from === undefined ? undefined : { source: from, destination: to.path, place: item.place };
}

/** A member that must be there and be a text. */
function required(
  item: YamlValue,
  members: ReadonlyMap<string, YamlValue>,
  name: string,
): YamlValue | undefined {
  const value = members.get(name);
  if (value === undefined) return item.error(`${name} is missing`);
  return value.text(name) === undefined ? undefined : value;
}

/** A path within the bundle; a slash alone is all of it. */
function bundlePart(value: YamlValue, what: string): string | undefined {
  const parts = (value.written() ?? "").split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return value.error(`${what} must stay inside the bundle, without ..`);
  return parts.join("/");
}

function readHooks(value: YamlValue | undefined): Appspec["hooks"] {
  const hooks = new Map<LifecycleEvent, readonly HookScript[]>();
  if (value === undefined || value.isNull()) return hooks;
  for (const [event, scripts] of value.members("hooks") ?? []) {
    if (!isLifecycleEvent(event)) {
      scripts.error(
        `${event} is no event; events with scripts are ${lifecycleEvents.filter(isHook).join(", ")}`,
      );
    } else if (!isHook(event)) {
      scripts.error(`${event} is the agent's own work and takes no scripts`);
    } else if (!scripts.isNull()) {
      hooks.set(event, readList(scripts, event, readScript));
    }
  }
  return hooks;
}

function readScript(item: YamlValue): HookScript | undefined {
  const members = item.members("a script");
  if (members === undefined) return undefined;
  warnOfOthers(members, ["location", "timeout", "runas", "sudo"]);
  const location = required(item, members, "location");
  const path = location && bundlePart(location, "location");
  if (location === undefined || path === undefined) return undefined;
  const runas = readRunas(members.get("runas"));
  const timeout = readTimeout(members.get("timeout"));
  return {
    location: path,
    timeoutSeconds: timeout ?? longestSeconds,
    hasOwnTimeout: timeout !== undefined,
    ...(runas === undefined ? {} : { runas }),
    sudo: readSudo(members.get("sudo")),
    place: location.place,
  };
}

function readTimeout(value: YamlValue | undefined): number | undefined {
  if (value === undefined || value.isNull()) return undefined;
  const written = value.written() ?? "";
  if (!/^\d{1,9}$/.test(written) || Number(written) === 0) {
    return value.error("timeout must be a whole number of seconds above 0");
  }
  if (Number(written) > longestSeconds)
    return value.error(`timeout must not be above ${longestSeconds} seconds`);
  if (!value.isPlain()) value.warn("timeout is a number; write it without quotes");
  return Number(written);
}

function readRunas(value: YamlValue | undefined): string | undefined {
  if (value === undefined || value.isNull()) return undefined;
  const user = value.text("runas");
  if (user === undefined || /^[A-Za-z_][A-Za-z0-9._-]*\$?$/.test(user)) return user;
  return value.error(`runas must name a user, and ${JSON.stringify(user)} cannot be one`);
}

/** YAML 1.1, which CodeDeploy's agent reads, has more words for yes than YAML 1.2. */
function readSudo(value: YamlValue | undefined): boolean {
  if (value === undefined || value.isNull()) return false;
  const written = (value.written() ?? "").toLowerCase();
  if (["true", "yes", "on"].includes(written)) return true;
  if (!["false", "no", "off"].includes(written)) value.error("sudo must be true or false");
  return false;
}

function warnOfOthers(members: ReadonlyMap<string, YamlValue>, known: readonly string[]): void {
  for (const [name, value] of members) {
    if (!known.includes(name))
      value.warn(`${name} is not known here and has no effect; known are ${known.join(", ")}`);
  }
}
