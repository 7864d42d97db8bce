// Access control lists as setfacl(1) takes them. Authority: acl(5), and what CodeDeploy's agent accepts.

/** Whose access an entry is about. */
export type AclKind = "user" | "group" | "mask" | "other";

/** One entry. */
export interface AclEntry {
  /** Whether it is what new files below a folder begin with. */
  readonly isDefault: boolean;
  readonly kind: AclKind;
  /** Empty for the owner, the owning group, the mask and everybody else. */
  readonly name: string;
  /** Three of `rwx`, with `-` for what is not allowed. */
  readonly permissions: string;
}

const kinds: ReadonlyMap<string, AclKind> = new Map([
  ["u", "user"],
  ["user", "user"],
  ["g", "group"],
  ["group", "group"],
  ["m", "mask"],
  ["mask", "mask"],
  ["o", "other"],
  ["other", "other"],
]);

/** Reads `[d[efault]:][u|g|m|o]:name:rwx`; a string instead of an entry says what is wrong, after the entry's text. */
export function parseAclEntry(text: string): AclEntry | string {
  const parts = text.split(":").map((part) => part.trim());
  if (parts.length < 2 || parts.length > 4)
    return "must have 2 to 4 parts between colons, such as u:name:rwx";
  const isDefault = parts[0] === "d" || parts[0] === "default";
  const rest = isDefault ? parts.slice(1) : parts;
  const kind = kinds.get(rest[0] ?? "");
  // `name:rwx` is a user's entry.
  const [name = "", permissions = ""] =
    kind === undefined ? rest : rest.length === 2 ? ["", rest[1]] : rest.slice(1);
  if (rest.length > (kind === undefined ? 2 : 3)) return "has a part too many";
  const spelled = spellPermissions(permissions);
  if (spelled === undefined) return "must end in letters of rwx- or one digit from 0 to 7";
  const entry: AclEntry = { isDefault, kind: kind ?? "user", name, permissions: spelled };
  return entryProblem(entry) ?? entry;
}

function entryProblem({ isDefault, kind, name }: AclEntry): string | undefined {
  if ((kind === "mask" || kind === "other") && name !== "")
    return `must not name anybody: it is about the ${kind}`;
  if (name === "" && !isDefault && kind !== "mask")
    return "is about the owner, group or others of the file itself; use mode";
  if (name !== "" && !/^[A-Za-z0-9_][A-Za-z0-9._-]*\$?$/.test(name))
    return "does not name a user or group";
  return undefined;
}

/** `rx`, `r-x` and `5` are all `r-x`. */
function spellPermissions(text: string): string | undefined {
  if (/^[0-7]$/.test(text)) return spellDigit(Number(text));
  if (!/^[rwx-]{1,3}$/.test(text)) return undefined;
  const spelled = [..."rwx"].map((letter) => (text.includes(letter) ? letter : "-")).join("");
  return spelled;
}

function spellDigit(digit: number): string {
  return [..."rwx"].map((letter, index) => (digit & (4 >> index) ? letter : "-")).join("");
}

/**
 * What `setfacl --set` is given for a file with these permission bits: the entries, the base entries that it demands, and a
 * mask as wide as the group's permissions where people are named and no mask is.
 */
export function completeAcl(entries: readonly AclEntry[], mode: number): readonly string[] {
  const own = entries.filter(({ isDefault }) => !isDefault);
  const inherited = entries.filter(({ isDefault }) => isDefault);
  return [
    ...withBase(own, mode).map(spellEntry),
    ...(inherited.length === 0 ? [] : withBase(inherited, mode, true)).map(spellEntry),
  ];
}

function withBase(
  entries: readonly AclEntry[],
  mode: number,
  isDefault = false,
): readonly AclEntry[] {
  const has = (kind: AclKind) => entries.some((entry) => entry.kind === kind && entry.name === "");
  const base = (kind: AclKind, shift: number): readonly AclEntry[] =>
    has(kind) ? [] : [{ isDefault, kind, name: "", permissions: spellDigit((mode >> shift) & 7) }];
  const namesSomebody = entries.some(({ name }) => name !== "");
  return [
    ...base("user", 6),
    ...base("group", 3),
    ...base("other", 0),
    ...entries,
    ...(namesSomebody ? base("mask", 3) : []),
  ];
}

function spellEntry({ isDefault, kind, name, permissions }: AclEntry): string {
  return `${isDefault ? "default:" : ""}${kind}:${name}:${permissions}`;
}
