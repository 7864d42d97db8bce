// Where a version was found, as its .info says: the Origin.
import { isPseudoVersion, type VersionInfo, type VersionOrigin } from "@stoa/gomod";
import type { ModuleSource } from "./module-source.ts";
import type { Revision } from "./revision.ts";

/**
 * The origin of a version. A pseudo-version that was not asked for as such depends on the tags too.
 * Authority: cmd/go modfetch.codeRepo.convert.
 */
export function originOf(
  source: ModuleSource,
  { commit, ref }: Revision,
  { version, asked }: { readonly version: string; readonly asked: string },
): VersionOrigin {
  const { pathMajor, tagPrefix } = source.layout;
  const origin = { ...repositoryOrigin(source), hash: commit.hash, ref };
  const isFixed = version === asked && version.startsWith("v0.0.0-");
  if (!isPseudoVersion(version) || isFixed) return origin;
  const majorPrefix = pathMajor === "" ? "" : `${pathMajor.slice(1)}.`;
  return { ...origin, ...tagOrigin(source, tagPrefix + majorPrefix) };
}

/** The origin of the list of all versions that begin with `prefix`. Authority: cmd/go modfetch.codeRepo.Versions. */
export function originOfList(source: ModuleSource, prefix: string): VersionOrigin {
  return { ...repositoryOrigin(source), ...tagOrigin(source, source.layout.tagPrefix + prefix) };
}

/**
 * The origin of an answer that two others led to; `undefined` if they contradict each other.
 * Authority: cmd/go modload.mergeOrigin.
 */
export function mergedOrigin(
  first: VersionOrigin | undefined,
  second: VersionOrigin | undefined,
): VersionOrigin | undefined {
  if (first === undefined || second === undefined) return undefined;
  const disagree = (key: keyof VersionOrigin): boolean =>
    Boolean(first[key]) && Boolean(second[key]) && first[key] !== second[key];
  const isElsewhere =
    first.vcs !== second.vcs || first.url !== second.url || first.subdir !== second.subdir;
  const tagsDiffer =
    Boolean(first.tagSum) && Boolean(second.tagSum) && first.tagPrefix !== second.tagPrefix;
  if (isElsewhere || tagsDiffer || disagree("hash") || disagree("tagSum") || disagree("ref")) {
    return undefined;
  }
  const tags = second.tagSum ? second : first;
  return {
    ...first,
    hash: second.hash || first.hash,
    tagPrefix: tags.tagPrefix,
    tagSum: tags.tagSum,
    ref: second.ref || first.ref,
  };
}

/**
 * The document as it is kept with a version: what the answer to a query depended on has no place in it.
 * Authority: cmd/go modfetch.writeDiskStat.
 */
export function keptInfo({ origin, ...info }: VersionInfo): VersionInfo {
  if (origin === undefined) return info;
  const { tagPrefix: _tagPrefix, tagSum: _tagSum, repoSum: _repoSum, ref, ...place } = origin;
  return { ...info, origin: isPseudoVersion(info.version) ? place : { ...place, ref } };
}

function repositoryOrigin({ repository, layout }: ModuleSource): VersionOrigin {
  return { vcs: repository.system, url: repository.url, subdir: layout.directory };
}

function tagOrigin({ repository }: ModuleSource, prefix: string): VersionOrigin {
  return { tagPrefix: prefix, tagSum: repository.refs.tagSum(prefix) };
}
