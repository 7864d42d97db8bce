// Which versions of a module the tags of its repository stand for.
import {
  canonicalSemver,
  isIncompatible,
  isPrerelease,
  isPseudoVersion,
  majorOf,
  matchesPathMajor,
  sortVersions,
  type Version,
} from "@stoa/gomod";
import type { ModuleSource } from "./module-source.ts";

/**
 * The versions that tags stand for, in ascending order; those with `+incompatible` come last. Retracted ones are
 * included. Only tags whose version begins with `prefix` are looked at. Authority: cmd/go modfetch.codeRepo.Versions.
 */
export async function taggedVersions(
  source: ModuleSource,
  prefix = "",
): Promise<readonly Version[]> {
  const { pathMajor, directory, path } = source.layout;
  // The tags of gopkg.in/name.v2 are not those of gopkg.in/name.v2-unstable, which has none.
  if (path.startsWith("gopkg.in/") && path.endsWith("-unstable")) return [];

  const versions = sortVersions(
    versionsOfTags(source).filter((version) => version.startsWith(prefix)),
  );
  const compatible = versions.filter((version) => matchesPathMajor(version, pathMajor));
  if (directory !== "" || pathMajor !== "") return compatible;
  const others = versions.filter((version) => !matchesPathMajor(version, ""));
  return [...compatible, ...(await incompatibleVersions(source, compatible.at(-1), others))];
}

/** The commits that the tags of versions name; versions without a tag are left out. */
export function commitsOfTags(
  { repository, layout: { tagPrefix } }: ModuleSource,
  versions: readonly Version[],
): ReadonlyMap<Version, string> {
  const commits = new Map<Version, string>();
  for (const version of versions) {
    const tag = version.replace(/\+incompatible$/, "");
    const commit = repository.refs.hashOf(`refs/tags/${tagPrefix}${tag}`);
    if (commit !== undefined) commits.set(version, commit);
  }
  return commits;
}

/** The version that `latest` means if all tags may be chosen from: the highest release, else the highest pre-release. */
export function highestOf(versions: readonly Version[]): Version | undefined {
  return versions.findLast((version) => !isPrerelease(version)) ?? versions.at(-1);
}

/** The versions of a list that keep to semantic import versioning. */
export function compatibleOnes(versions: readonly Version[]): readonly Version[] {
  return versions.filter((version) => !isIncompatible(version));
}

/** Tags that are no canonical version, or look like a pseudo-version, are none: queries lead to their commits. */
function versionsOfTags({ repository, layout: { tagPrefix } }: ModuleSource): readonly Version[] {
  return repository.refs.tags
    .filter(({ name }) => name.startsWith(tagPrefix))
    .map(({ name }) => name.slice(tagPrefix.length))
    .filter((name) => name !== "" && name === canonicalSemver(name) && !isPseudoVersion(name))
    .map((name) => name as Version);
}

/**
 * Versions of major 2 and above without go.mod. None at all if the highest other version has a go.mod, for then the
 * author means v0 and v1 (golang.org/issue/34189); none of a major version whose highest has one.
 * Authority: cmd/go modfetch.codeRepo.appendIncompatibleVersions.
 */
async function incompatibleVersions(
  source: ModuleSource,
  highestCompatible: Version | undefined,
  others: readonly Version[],
): Promise<readonly Version[]> {
  if (others.length === 0) return [];
  if (highestCompatible !== undefined && (await hasGoMod(source, highestCompatible))) return [];
  const majors = Map.groupBy(others, majorOf);
  const kept = await Promise.all(
    [...majors.values()].map(async (versions) => {
      const highest = versions.at(-1);
      return highest !== undefined && (await hasGoMod(source, highest)) ? [] : versions;
    }),
  );
  return kept.flat().map((version) => `${version}+incompatible` as Version);
}

async function hasGoMod({ repository }: ModuleSource, tag: string): Promise<boolean> {
  const hash = repository.refs.hashOf(`refs/tags/${tag}`);
  const commit = hash === undefined ? undefined : await repository.commit(hash);
  return commit !== undefined && (await repository.file(commit, "go.mod")) !== undefined;
}
