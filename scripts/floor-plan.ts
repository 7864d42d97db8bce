// What imports what: every file of every room, read by dependency-cruiser with the rules of .dependency-cruiser.mjs.
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import process from "node:process";

interface Rule {
  readonly name: string;
  readonly comment?: string;
}

/** An import that a rule forbids. */
export interface Violation {
  readonly rule: Rule;
  readonly from: string;
  readonly to: string;
}

/** The floor plan as measured. */
export interface FloorPlan {
  readonly rooms: readonly string[];
  /** Imports between files of ours. */
  readonly imports: readonly { readonly from: string; readonly to: string }[];
  readonly violations: readonly Violation[];
  /** What to do about a violation, by the name of the rule. */
  readonly advice: ReadonlyMap<string, string>;
  readonly files: readonly string[];
  /** Files that were not read: without a TypeScript compiler that it understands the cruiser reads none and says "ok". */
  readonly unread: readonly string[];
}

interface Cruise {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly resolved: string }[];
  }[];
  readonly summary: {
    readonly violations: readonly Violation[];
    readonly ruleSetUsed?: { readonly forbidden?: readonly Rule[] };
  };
}

/** Reads the floor plan of the repository in the working directory. */
export function readFloorPlan(): FloorPlan {
  const { workspaces: rooms } = JSON.parse(readFileSync("package.json", "utf8")) as {
    workspaces: readonly string[];
  };
  const cruised = spawnSync(
    process.execPath,
    ["node_modules/dependency-cruiser/bin/dependency-cruiser.mjs", "-T", "json", ...rooms],
    { encoding: "utf8", maxBuffer: 256 << 20 },
  );
  if (cruised.stdout === "") throw new Error(`dependency-cruiser said nothing: ${cruised.stderr}`);
  const { modules, summary } = JSON.parse(cruised.stdout) as Cruise;
  const read = new Set(modules.map(({ source }) => source));
  const files = rooms.flatMap((room) => globSync(`${room}/src/**/*.ts`)).sort();
  const ours = new Set(files);
  return {
    rooms,
    imports: modules.flatMap(({ source, dependencies }) =>
      dependencies
        .filter(({ resolved }) => ours.has(source) && ours.has(resolved))
        .map(({ resolved }) => ({ from: source, to: resolved })),
    ),
    violations: summary.violations,
    advice: new Map(
      summary.ruleSetUsed?.forbidden?.map(({ name, comment }) => [name, comment ?? ""]),
    ),
    files,
    unread: files.filter((file) => !read.has(file)),
  };
}
