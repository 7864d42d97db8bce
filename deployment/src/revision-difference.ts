// What changes between two revisions: files, Go modules, and how they are run.
import { canonicalJson } from "./canonical-json.ts";
import type { GoBuildInfo } from "./go-build-info.ts";
import type { Revision, RevisionFile } from "./revision.ts";

/** Something that is there before, after, or both and different. */
export interface Change<T> {
  readonly name: string;
  readonly before?: T;
  readonly after?: T;
}

/** What changes between two revisions. What is the same on both sides is not mentioned. */
export interface RevisionDifference {
  /** By path: content or permission bits. */
  readonly files: readonly Change<RevisionFile>[];
  /** By module path: its version and, in parentheses, its sum. */
  readonly modules: readonly Change<string>[];
  /** The toolchain, the version label, the commit, the platform and how it is run: by a path such as `run.drainMs`. */
  readonly facts: readonly Change<string>[];
}

/** What changes from one revision to another. */
export function differenceOf(before: Revision, after: Revision): RevisionDifference {
  return {
    files: changes(filesOf(before), filesOf(after)),
    modules: changes(modulesOf(before.go), modulesOf(after.go)),
    facts: changes(factsOf(before), factsOf(after)),
  };
}

/** Whether nothing changes. */
export function isSameRevision({ files, modules, facts }: RevisionDifference): boolean {
  return files.length + modules.length + facts.length === 0;
}

function changes<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): readonly Change<T>[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((name) => ({ name, before: before.get(name), after: after.get(name) }))
    .filter(
      (change) => canonicalJson(change.before ?? null) !== canonicalJson(change.after ?? null),
    )
    .map((change) => ({
      name: change.name,
      ...(change.before === undefined ? {} : { before: change.before }),
      ...(change.after === undefined ? {} : { after: change.after }),
    }));
}

function filesOf({ files }: Revision): ReadonlyMap<string, RevisionFile> {
  return new Map(files.map((file) => [file.path, file]));
}

function modulesOf(go: GoBuildInfo | undefined): ReadonlyMap<string, string> {
  if (go === undefined) return new Map();
  return new Map(
    go.dependencies.map(({ path, version, sum }) => [
      path,
      sum === "" ? version : `${version} (${sum})`,
    ]),
  );
}

/** Everything but files and dependencies, flat. */
function factsOf(revision: Revision): ReadonlyMap<string, string> {
  const { files: _, go, builder: __, ...rest } = revision;
  const { dependencies: ___, ...goFacts } = go ?? { dependencies: [] };
  return new Map(flat("", go === undefined ? rest : { ...rest, go: goFacts }));
}

function flat(path: string, value: unknown): readonly (readonly [string, string])[] {
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  if (Array.isArray(value)) return [[path, canonicalJson(value)]];
  return Object.entries(value).flatMap(([name, member]) =>
    flat(path === "" ? name : `${path}.${name}`, member),
  );
}
