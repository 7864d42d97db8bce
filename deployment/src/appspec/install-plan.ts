// Which files of a bundle go where: decided as a whole before anything is touched.
import type { Appspec, FileExistsBehavior, FileRule } from "./appspec.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { foldersAbove, joinTarget } from "./target-path.ts";

/** A file of the bundle and the path on the machine that it is copied to. */
export interface PlannedFile {
  /** Relative to the bundle. */
  readonly source: string;
  readonly target: string;
  readonly rule: FileRule;
}

/** What an installation makes. */
export interface InstallPlan {
  /** In the order of the appspec, within a rule by path. */
  readonly files: readonly PlannedFile[];
  /** Folders that must be there, those that hold others first; some of them may exist. */
  readonly folders: readonly string[];
  /** What makes the plan impossible. */
  readonly problems: readonly Diagnostic[];
}

/** What stands at a path of the machine. */
export type Standing = "file" | "folder" | "link" | "other";

/** What a plan meets on a machine. */
export interface Encounter {
  /** Files that are copied. */
  readonly copied: readonly PlannedFile[];
  /** Files that stand where one would be copied, and are left as they are. */
  readonly retained: readonly PlannedFile[];
  /** Folders that are made. */
  readonly made: readonly string[];
  /** Sentences that say why nothing may be touched. */
  readonly conflicts: readonly string[];
}

/** Where the files of a bundle go. Pure: the same appspec and the same paths give the same plan. */
export function planInstall(appspec: Appspec, paths: readonly string[]): InstallPlan {
  const problems: Diagnostic[] = [];
  const sorted = [...paths].sort();
  const files = appspec.files.flatMap((rule) => {
    const planned = filesOf(rule, sorted);
    if (planned.length === 0)
      problems.push(problem(rule, `source ${rule.source || "/"} names nothing in the bundle`));
    return planned;
  });
  const folders = new Set(
    [
      ...appspec.files.map(({ destination }) => joinTarget(destination, "x")),
      ...files.map(({ target }) => target),
    ].flatMap(foldersAbove),
  );
  problems.push(...collisions(files, folders));
  return { files, folders: [...folders].sort(), problems };
}

/** A file lands in the destination under its own name, a folder's contents land there under theirs. */
function filesOf(rule: FileRule, paths: readonly string[]): readonly PlannedFile[] {
  const { source, destination } = rule;
  if (paths.includes(source)) {
    return [{ source, target: joinTarget(destination, source.split("/").at(-1) ?? source), rule }];
  }
  const prefix = source === "" ? "" : `${source}/`;
  return paths
    .filter((path) => path.startsWith(prefix))
    .map((path) => ({
      source: path,
      target: joinTarget(destination, path.slice(prefix.length)),
      rule,
    }));
}

function collisions(
  files: readonly PlannedFile[],
  folders: ReadonlySet<string>,
): readonly Diagnostic[] {
  const problems: Diagnostic[] = [];
  const taken = new Map<string, PlannedFile>();
  for (const file of files) {
    const other = taken.get(file.target);
    if (other !== undefined) {
      problems.push(
        problem(file.rule, `${file.source} and ${other.source} would both become ${file.target}`),
      );
    }
    if (folders.has(file.target)) {
      problems.push(
        problem(
          file.rule,
          `${file.source} would become ${file.target}, which is also a folder that others are copied into`,
        ),
      );
    }
    taken.set(file.target, file);
  }
  return problems;
}

function problem({ place }: FileRule, sentence: string): Diagnostic {
  return { severity: "error", line: place.line, column: place.column, sentence };
}

/** What the machine must be asked about: every path where the plan makes something. */
export function pathsToLookAt({ files, folders }: InstallPlan): readonly string[] {
  return [...folders, ...files.map(({ target }) => target)];
}

/**
 * Holds a plan against what stands on a machine, once what the last deployment put there is thought away.
 * `behavior` decides about files that somebody else put there; the appspec's own choice goes before that of the deployment.
 */
export function meet(
  plan: InstallPlan,
  standing: ReadonlyMap<string, Standing>,
  behavior: FileExistsBehavior,
): Encounter {
  const copied: PlannedFile[] = [];
  const retained: PlannedFile[] = [];
  const conflicts: string[] = [];
  for (const file of plan.files) {
    const kind = standing.get(file.target);
    if (kind === undefined) copied.push(file);
    else if (kind === "folder")
      conflicts.push(`${file.target} is a folder, and the file ${file.source} should go there`);
    else if (behavior === "DISALLOW") conflicts.push(foreign(file.target));
    else (behavior === "RETAIN" ? retained : copied).push(file);
  }
  for (const folder of plan.folders) {
    const kind = standing.get(folder);
    if (kind === "file" || kind === "other")
      conflicts.push(`${folder} is no folder, and files should go into it`);
  }
  return {
    copied,
    retained,
    made: plan.folders.filter((folder) => !standing.has(folder)),
    conflicts,
  };
}

function foreign(target: string): string {
  return `${target} exists and was not put there by an earlier deployment; remove it, or set file_exists_behavior to OVERWRITE or RETAIN`;
}
