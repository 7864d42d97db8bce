// Reads one rule of the section permissions. Authority: CodeDeploy's "AppSpec permissions section", and its agent.
import { type AclEntry, parseAclEntry } from "./acl.ts";
import type { PermissionRule } from "./appspec.ts";
import { rangeProblem, type SelinuxContext } from "./selinux-context.ts";
import { targetPath } from "./target-path.ts";
import type { YamlValue } from "./yaml-value.ts";

const known = ["object", "pattern", "except", "owner", "group", "mode", "acls", "context", "type"];

/** Reads one rule; `undefined` with an error where that is impossible. */
export function readPermission(item: YamlValue): PermissionRule | undefined {
  const members = item.members("an item of permissions");
  if (members === undefined) return undefined;
  for (const [name, value] of members) {
    if (!known.includes(name))
      value.warn(`${name} is not known here and has no effect; known are ${known.join(", ")}`);
  }
  const object = readObject(item, members.get("object"));
  if (object === undefined) return undefined;
  const owner = readAccount(members.get("owner"), "owner");
  const group = readAccount(members.get("group"), "group");
  const mode = readMode(members.get("mode"));
  const acls = readAcls(members.get("acls"));
  const context = readContext(members.get("context"));
  const types = readTypes(members.get("type"));
  return {
    object,
    pattern: present(members.get("pattern"))?.text("pattern") ?? "**",
    except: readNames(members.get("except"), "except"),
    types: types ?? ["file", "directory"],
    hasOwnTypes: types !== undefined,
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(mode === undefined ? {} : { mode }),
    ...(acls === undefined ? {} : { acls }),
    ...(context === undefined ? {} : { context }),
    place: item.place,
  };
}

function readObject(item: YamlValue, value: YamlValue | undefined): string | undefined {
  if (value === undefined) return item.error("object is missing");
  const text = value.text("object");
  if (text === undefined) return undefined;
  const target = targetPath(text);
  return "problem" in target ? value.error(`object ${target.problem}`) : target.path;
}

/** A user or group, by name or number. */
function readAccount(value: YamlValue | undefined, what: string): string | undefined {
  const name = present(value)?.text(what);
  if (name === undefined || /^([A-Za-z_][A-Za-z0-9._-]*\$?|\d{1,10})$/.test(name)) return name;
  return value?.error(
    `${what} must name a user or group, and ${JSON.stringify(name)} cannot be one`,
  );
}

/**
 * Octal digits, whether in quotes or not. Without quotes `0644` is the number 420 to readers of YAML 1.1, which CodeDeploy's
 * agent is, and 644 to readers of YAML 1.2; it means 644 here.
 */
function readMode(value: YamlValue | undefined): number | undefined {
  const written = present(value)?.text("mode");
  if (written === undefined) return undefined;
  const digits = written.replace(/^0o/, "");
  if (!/^0?[0-7]{1,4}$/.test(digits))
    return value?.error("mode must be 1 to 4 octal digits such as 644 or 4755");
  if (value?.isPlain() && digits.startsWith("0") && digits !== "0") {
    value.warn(
      `mode is read as ${digits}; CodeDeploy's agent would take ${written} without quotes for the number ${Number.parseInt(digits, 8)}: write "${digits}"`,
    );
  }
  return Number.parseInt(digits, 8);
}

function readAcls(value: YamlValue | undefined): readonly AclEntry[] | undefined {
  if (present(value) === undefined) return undefined;
  const entries: AclEntry[] = [];
  for (const item of value?.items("acls") ?? []) {
    const text = item.text("an entry of acls");
    const entry = text === undefined ? undefined : parseAclEntry(text);
    if (typeof entry === "string") item.error(`the entry ${text} ${entry}`);
    else if (entry !== undefined) entries.push(entry);
  }
  const spelled = entries.map(({ isDefault, kind, name }) => `${isDefault} ${kind} ${name}`);
  if (new Set(spelled).size !== spelled.length)
    value?.error("acls must not have two entries for the same user, group or mask");
  return entries;
}

/** The documentation calls the user of a label `user`, the agent reads `name`. */
function readContext(value: YamlValue | undefined): SelinuxContext | undefined {
  const members = present(value)?.members("context");
  if (members === undefined) return undefined;
  members.get("role")?.error("role cannot be given in context");
  const user = present(members.get("user") ?? members.get("name"))?.text("user");
  const type = members.get("type")?.text("type");
  if (type === undefined) return value?.error("context must have a type");
  const range = present(members.get("range"))?.text("range");
  const problem = range === undefined ? undefined : rangeProblem(range);
  if (problem !== undefined) members.get("range")?.error(`range ${problem}`);
  return {
    ...(user === undefined ? {} : { user }),
    type,
    ...(range === undefined ? {} : { range }),
  };
}

function readTypes(value: YamlValue | undefined): PermissionRule["types"] | undefined {
  if (present(value) === undefined) return undefined;
  const types: ("file" | "directory")[] = [];
  for (const item of value?.items("type") ?? []) {
    const written = item.written();
    if (written === "file" || written === "directory") types.push(written);
    else item.error("type must be file or directory");
  }
  return types;
}

/** A list of names, or one name. */
function readNames(value: YamlValue | undefined, what: string): readonly string[] {
  if (present(value) === undefined) return [];
  return (value?.items(what) ?? [])
    .map((item) => item.text(what))
    .filter((name) => name !== undefined);
}

function present(value: YamlValue | undefined): YamlValue | undefined {
  return value === undefined || value.isNull() ? undefined : value;
}
