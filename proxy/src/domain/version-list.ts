// What a proxy's `@v/list` says.
import {
  checkModuleVersion,
  compareVersions,
  InvalidText,
  isPrerelease,
  isPseudoVersion,
  isVersion,
  type ModulePath,
  pseudoVersionTime,
  type Version,
} from "@stoa/gomod";

/** One line of a list. */
export interface ListedVersion {
  readonly version: Version;
  /** When it was made, where the list or the version itself says so. */
  readonly time: Date | undefined;
}

/**
 * Reads a list: one version per line, maybe followed by its time in RFC 3339. Lines that hold no canonical version of
 * this module are passed over, as the go command does (cmd/go modfetch.proxyRepo.Versions).
 */
export function parseVersionList(text: string, path: ModulePath): readonly ListedVersion[] {
  const listed = new Map<Version, ListedVersion>();
  for (const line of text.split("\n")) {
    const [version = "", time] = line.trim().split(/\s+/);
    if (isVersion(version) && belongsTo(path, version) && !listed.has(version)) {
      listed.set(version, { version, time: timeOf(version, time) });
    }
  }
  return [...listed.values()];
}

/** The versions of a list that are tags. Pseudo-versions are not: some proxies list those they happen to keep. */
export function taggedVersions(list: readonly ListedVersion[]): readonly Version[] {
  return list.map(({ version }) => version).filter((version) => !isPseudoVersion(version));
}

/**
 * What a proxy without `@latest` would answer there: the highest release, else the highest pre-release, else the
 * pseudo-version with the latest time (go.dev/ref/mod#goproxy-protocol).
 */
export function latestListed(list: readonly ListedVersion[]): Version | undefined {
  const tags = taggedVersions(list);
  const releases = tags.filter((version) => !isPrerelease(version));
  const newestFirst = list.toSorted((a, b) => (b.time?.getTime() ?? 0) - (a.time?.getTime() ?? 0));
  return highest(releases) ?? highest(tags) ?? newestFirst[0]?.version;
}

function highest(versions: readonly Version[]): Version | undefined {
  return versions.toSorted(compareVersions).at(-1);
}

function belongsTo(path: ModulePath, version: Version): boolean {
  try {
    checkModuleVersion(path, version);
    return true;
  } catch (failure) {
    if (failure instanceof InvalidText) return false;
    throw failure;
  }
}

function timeOf(version: Version, written: string | undefined): Date | undefined {
  if (written !== undefined) {
    const time = new Date(written);
    if (!Number.isNaN(time.getTime())) return time;
  }
  if (!isPseudoVersion(version)) return undefined;
  try {
    return pseudoVersionTime(version);
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined; // the fourteen digits are no date
    throw failure;
  }
}
