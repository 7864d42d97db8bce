// Copies the files of a bundle to where its appspec says: all of them, or none.
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import {
  type Appspec,
  type FileExistsBehavior,
  formatDiagnostic,
  hasErrors,
  meet,
  type PermissionPlan,
  pathsToLookAt,
  planInstall,
  planPermissions,
  type Standing,
} from "@stoa/deployment/appspec";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { Disk, DiskEntry } from "../domain/disk.ts";
import {
  emptyInstall,
  type InstallJournal,
  type InstallRecord,
  type InstallState,
  installText,
  parseInstall,
} from "../domain/install-record.ts";
import type { Permissions } from "../domain/permissions.ts";
import { noRoomFor } from "./install-release.ts";

/** An unpacked bundle. */
export interface Bundle {
  readonly id: string;
  readonly folder: string;
  readonly files: readonly {
    readonly path: string;
    readonly mode: number;
    readonly size: number;
  }[];
  readonly appspec: Appspec;
  /** The name of the appspec, for what is said about it. */
  readonly appspecName: string;
}

/** What an installation needs. */
export interface InstallParts {
  readonly disk: Disk;
  readonly permissions: Permissions;
  /** Where what was installed is written down. */
  readonly statePath: string;
  /** What takes the place of `/`; tests and trials install somewhere else. */
  readonly targetRoot: string;
  /** Called between the steps; tests end the process there. */
  reached(step: InstallStep): Promise<void>;
}

export const installSteps = [
  "install-begun",
  "file-prepared",
  "install-committed",
  "file-renamed",
  "leftovers-removed",
] as const;
export type InstallStep = (typeof installSteps)[number];

const reserveBytes = 4 << 20;

/**
 * Plans everything and looks for what stands in the way before anything is touched; prepares every file beside its place;
 * and only then renames them all. What the bundle before had and this one has not is removed. After a crash at any point
 * `recoverInstall` makes it one or the other.
 */
export async function installBundle(
  parts: InstallParts,
  bundle: Bundle,
  behavior: FileExistsBehavior,
): Promise<void> {
  await recoverInstall(parts);
  const { record: before } = await readState(parts);
  const plan = planInstall(
    bundle.appspec,
    bundle.files.map(({ path }) => path),
  );
  refuse(bundle, plan.problems);
  const standing = await lookAround(parts, pathsToLookAt(plan), before);
  const met = meet(plan, standing, bundle.appspec.fileExistsBehavior ?? behavior);
  if (met.conflicts.length > 0) {
    throw new AgentFailure(
      "refused_revision",
      `nothing was installed: ${met.conflicts.join("; ")}`,
    );
  }
  const permissions = planPermissions(bundle.appspec, {
    files: met.copied.map(({ target }) => target),
    folders: met.made,
  });
  refuse(bundle, permissions.problems);
  await checkPermissions(parts, permissions);
  await checkRoom(parts, bundle);

  const kept = before.folders.filter((folder) => plan.folders.includes(folder));
  const journal: InstallJournal = {
    phase: "staging",
    before,
    after: {
      bundle: bundle.id,
      files: met.copied.map(({ target }) => target),
      folders: [...new Set([...kept, ...met.made])].sort(),
    },
    made: met.made,
    files: met.copied.map(({ target }) => ({ target, prepared: preparedName(target, bundle.id) })),
  };
  await writeState(parts, { record: before, journal });
  await parts.reached("install-begun");
  try {
    await prepare(parts, bundle, { copied: met.copied, journal, permissions });
  } catch (failure) {
    await recoverInstall(parts);
    throw failure;
  }
  const committed: InstallJournal = { ...journal, phase: "committed" };
  await writeState(parts, { record: before, journal: committed });
  await parts.reached("install-committed");
  await carryOut(parts, committed);
}

/** Fails with `refused_revision` if the appspec cannot be carried out with these files, on whatever machine. */
export function checkPlan(bundle: Bundle): void {
  const { files, folders, problems } = planInstall(
    bundle.appspec,
    bundle.files.map(({ path }) => path),
  );
  const targets = { files: files.map(({ target }) => target), folders };
  refuse(bundle, [...problems, ...planPermissions(bundle.appspec, targets).problems]);
}

/** Undoes an installation that was interrupted while it was prepared, and carries out one that was committed. */
export async function recoverInstall(parts: InstallParts): Promise<void> {
  const { record, journal } = await readState(parts);
  if (journal === undefined) return;
  if (journal.phase === "committed") {
    await carryOut(parts, journal);
    return;
  }
  for (const { prepared } of journal.files) await parts.disk.remove(at(parts, prepared));
  await removeEmpty(parts, journal.made);
  await writeState(parts, { record, journal: undefined });
}

/** What was installed last. */
export async function installedRecord(
  parts: Pick<InstallParts, "disk" | "statePath">,
): Promise<InstallRecord> {
  return (await readState(parts)).record;
}

