// A disk storage with a great many small versions, made of hard links as fast as the disk allows.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { linkSync, mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setImmediate as pause } from "node:timers/promises";
import type { BenchRun } from "./bench-run.ts";

/** A folder for stores. Disposing of it removes them. */
export interface VersionRoom extends AsyncDisposable {
  readonly path: string;
}

/** A storage folder in Athens' layout. */
export interface VersionStore {
  readonly root: string;
  readonly modules: number;
  readonly versions: number;
}

/** What a folder with three names takes in memory, and as much again for everything else. */
const bytesOfVersion = 8192;

/** Every module has as many versions. */
const versionsOfEach = 20;

/** So many modules share an owner: most owners have few. */
const modulesOfEach = 2;

/** File systems allow some ten thousand names for one file; ext4 65,000. */
const mostLinks = 60_000;

/** Room for so many versions: in memory where that can be had, for on a disk removing them takes longer than all else. */
export async function roomForVersions(versions: number, run: BenchRun): Promise<VersionRoom> {
  const path = await mkdtemp(join(run.folder, "versions-"));
  const isInMemory = process.availableMemory() > versions * bytesOfVersion && mount(path);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      if (isInMemory) spawnSync("umount", ["-l", path]);
      await removeFolder(path);
    },
  };
}

/** Makes a folder one in memory, with as many names as one likes. Only root can. */
function mount(path: string): boolean {
  const words = ["-t", "tmpfs", "-o", "size=90%,nr_inodes=0", "stoa-bench", path];
  return spawnSync("mount", words, { stdio: "ignore" }).status === 0;
}

/** The path of a module of the store, counted from 0. */
export function modulePath(at: number): string {
  const owner = String(Math.floor(at / modulesOfEach)).padStart(5, "0");
  return `example.com/owner${owner}/repository${at % modulesOfEach}`;
}

/** The versions of each module, from the lowest up. */
export const versionNames: readonly string[] = Array.from(
  { length: versionsOfEach },
  (_, minor) => `v1.${minor}.0`,
);

/**
 * Makes a storage in a folder. Every module has a go.mod of its own and every version its own folder; their infos and
 * zips are names of a few files. The zips hold nothing: only names are asked for.
 */
export async function makeVersionStore(
  root: string,
  modules: number,
  run: BenchRun,
): Promise<VersionStore> {
  const seeds = join(root, ".seeds");
  mkdirSync(seeds, { recursive: true });
  const infos = versionNames.map((version) => infoFile(seeds, version));
  let zip = "";
  for (let at = 0; at < modules; at++) {
    if (at % 1000 === 0) await pause();
    run.signal.throwIfAborted();
    if (at % Math.floor(mostLinks / versionsOfEach) === 0) {
      zip = join(seeds, `${at}.zip`);
      writeFileSync(zip, "no zip at all");
    }
    addModule(root, modulePath(at), infos, zip);
  }
  return { root, modules, versions: modules * versionsOfEach };
}

function infoFile(seeds: string, version: string): string {
  const file = join(seeds, `${version}.info`);
  writeFileSync(file, JSON.stringify({ Version: version, Time: "2024-05-06T07:08:09Z" }));
  return file;
}

function addModule(root: string, path: string, infos: readonly string[], zip: string): void {
  const folder = join(root, path);
  mkdirSync(folder, { recursive: true });
  const mod = join(folder, "go.mod");
  writeFileSync(mod, `module ${path}\n`);
  for (const [at, version] of versionNames.entries()) {
    const inside = `${folder}/${version}`;
    mkdirSync(inside);
    linkSync(mod, `${inside}/go.mod`);
    linkSync(zip, `${inside}/source.zip`);
    linkSync(infos[at] ?? "", `${inside}/${version}.info`);
  }
  unlinkSync(mod);
}

/** Millions of names: rm(1) takes a third of the time that Node takes. */
async function removeFolder(folder: string): Promise<void> {
  await once(spawn("rm", ["-rf", folder], { stdio: "ignore" }), "exit");
}
