// Which version `latest` means.
import { isIncompatible, isPrerelease, type Version, type VersionOrigin } from "@stoa/gomod";
import { findModuleDirectory } from "./module-directory.ts";
import { type ModuleSource, noSuchVersion } from "./module-source.ts";
import { type IsRetracted, retractionsIn } from "./retracted-versions.ts";
import { findRevision, headRevision } from "./revision.ts";
import { type ResolvedVersion, versionOfRevision } from "./revision-version.ts";
import { taggedVersions } from "./tagged-versions.ts";
import { mergedOrigin, originOfList } from "./version-origin.ts";

/**
 * The highest release that is not retracted, else the highest such pre-release, else the tip of the default branch.
 * Rejects with `not_found` if there is nothing to choose from. Authority: cmd/go modload.queryProxy and
 * State.CheckRetractions.
 */
export async function latestVersion(source: ModuleSource): Promise<ResolvedVersion> {
  const versions = await taggedVersions(source);
  const newest = await latestOf(source, versions, () => false);
  if (newest === undefined) {
    throw noSuchVersion(source, "latest", "the repository has no commits");
  }
  const isRetracted = await retractionsIn(source, newest.info.version);
  if (![...versions, newest.info.version].some(isRetracted)) return newest;
  const latest = await latestOf(source, versions, isRetracted);
  if (latest !== undefined) return latest;
  throw noSuchVersion(source, "latest", "all its versions are retracted");
}

async function latestOf(
  source: ModuleSource,
  versions: readonly Version[],
  isRetracted: IsRetracted,
): Promise<ResolvedVersion | undefined> {
  const chosen = await choose(source, versions, isRetracted);
  const origin = originOfVersions(source);
  if (chosen !== undefined) return resolved(source, chosen, origin);

  const head = await headRevision(source.repository);
  if (head === undefined) return undefined;
  const tip = await versionOfRevision(source, head, "");
  const { version } = tip.info;
  if (isRetracted(version)) return undefined;
  return resolved(source, version, mergedOrigin(origin, tip.info.origin));
}

/** The module gopkg.in/name.v2-unstable has no tags, and what it is does not depend on any. */
function originOfVersions(source: ModuleSource): VersionOrigin | undefined {
  return source.layout.pathMajor.endsWith("-unstable") ? undefined : originOfList(source);
}

async function resolved(
  source: ModuleSource,
  version: Version,
  origin: VersionOrigin | undefined,
): Promise<ResolvedVersion> {
  const found = await versionOfRevision(source, await findRevision(source, version), version);
  return { ...found, info: { ...found.info, origin: mergedOrigin(origin, found.info.origin) } };
}

/**
 * Versions with `+incompatible` only count if the highest of the others has no go.mod, or there are no others
 * (golang.org/issue/34165). Authority: cmd/go modload, queryMatcher.filterVersions.
 */
async function choose(
  source: ModuleSource,
  versions: readonly Version[],
  isRetracted: IsRetracted,
): Promise<Version | undefined> {
  const usable = versions.filter((version) => !isRetracted(version));
  const compatible = usable.filter((version) => !isIncompatible(version));
  const highest = compatible.at(-1);
  const mayUseAll = highest === undefined || !(await hasGoMod(source, highest, usable, compatible));
  const candidates = mayUseAll ? usable : compatible;
  return candidates.findLast((version) => !isPrerelease(version)) ?? candidates.at(-1);
}

/** Looks only where it matters: if there are versions with `+incompatible`. */
async function hasGoMod(
  source: ModuleSource,
  version: Version,
  usable: readonly Version[],
  compatible: readonly Version[],
): Promise<boolean> {
  if (usable.length === compatible.length) return true;
  const { commit } = await findRevision(source, version);
  const { goMod } = await findModuleDirectory(source, commit, version);
  const synthetic = `module ${source.layout.path}\n`;
  return goMod !== undefined && Buffer.from(goMod).toString() !== synthetic;
}