async function prepare(
  parts: InstallParts,
  bundle: Bundle,
  {
    copied,
    journal,
    permissions,
  }: {
    readonly copied: readonly { readonly source: string; readonly target: string }[];
    readonly journal: InstallJournal;
    readonly permissions: PermissionPlan;
  },
): Promise<void> {
  const { disk } = parts;
  const rules = new Map(permissions.permissions.map(({ target, rule }) => [target, rule]));
  const modes = new Map(bundle.files.map(({ path, mode }) => [path, mode]));
  for (const folder of journal.made) {
    await disk.makeFolder(at(parts, folder), 0o755);
    const rule = rules.get(folder);
    if (rule !== undefined) await parts.permissions.set(at(parts, folder), rule, folder);
  }
  for (const { source, target } of copied) {
    const prepared = at(parts, preparedName(target, bundle.id));
    await disk.remove(prepared);
    await disk.create(
      prepared,
      disk.chunks(join(bundle.folder, source)),
      modes.get(source) ?? 0o644,
    );
    const rule = rules.get(target);
    if (rule !== undefined) await parts.permissions.set(prepared, rule, target);
    await parts.reached("file-prepared");
  }
}

async function carryOut(parts: InstallParts, journal: InstallJournal): Promise<void> {
  const { disk } = parts;
  for (const { target, prepared } of journal.files) {
    if ((await disk.look(at(parts, prepared))) === undefined) continue;
    await disk.rename(at(parts, prepared), at(parts, target));
    await parts.reached("file-renamed");
  }
  const now = new Set(journal.after.files);
  for (const file of journal.before.files) {
    if (!now.has(file)) await disk.remove(at(parts, file));
  }
  const folders = new Set(journal.after.folders);
  await removeEmpty(
    parts,
    journal.before.folders.filter((folder) => !folders.has(folder)),
  );
  await parts.reached("leftovers-removed");
  await writeState(parts, { record: journal.after, journal: undefined });
}

/** Folders that hold something that others put there stay. */
async function removeEmpty(
  { disk, targetRoot }: InstallParts,
  folders: readonly string[],
): Promise<void> {
  for (const folder of [...folders].sort().reverse()) {
    const path = join(targetRoot, folder);
    const found = await disk.look(path);
    if (found?.kind === "folder" && (await disk.names(path)).length === 0) await disk.remove(path);
  }
}

/** What the bundle before put there counts as gone. */
async function lookAround(
  parts: InstallParts,
  paths: readonly string[],
  before: InstallRecord,
): Promise<ReadonlyMap<string, Standing>> {
  const ours = new Set(before.files);
  const standing = new Map<string, Standing>();
  for (const path of paths) {
    const found = await parts.disk.look(at(parts, path));
    if (found === undefined) continue;
    if (ours.has(path) && (found.kind === "file" || found.kind === "link")) continue;
    standing.set(path, standingOf(found));
  }
  return standing;
}

function standingOf({ kind }: DiskEntry): Standing {
  return kind;
}

function refuse(bundle: Bundle, problems: PermissionPlan["problems"]): void {
  if (!hasErrors(problems)) return;
  const errors = problems.filter(({ severity }) => severity === "error");
  const sentences = errors.map((problem) => formatDiagnostic(bundle.appspecName, problem));
  throw new AgentFailure("refused_revision", `nothing was installed: ${sentences.join("; ")}`);
}

async function checkPermissions(
  { permissions }: InstallParts,
  plan: PermissionPlan,
): Promise<void> {
  const problems = new Set<string>();
  for (const { rule } of plan.permissions) {
    const problem = await permissions.problemWith(rule);
    if (problem !== undefined) problems.add(problem);
  }
  if (problems.size > 0) {
    throw new AgentFailure(
      "refused_revision",
      `nothing was installed: ${[...problems].join("; ")}`,
    );
  }
}

async function checkRoom({ disk, targetRoot }: InstallParts, { files }: Bundle): Promise<void> {
  const needed = files.reduce((sum, { size }) => sum + size, 0) + reserveBytes;
  const { bytes } = await disk.room(targetRoot);
  if (bytes >= needed) return;
  throw new AgentFailure("disk_full", noRoomFor(targetRoot, needed, bytes));
}

/** Beside its place, so that a rename brings it there in one step. */
function preparedName(target: string, bundle: string): string {
  const digest = createHash("sha256").update(`${bundle} ${target}`).digest("hex").slice(0, 12);
  return join(dirname(target), `.${basename(target).slice(0, 200)}.stoa-${digest}`);
}

function at({ targetRoot }: InstallParts, path: string): string {
  return join(targetRoot, path);
}

async function readState({
  disk,
  statePath,
}: Pick<InstallParts, "disk" | "statePath">): Promise<InstallState> {
  const bytes = await disk.read(statePath);
  return bytes === undefined
    ? emptyInstall
    : parseInstall(Buffer.from(bytes).toString(), statePath);
}

async function writeState({ disk, statePath }: InstallParts, state: InstallState): Promise<void> {
  await disk.replace(statePath, installText(state), 0o600);
}
