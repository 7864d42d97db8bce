// The .info document: which version a query means, when it was made, and where it came from.
import { foldKey } from "./fold.ts";
import { InvalidText } from "./invalid-text.ts";
import { type Member, membersOf } from "./json-members.ts";
import { textOf } from "./utf8.ts";
import { isVersion, type Version } from "./version.ts";
import { takeTime, timeText, type WrittenTime, zeroTime } from "./version-time.ts";

/** What a proxy answers to `@v/<version>.info` and `@latest`. Authority: cmd/go modfetch RevInfo. */
export interface VersionInfo {
  readonly version: Version;
  /** When the commit was made, as its author says; `undefined` where the document does not tell. */
  readonly time: Date | undefined;
  /** The same time as the document has it, with nanoseconds and offset. It counts only while it means `time`. */
  readonly timeText?: string | undefined;
  readonly origin?: VersionOrigin | undefined;
}

/** Where a version came from; every part may be missing. Authority: cmd/go codehost Origin. */
export interface VersionOrigin {
  /** `git`, `hg` and so on. */
  readonly vcs?: string | undefined;
  readonly url?: string | undefined;
  /** The directory of the module in the repository. */
  readonly subdir?: string | undefined;
  /** The commit. */
  readonly hash?: string | undefined;
  /** With `tagSum`: the answer depends on which tags have this prefix. */
  readonly tagPrefix?: string | undefined;
  readonly tagSum?: string | undefined;
  /** The full name that led to the commit: `refs/tags/v1.2.3`. */
  readonly ref?: string | undefined;
  /** A sum of all names of the repository, if the answer depends on all of them. */
  readonly repoSum?: string | undefined;
}

/** The parts of an origin in the order in which Go writes them, by the names that it gives them. */
const originNames = {
  vcs: "VCS",
  url: "URL",
  subdir: "Subdir",
  hash: "Hash",
  tagPrefix: "TagPrefix",
  tagSum: "TagSum",
  ref: "Ref",
  repoSum: "RepoSum",
} satisfies Record<keyof VersionOrigin, string>;
const originKeys = Object.keys(originNames) as (keyof VersionOrigin)[];

/**
 * Reads a `.info` document as the go command does: names in any case, unknown ones ignored, of repeated ones the last.
 * Throws `InvalidText` of kind `.info document`, also if the version is not canonical.
 * Authority: cmd/go modfetch RevInfo, read by Go's encoding/json.
 */
export function parseVersionInfo(document: string | Uint8Array): VersionInfo {
  const text = typeof document === "string" ? document : textOf(document);
  const refuse = (reason: string) => new InvalidText(".info document", text, reason);
  const fields = takeFields(text, refuse);
  if (fields === undefined) throw refuse("it is not a JSON object");

  const version = takeString(fields, "Version", refuse) ?? "";
  if (version === "") throw refuse("it has no Version");
  if (!isVersion(version)) throw refuse("its Version is not a canonical version");
  const origin = takeOrigin(fields, refuse);
  return { version, ...takeTimes(fields, refuse), ...(origin === undefined ? {} : { origin }) };
}

/**
 * Writes a `.info` document byte for byte as the go command does, without a newline at the end. A time that is not
 * known becomes the first second of year 1. Authority: Go's encoding/json, writing cmd/go modfetch RevInfo.
 */
export function formatVersionInfo(info: VersionInfo): string {
  const fields = [`"Version":${goJson(info.version)}`, `"Time":${goJson(timeTextOf(info))}`];
  const { origin } = info;
  if (origin !== undefined) {
    const parts = originKeys
      .filter((key) => (origin[key] ?? "") !== "")
      .map((key) => `"${originNames[key]}":${goJson(origin[key] ?? "")}`);
    fields.push(`"Origin":{${parts.join(",")}}`);
  }
  return `{${fields.join(",")}}`;
}

type Refusal = (reason: string) => InvalidText;

/** The members of an object by their folded names. */
type Fields = ReadonlyMap<string, readonly Member[]>;

/** `undefined` if the text is JSON but no object. */
function takeFields(json: string, refuse: Refusal): Fields | undefined {
  try {
    const members = membersOf(json);
    return members && Map.groupBy(members, ({ name }) => foldKey(name));
  } catch {
    throw refuse("it is not JSON");
  }
}

/** The values that a name has in any case, as they are written. */
function sourcesOf(fields: Fields, name: string): readonly string[] {
  return (fields.get(foldKey(name)) ?? []).map(({ source }) => source);
}

/** `undefined` where the name does not occur; `null` changes nothing. */
function takeString(fields: Fields, name: string, refuse: Refusal): string | undefined {
  let text: string | undefined;
  for (const source of sourcesOf(fields, name)) {
    if (source === "null") continue;
    if (!source.startsWith('"')) throw refuse(`its ${name} is not a string`);
    text = String(JSON.parse(source)).toWellFormed();
  }
  return text;
}

function takeTimes(fields: Fields, refuse: Refusal): Pick<VersionInfo, "time" | "timeText"> {
  let written: WrittenTime | undefined;
  for (const source of sourcesOf(fields, "Time")) {
    if (source === "null") continue;
    // Go does not look for escapes in a time.
    written = source.startsWith('"') ? takeTime(source.slice(1, -1)) : undefined;
    if (written === undefined) throw refuse("its Time is not of the form 2006-01-02T15:04:05Z");
  }
  if (written === undefined) return { time: undefined };
  const isZero = written.date.getTime() === Date.parse(zeroTime);
  return { time: isZero ? undefined : written.date, timeText: written.text };
}

/** Of several origins each adds to those before it, unless a `null` between them starts anew. */
function takeOrigin(fields: Fields, refuse: Refusal): VersionOrigin | undefined {
  let origin: VersionOrigin | undefined;
  for (const source of sourcesOf(fields, "Origin")) {
    origin = source === "null" ? undefined : { ...origin, ...takeOriginParts(source, refuse) };
  }
  return origin && Object.fromEntries(Object.entries(origin).filter(([, text]) => text !== ""));
}

function takeOriginParts(json: string, refuse: Refusal): VersionOrigin {
  const fields = takeFields(json, refuse);
  if (fields === undefined) throw refuse("its Origin is not an object");
  const texts = originKeys.map((key) => [key, takeString(fields, originNames[key], refuse)]);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

function timeTextOf({ time, timeText: given }: VersionInfo): string {
  const written = given === undefined ? undefined : takeTime(given);
  const meant = time?.getTime() ?? Date.parse(zeroTime);
  if (written?.date.getTime() === meant) return written.text;
  return time === undefined ? zeroTime : timeText(time);
}

/** A JSON string as Go writes it, with what could end a script element escaped. */
function goJson(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
