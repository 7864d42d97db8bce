// Versions made up for commits without a tag: recognise, take apart, build.
//
//   vX.0.0-yyyymmddhhmmss-abcdef123456         no tag of major X before the commit
//   vX.Y.(Z+1)-0.yyyymmddhhmmss-abcdef123456   after the release vX.Y.Z
//   vX.Y.Z-pre.0.yyyymmddhhmmss-abcdef123456   after the pre-release vX.Y.Z-pre
//
// The last two may end in "+incompatible". Authority: golang.org/x/mod/module, pseudo.go.
import { InvalidText } from "./invalid-text.ts";
import {
  buildOf,
  canonicalSemver,
  majorOf,
  prereleaseOf,
  type SemverParts,
  takeSemverApart,
} from "./semver.ts";

/** Authority: golang.org/x/mod module.IsPseudoVersion. */
export function isPseudoVersion(version: string): boolean {
  return takeApart(version) !== undefined;
}

/** The commit time that a pseudo-version names. Throws `InvalidText` of kind `pseudo-version` (module.PseudoVersionTime). */
export function pseudoVersionTime(version: string): Date {
  const { timestamp } = parsePseudoVersion(version);
  const text = timestamp.replace(/^(....)(..)(..)(..)(..)(..)$/, "$1-$2-$3T$4:$5:$6.000Z");
  const time = new Date(text);
  // Date rolls 30 February and hour 24 over into the next day instead of refusing them.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== text) {
    throw new InvalidText("pseudo-version", version, `${timestamp} is not a time`);
  }
  return time;
}

/** The revision that a pseudo-version names, usually 12 hex digits of a commit. Throws as above (module.PseudoVersionRev). */
export function pseudoVersionRev(version: string): string {
  return parsePseudoVersion(version).rev;
}

/**
 * The tagged version before the commit, "" if the pseudo-version names none. Throws `InvalidText` of kind
 * `pseudo-version`, also for two shapes that have been seen but mean nothing: build metadata without a base, and a base
 * with a negative patch number. Authority: golang.org/x/mod module.PseudoVersionBase.
 */
export function pseudoVersionBase(version: string): string {
  const { major, minor, patch, lead, build } = parsePseudoVersion(version);
  const release = `v${major}.${minor}.`;
  if (lead === "") {
    if (build === "") return "";
    throw new InvalidText("pseudo-version", version, `it has no base version, but ${build}`);
  }
  if (lead !== "0.") return `${release}${patch}-${lead.slice(0, -".0.".length)}${build}`;
  const previous = predecessor(patch);
  if (previous === undefined) {
    throw new InvalidText("pseudo-version", version, `no release comes before ${release}${patch}`);
  }
  return release + previous + build;
}

/**
 * The pseudo-version of a commit. `major` is `v2` or the like ("" for `v0`), `older` the tagged version before the commit
 * or "", `time` the committer time (seconds count), `rev` usually the first 12 hex digits of the commit.
 * Authority: golang.org/x/mod module.PseudoVersion.
 */
export function makePseudoVersion(major: string, older: string, time: Date, rev: string): string {
  const segment = `${timestampOf(time)}-${rev}`;
  const base = canonicalSemver(older);
  if (base === "") return `${major || "v0"}.0.0-${segment}`;
  if (prereleaseOf(base) !== "") return `${base}.0.${segment}${buildOf(older)}`;

  const patchStart = base.lastIndexOf(".") + 1;
  const next = BigInt(base.slice(patchStart)) + 1n;
  return `${base.slice(0, patchStart)}${next}-0.${segment}${buildOf(older)}`;
}

/** A stand-in with time and revision zero. Authority: golang.org/x/mod module.ZeroPseudoVersion. */
export function zeroPseudoVersion(major: string): string {
  return `${major || "v0"}.0.0-00010101000000-000000000000`;
}

/** Authority: golang.org/x/mod module.IsZeroPseudoVersion. */
export function isZeroPseudoVersion(version: string): boolean {
  return version === zeroPseudoVersion(majorOf(version));
}

interface PseudoVersionParts extends SemverParts {
  /** What stands before the timestamp: "", "0." or "pre.0.". */
  readonly lead: string;
  readonly timestamp: string;
  readonly rev: string;
}

function parsePseudoVersion(version: string): PseudoVersionParts {
  const parts = takeApart(version);
  if (parts !== undefined) return parts;
  throw new InvalidText(
    "pseudo-version",
    version,
    "it does not end in a 14-digit time and a revision, as v0.0.0-20060102150405-abcdef123456 does",
  );
}

function takeApart(version: string): PseudoVersionParts | undefined {
  const parts = takeSemverApart(version);
  const match = /^-(.*?)([0-9]{14})-([A-Za-z0-9]+)$/.exec(parts?.prerelease ?? "");
  if (parts === undefined || match === null) return undefined;

  const [, lead = "", timestamp = "", rev = ""] = match;
  const hasBase = lead === "0." || lead.endsWith(".0.");
  const isFirst = lead === "" && parts.minor === "0" && parts.patch === "0";
  return hasBase || isFirst ? { ...parts, lead, timestamp, rev } : undefined;
}

/** yyyymmddhhmmss in UTC; a year beyond 9999 takes more digits. */
function timestampOf(time: Date): string {
  const year = time.getUTCFullYear();
  const sign = year < 0 ? "-" : "";
  const rest = [
    time.getUTCMonth() + 1,
    time.getUTCDate(),
    time.getUTCHours(),
    time.getUTCMinutes(),
    time.getUTCSeconds(),
  ];
  const digits = rest.map((number) => String(number).padStart(2, "0"));
  return sign + String(Math.abs(year)).padStart(4, "0") + digits.join("");
}

function predecessor(decimal: string): string | undefined {
  return decimal === "0" ? undefined : String(BigInt(decimal) - 1n);
}
