// The graph of modules behind main modules: which go.mod files the go command reads, and which versions it selects.
import type { Replacement, Requirements } from "./go-mod-requirements.ts";
import type { ModulePath } from "./module-path.ts";
import type { ModuleVersion } from "./module-version.ts";
import { compareVersions } from "./semver.ts";

/** Where the graph begins. */
export interface MainModules {
  /** One, or those of a workspace. */
  readonly modules: readonly { readonly path: string; readonly requirements: Requirements }[];
  /** That of the workspace come before those of its modules. */
  readonly replaces: readonly Replacement[];
  readonly isWorkspace: boolean;
}

/** What the go command needs. Versions are those that were asked for; `replacementFor` says what stands in for them. */
export interface ModuleGraph {
  /** Every version whose go.mod is read. */
  readonly read: readonly ModuleVersion[];
  /** What `go list -m all` prints, without the main modules: of each module the largest version that is required. */
  readonly selected: readonly ModuleVersion[];
  /** Of these, what `go mod download` fetches: what builds and tests of the main modules may import. */
  readonly needed: readonly ModuleVersion[];
}

/**
 * Walks the graph; `read` gives the requirements of a version (of what stands in for it) or rejects, which ends the walk
 * at that version: `failed` is told of it once. Authority: cmd/go modload.readModGraph, https://go.dev/ref/mod#graph-pruning
 * and, for `needed`, `go help mod download`.
 */
export async function walkModuleGraph(
  main: MainModules,
  read: (module: ModuleVersion) => Promise<Requirements>,
  failed: (module: ModuleVersion, failure: unknown) => void,
): Promise<ModuleGraph> {
  const own = new Set(main.modules.map(({ path }) => path));
  const excluded = new Set(
    main.modules.flatMap(({ requirements }) => requirements.excludes.map(nameOf)),
  );
  const reads = new Map<
    string,
    { module: ModuleVersion; found: Promise<Requirements | undefined> }
  >();
  const wholly = new Set<string>();
  const largest = new Map<ModulePath, ModuleVersion>();

  const requiredBy = ({ requires }: Requirements): readonly ModuleVersion[] => {
    const counted = requires.filter((one) => !own.has(one.path) && !excluded.has(nameOf(one)));
    for (const one of counted) {
      const known = largest.get(one.path);
      if (known === undefined || compareVersions(one.version, known.version) > 0) {
        largest.set(one.path, one);
      }
    }
    return counted;
  };
  const requirementsOf = (module: ModuleVersion): Promise<Requirements | undefined> => {
    const name = nameOf(module);
    const before = reads.get(name);
    if (before !== undefined) return before.found;
    const found = read(module).catch((failure: unknown) => {
      failed(module, failure);
      return undefined;
    });
    reads.set(name, { module, found });
    return found;
  };
  const load = async (module: ModuleVersion, isUnpruned: boolean): Promise<void> => {
    if (isUnpruned) {
      if (wholly.has(nameOf(module))) return;
      wholly.add(nameOf(module));
    }
    const requirements = await requirementsOf(module);
    if (requirements === undefined) return;
    const next = requiredBy(requirements);
    if (!isUnpruned && isPruned(requirements)) return;
    await Promise.all(next.map((one) => load(one, true)));
  };

  await Promise.all(
    main.modules.flatMap(({ requirements }) =>
      requiredBy(requirements).map((one) => load(one, !isPruned(requirements))),
    ),
  );
  const selected = [...largest.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const roots = new Set(
    main.modules.flatMap(({ requirements }) => requirements.requires.map(({ path }) => path)),
  );
  const rootsSuffice =
    !main.isWorkspace && main.modules.every(({ requirements }) => isPruned(requirements));
  return {
    read: [...reads.values()].map(({ module }) => module),
    selected,
    needed: rootsSuffice ? selected.filter(({ path }) => roots.has(path)) : selected,
  };
}

/** What stands in for a version; itself where nothing does. One with a version goes before one for all. */
export function replacementFor(
  module: ModuleVersion,
  replaces: readonly Replacement[],
): Replacement["by"] {
  const ofPath = replaces.filter(({ path }) => path === module.path);
  const found =
    ofPath.find(({ version }) => version === module.version) ??
    ofPath.find(({ version }) => version === undefined);
  return found?.by ?? module;
}

/** From go 1.17 on a go.mod names everything that its own packages need. */
function isPruned({ go }: Requirements): boolean {
  const [, major = "1", minor = "0"] = /^v?([0-9]+)\.([0-9]+)/.exec(go ?? "1.16") ?? [];
  return Number(major) > 1 || Number(minor) >= 17;
}

function nameOf({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}
