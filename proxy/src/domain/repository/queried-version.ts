// Which version a query means that chooses among all versions: latest, a range, the beginning of a version.
import {
  checkPathMajor,
  compareVersions,
  InvalidText,
  isIncompatible,
  isPrerelease,
  type Version,
  type VersionOrigin,
  type VersionQuery,
} from "@stoa/gomod";
import { findModuleDirectory } from "./module-directory.ts";
import { type ModuleSource, noSuchVersion, onlyAbsence } from "./module-source.ts";
import { type IsRetracted, retractionsIn } from "./retracted-versions.ts";
import { findRevision, headRevision } from "./revision.ts";
import { type ResolvedVersion, versionOfRevision } from "./revision-version.ts";
import { taggedVersions } from "./tagged-versions.ts";
import { mergedOrigin, originOfList } from "./version-origin.ts";

/** What a query chooses from all versions. */
interface Choice {
  /** What the versions begin with; other tags do not matter for the answer. */
  readonly prefix: string;
  readonly allows: (version: string) => boolean;
  /** Takes the lowest version that fits instead of the highest. */
  readonly prefersLowest: boolean;
  /** Chooses versions with `+incompatible` like any others. */
  readonly wantsIncompatible: boolean;
  /** Takes the tip of the default branch if no version fits. */
  readonly mayBeUntagged: boolean;
}

const latest: Choice = {
  prefix: "",
  allows: () => true,
  prefersLowest: false,
  wantsIncompatible: false,
  mayBeUntagged: true,
};

/**
 * The highest release that is not retracted, else the highest such pre-release, else the tip of the default branch.
 * Rejects with `not_found` if there is nothing to choose from.
 */
export function latestVersion(source: ModuleSource): Promise<ResolvedVersion> {
  return chosenVersion(source, "latest", latest);
}

/**
 * The version that a range or the beginning of a version means; `undefined` if the query is none, but names a revision.
 * Rejects with `not_found` if no version fits. Authority: cmd/go modload, newQueryMatcher.
 */
export async function versionInRange(
  source: ModuleSource,
  asked: string,
  query: VersionQuery,
): Promise<ResolvedVersion | undefined> {
  if (query.kind !== "prefix" && query.kind !== "comparison") return undefined;
  const bound = query.kind === "prefix" ? query.prefix : query.version;
  return chosenVersion(source, asked, {
    prefix: query.kind === "prefix" ? `${query.prefix}.` : "",
    allows: (version) => fits(version, query),
    prefersLowest: query.kind === "comparison" && query.operator.startsWith(">"),
    wantsIncompatible: !hasMajorOf(bound, source.layout.pathMajor),
    mayBeUntagged: false,
  });
}

/** Authority: cmd/go modload.queryProxy, and State.CheckRetractions for what is retracted. */
async function chosenVersion(
  source: ModuleSource,
  asked: string,
  choice: Choice,
): Promise<ResolvedVersion> {
  const isRetracted = await retractionsOfLatest(source);
  const isAllowed = (version: string) => choice.allows(version) && !isRetracted(version);
  const chosen = await chooseVersion(source, { ...choice, allows: isAllowed });
  if (chosen !== undefined) return chosen;
  throw noSuchVersion(
    source,
    asked,
    `no version of it is ${asked === "latest" ? "usable" : asked}`,
  );
}

/** What the latest version retracts, which may be itself. */
async function retractionsOfLatest(source: ModuleSource): Promise<IsRetracted> {
  const newest = await chooseVersion(source, latest).catch(onlyAbsence);
  return newest === undefined ? () => false : retractionsIn(source, newest.info.version);
}

async function chooseVersion(
  source: ModuleSource,
  choice: Choice,
): Promise<ResolvedVersion | undefined> {
  const versions = await taggedVersions(source, choice.prefix);
  const origin = originOfVersions(source, choice.prefix);
  const chosen = await chooseTagged(source, versions.filter(choice.allows), choice);
  if (chosen !== undefined) return resolved(source, chosen, origin);

  const head = choice.mayBeUntagged ? await headRevision(source.repository) : undefined;
  if (head === undefined) return undefined;
  const tip = await versionOfRevision(source, head, "");
  const { version } = tip.info;
  if (!choice.allows(version)) return undefined;
  return resolved(source, version, mergedOrigin(origin, tip.info.origin));
}

/** The module gopkg.in/name.v2-unstable has no tags, and what it is does not depend on any. */
function originOfVersions(source: ModuleSource, prefix: string): VersionOrigin | undefined {
  return source.layout.pathMajor.endsWith("-unstable") ? undefined : originOfList(source, prefix);
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
 * Releases go before pre-releases. Unless they are wanted, versions with `+incompatible` only count if the highest of
 * the others has no go.mod, or there are no others (golang.org/issue/34165).
 * Authority: cmd/go modload, queryMatcher.filterVersions.
 */
async function chooseTagged(
  source: ModuleSource,
  usable: readonly Version[],
  { prefersLowest, wantsIncompatible }: Choice,
): Promise<Version | undefined> {
  const compatible = usable.filter((version) => !isIncompatible(version));
  const mayUseAll =
    wantsIncompatible ||
    compatible.length === usable.length ||
    !(await hasGoMod(source, compatible));
  const candidates = mayUseAll ? usable : compatible;
  const releases = candidates.filter((version) => !isPrerelease(version));
  const best = releases.length > 0 ? releases : candidates;
  return best.at(prefersLowest ? 0 : -1);
}

/** Whether the highest of some versions has a go.mod of its own. */
async function hasGoMod(source: ModuleSource, versions: readonly Version[]): Promise<boolean> {
  const highest = versions.at(-1);
  if (highest === undefined) return false;
  const { commit } = await findRevision(source, highest);
  const { goMod } = await findModuleDirectory(source, commit, highest);
  const synthetic = `module ${source.layout.path}\n`;
  return goMod !== undefined && Buffer.from(goMod).toString() !== synthetic;
}

function fits(
  version: string,
  query: Extract<VersionQuery, { readonly kind: "prefix" | "comparison" }>,
): boolean {
  if (query.kind === "prefix") {
    return compareVersions(version, query.prefix) >= 0;
  }
  const order = compareVersions(version, query.version);
  if (order === 0) return query.operator.endsWith("=");
  return query.operator.startsWith("<") ? order < 0 : order > 0;
}

function hasMajorOf(version: string, pathMajor: string): boolean {
  try {
    checkPathMajor(version, pathMajor);
    return true;
  } catch (failure) {
    if (failure instanceof InvalidText) return false;
    throw failure;
  }
}
