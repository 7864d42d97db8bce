// Which version of a module a commit is.
import {
  canonicalSemver,
  canonicalVersion,
  compareVersions,
  isPseudoVersion,
  majorOf,
  makePseudoVersion,
  matchesPathMajor,
  parseVersion,
  type Version,
  type VersionInfo,
} from "@stoa/gomod";
import { findModuleDirectory, type ModuleDirectory } from "./module-directory.ts";
import type { ModuleLayout } from "./module-layout.ts";
import { type ModuleSource, noSuchVersion, onlyAbsence } from "./module-source.ts";
import { checkPseudoVersion } from "./pseudo-version-check.ts";
import { type IsRetracted, retractedVersions } from "./retracted-versions.ts";
import { type Revision, shortHash } from "./revision.ts";
import { originOf } from "./version-origin.ts";

/** A version, its commit, and where its module lies in it. */
export interface ResolvedVersion {
  readonly revision: Revision;
  readonly info: VersionInfo;
  readonly directory: ModuleDirectory;
}

/**
 * Names the version that a revision is: the one that was asked for if that is canonical, else the highest tag of the
 * commit that fits the module, else a pseudo-version after the highest such tag before it. Retracted tags are passed
 * over. `asked` is "" where HEAD was meant. Rejects with `not_found`. Authority: cmd/go modfetch.codeRepo.convert.
 */
export async function versionOfRevision(
  source: ModuleSource,
  revision: Revision,
  asked: string,
): Promise<ResolvedVersion> {
  const { version, directory } = await new Naming(source, revision, asked).name();
  const origin = originOf(source, revision, { version, asked });
  return { revision, directory, info: { version, time: revision.commit.time, origin } };
}

interface NamedVersion {
  readonly version: Version;
  readonly directory: ModuleDirectory;
}

/** A tag as a version: `isCanonical` unless the tag says more than the version, such as build metadata. */
interface TagVersion {
  readonly version: string;
  readonly isCanonical: boolean;
}

/** The naming of one revision. */
class Naming {
  readonly #source: ModuleSource;
  readonly #revision: Revision;
  readonly #asked: string;
  readonly #mayBeIncompatible = new Map<string, Promise<boolean>>();
  #isRetracted: Promise<IsRetracted> | undefined;

  constructor(source: ModuleSource, revision: Revision, asked: string) {
    this.#source = source;
    this.#revision = revision;
    this.#asked = asked;
  }

