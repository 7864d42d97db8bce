// A folder of made-up modules in the layout of a module proxy: what upstream and nginx serve as it lies there.
import { randomFillSync } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  escapePath,
  escapeVersion,
  type ModuleVersion,
  parseModulePath,
  parseVersion,
} from "@stoa/gomod";
import { type ReadableModuleFile, writeModuleZip } from "@stoa/gomod/zip";
import type { BenchRun } from "./bench-run.ts";

/** Modules as files. */
export interface ModuleTree {
  readonly root: string;
}

/** Makes an empty tree. */
export async function makeModuleTree(run: BenchRun): Promise<ModuleTree> {
  return { root: await mkdtemp(join(run.folder, "modules-")) };
}

/** The URL paths of a module version's files, and of its module's list. */
export interface VersionPaths {
  readonly list: string;
  readonly info: string;
  readonly mod: string;
  readonly zip: string;
}

/** Where the files of a version are found. */
export function pathsOf({ path, version }: ModuleVersion): VersionPaths {
  const folder = `/${escapePath(path)}/@v`;
  const stem = `${folder}/${escapeVersion(version)}`;
  return { list: `${folder}/list`, info: `${stem}.info`, mod: `${stem}.mod`, zip: `${stem}.zip` };
}

/** Adds a module version whose zip is about `zipBytes` long and cannot be compressed. It does not appear in a list yet. */
export async function addVersion(
  tree: ModuleTree,
  name: string,
  zipBytes: number,
): Promise<VersionPaths> {
  const module = moduleVersion(name);
  const paths = await addSmallFiles(tree, module);
  const bytes = Readable.from(writeModuleZip(module, [goMod(module), ...filling(zipBytes)]));
  await pipeline(bytes, createWriteStream(join(tree.root, paths.zip)));
  return paths;
}

/** Adds versions that have no zip: enough for those who ask for nothing but their `.info` and `.mod`. */
export async function addVersionsWithoutZip(
  tree: ModuleTree,
  names: readonly string[],
): Promise<readonly VersionPaths[]> {
  const all: VersionPaths[] = [];
  for (const name of names) all.push(await addSmallFiles(tree, moduleVersion(name)));
  return all;
}

/** The module version that is written `path@version`. */
export function moduleVersion(name: string): ModuleVersion {
  const [path = "", version = ""] = name.split("@");
  return { path: parseModulePath(path), version: parseVersion(version) };
}

/** Adds any file. */
export async function addFile(
  tree: ModuleTree,
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const file = join(tree.root, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, content);
}

async function addSmallFiles(tree: ModuleTree, module: ModuleVersion): Promise<VersionPaths> {
  const paths = pathsOf(module);
  const info = { Version: module.version, Time: "2024-05-06T07:08:09Z" };
  await addFile(tree, paths.info, JSON.stringify(info));
  await addFile(tree, paths.mod, goModText(module.path));
  return paths;
}

/** A go.mod as long as usual ones: a dozen requirements. */
function goModText(path: string): string {
  const requirements = Array.from(
    { length: 12 },
    (_, n) => `\texample.com/required/r${n} v1.${n}.0\n`,
  );
  return `module ${path}\n\ngo 1.23\n\nrequire (\n${requirements.join("")})\n`;
}

function goMod({ path }: ModuleVersion): ReadableModuleFile {
  const content = Buffer.from(goModText(path));
  return { path: "go.mod", kind: "regular", sizeBytes: content.length, read: () => [content] };
}

const fillingFileBytes = 1 << 20;

/** Files of random bytes, 1 MiB each but the last. */
function filling(totalBytes: number): readonly ReadableModuleFile[] {
  return Array.from({ length: Math.ceil(totalBytes / fillingFileBytes) }, (_, n) => {
    const sizeBytes = Math.min(fillingFileBytes, totalBytes - n * fillingFileBytes);
    const path = `filling/f${String(n).padStart(4, "0")}.bin`;
    return {
      path,
      kind: "regular" as const,
      sizeBytes,
      read: () => [randomFillSync(Buffer.allocUnsafe(sizeBytes))],
    };
  });
}
