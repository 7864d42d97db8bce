// Whether a pseudo-version says the truth about its commit.
import {
  compareVersions,
  InvalidText,
  majorOf,
  pseudoVersionBase,
  pseudoVersionRev,
  pseudoVersionTime,
} from "@stoa/gomod";
import { type ModuleSource, noSuchVersion } from "./module-source.ts";
import { type Revision, shortHash } from "./revision.ts";

/**
 * Rejects with `not_found` unless hash, time and base of a pseudo-version are those of the commit, and its base is a tag
 * before the commit: otherwise anybody could make up a version higher than all others for an old commit.
 * Authority: cmd/go modfetch.codeRepo.validatePseudoVersion.
 */
export async function checkPseudoVersion(
  source: ModuleSource,
  revision: Revision,
  version: string,
): Promise<void> {
  const refuse = (reason: string) => noSuchVersion(source, version, reason);
  try {
    checkHash(revision, version, refuse);
    checkTime(revision, version, refuse);
    const base = pseudoVersionBase(version.replace(/\+incompatible$/, ""));
    if (base !== "") return await checkBase(source, revision, { version, base });
  } catch (failure) {
    if (failure instanceof InvalidText) throw refuse(failure.message);
    throw failure;
  }
  if (source.layout.pseudoMajor === "" && majorOf(version) === "v1") {
    throw refuse("without a tag before the commit its major version must be v0, not v1");
  }
}

type Refusal = (reason: string) => Error;

function checkHash({ commit }: Revision, version: string, refuse: Refusal): void {
  const given = pseudoVersionRev(version);
  const short = shortHash(commit);
  if (given === short) return;
  if (given.startsWith(short)) throw refuse(`its revision is too long: it should be ${short}`);
  if (short.startsWith(given)) throw refuse(`its revision is too short: it should be ${short}`);
  throw refuse(`its revision should be ${short}`);
}

function checkTime({ commit }: Revision, version: string, refuse: Refusal): void {
  if (pseudoVersionTime(version).getTime() === commit.time.getTime()) return;
  const time = commit.time.toISOString().replace(/\D/g, "").slice(0, "yyyymmddhhmmss".length);
  throw refuse(`its time should be ${time}, when the commit was made`);
}

async function checkBase(
  source: ModuleSource,
  { commit, tags }: Revision,
  { version, base }: { readonly version: string; readonly base: string },
): Promise<void> {
  const { repository, layout } = source;
  const refuse = (reason: string) => noSuchVersion(source, version, reason);
  const versionOf = (tag: string): string =>
    tag.startsWith(layout.tagPrefix) ? tag.slice(layout.tagPrefix.length) : tag;
  if (tags.some((tag) => versionOf(tag) === base)) {
    throw refuse(`its commit is tagged ${base}, which is the version to use`);
  }
  // A tag with build metadata is as good a base as one without.
  const bases = repository.refs.tags.filter(
    ({ name }) =>
      name.startsWith(layout.tagPrefix + base) && compareVersions(versionOf(name), base) === 0,
  );
  if (bases.length === 0) throw refuse(`there is no tag ${layout.tagPrefix}${base} before it`);
  const before = await repository.tagsBefore(commit);
  if (bases.some(({ name }) => before.has(name))) return;
  throw refuse(`its commit does not come after the tag ${bases.at(-1)?.name}`);
}