  async name(): Promise<NamedVersion> {
    if (isPseudoVersion(this.#asked)) {
      // The directory and the major version are checked first: they can be without the history.
      const named = await this.#checked(this.#asked);
      await checkPseudoVersion(this.#source, this.#revision, this.#asked);
      return named;
    }
    const byName = this.#tagVersion(this.#revision.name);
    if (byName?.isCanonical) {
      const named = await this.#checked(byName.version).catch(onlyAbsence);
      if (named !== undefined) return named;
    }
    const { tag, base } = await this.#ownTags();
    if (tag !== undefined) return this.#checked(tag);
    return this.#checked(this.#pseudoVersion(base ?? (await this.#versionBefore())));
  }

  /**
   * What the tags of the commit itself offer: `tag` is the version that was asked for, else the highest usable one;
   * `base` differs from what was asked for only in build metadata, and can be no more than a base.
   */
  async #ownTags(): Promise<{
    readonly tag: string | undefined;
    readonly base: string | undefined;
  }> {
    const found = this.#revision.tags
      .map((tag) => this.#tagVersion(tag))
      .filter((tag) => tag !== undefined);
    const canonical = found.filter(({ isCanonical }) => isCanonical);
    const isAsked = ({ version }: TagVersion) => compareVersions(version, this.#asked) === 0;
    const exact = canonical.find(isAsked)?.version;
    return {
      tag: exact ?? (await this.#highestUsable(canonical)),
      base: found.find(isAsked)?.version,
    };
  }

  /** The highest version among the tags in the commit's history. */
  async #versionBefore(): Promise<string | undefined> {
    const { repository } = this.#source;
    const before = await repository.tagsBefore(this.#revision.commit);
    const found = repository.refs.tags
      .filter(({ name }) => before.has(name))
      .map(({ name }) => this.#tagVersion(name))
      .filter((tag) => tag !== undefined);
    return this.#highestUsable(found);
  }

  async #highestUsable(tags: readonly TagVersion[]): Promise<string | undefined> {
    for (const { version } of tags.toSorted((a, b) => compareVersions(b.version, a.version))) {
      if (await this.#isUsable(version)) return version;
    }
    return undefined;
  }

  #pseudoVersion(base: string | undefined): string {
    const { commit } = this.#revision;
    const { pseudoMajor } = this.#source.layout;
    return makePseudoVersion(pseudoMajor, base ?? "", commit.time, shortHash(commit));
  }

  #tagVersion(tag: string): TagVersion | undefined {
    const { tagPrefix } = this.#source.layout;
    if (!tag.startsWith(tagPrefix) || isPseudoVersion(tag)) return undefined;
    const written = tag.slice(tagPrefix.length);
    const version = canonicalSemver(written);
    if (version === "" || !written.startsWith(version)) return undefined;
    return { version, isCanonical: version === written };
  }

  async #isUsable(version: string): Promise<boolean> {
    const fits = matchesPathMajor(version, this.#source.layout.pathMajor);
    if (!fits && !(await this.#mayBeIncompatibleAt(version))) return false;
    this.#isRetracted ??= retractedVersions(this.#source);
    return !(await this.#isRetracted)(version);
  }

  /** The version with or without `+incompatible`, as its major and the go.mod demand. */
  async #checked(version: string): Promise<NamedVersion> {
    const { layout } = this.#source;
    const refuse = (reason: string) => noSuchVersion(this.#source, this.#asked || version, reason);
    const directory = await findModuleDirectory(
      this.#source,
      this.#revision.commit,
      this.#asked || version,
    );
    const isAsked = version === withoutSuffix(this.#asked);
    const wanted = isAsked ? this.#asked : version;
    const base = withoutSuffix(wanted);
    const fits = matchesPathMajor(base, layout.pathMajor);
    const isIncompatible = !fits && (await this.#mayBeIncompatibleAt(base));
    const named = isIncompatible ? `${base}+incompatible` : wanted;

    const isCanonical = this.#asked !== "" && this.#asked === canonicalVersion(this.#asked);
    if (isCanonical && withoutSuffix(this.#asked) !== base) {
      throw refuse(`it is no tag, and its commit is ${named}`);
    }
    if (fits && wanted !== base) {
      throw refuse(`+incompatible is not for major version ${majorOf(base)}`);
    }
    if (!fits && !isIncompatible) throw refuse(majorReason(base, layout));
    return { version: parseVersion(named), directory };
  }

  /**
   * Whether a version of a higher major may be used with `+incompatible`: only in the root, without a go.mod there, and
   * (unless asked for in so many words, golang.org/issue/51324) without one in the directory of the major version.
   */
  async #mayBeIncompatibleAt(version: string): Promise<boolean> {
    const { directory, pathMajor } = this.#source.layout;
    if (directory !== "" || pathMajor !== "") return false;
    if (!(await this.#isAbsent("go.mod"))) return false;
    if (this.#asked.endsWith("+incompatible")) return true;
    return this.#isAbsent(`${majorOf(version)}/go.mod`);
  }

  #isAbsent(path: string): Promise<boolean> {
    const { repository } = this.#source;
    const known = this.#mayBeIncompatible.get(path);
    if (known !== undefined) return known;
    const absent = repository
      .file(this.#revision.commit, path)
      .then((content) => content === undefined);
    this.#mayBeIncompatible.set(path, absent);
    return absent;
  }
}

function withoutSuffix(version: string): string {
  return version.replace(/\+incompatible$/, "");
}

function majorReason(version: string, { pathMajor, pathPrefix }: ModuleLayout): string {
  const major = majorOf(version);
  return pathMajor === ""
    ? `it has a go.mod, so a version of major ${major} belongs to a module like ${pathPrefix}/${major}`
    : `the module path ends in ${pathMajor}, which does not go with major ${major}`;
}
