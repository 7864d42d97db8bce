// A file system of a few megabytes that can be filled, made read-only and taken away.
import { spawnSync } from "node:child_process";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

/** A mounted file system. Disposing of it unmounts it. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Writes a file until there is no room for another byte. */
  readonly fill: () => Promise<void>;
  /** Removes that file. */
  readonly makeRoom: () => Promise<void>;
  readonly remount: (mode: "ro" | "rw") => void;
  /** Takes the disk away, as when a cable is pulled; the empty folder that it was mounted on stays. */
  readonly takeAway: () => void;
}

/** Why there can be no small disk here; false if there can. For the option `skip` of a test. */
export function smallDiskIsMissing(): string | false {
  if (process.platform !== "linux") return "only Linux has a tmpfs to mount";
  const { status } = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return status !== 0 && "only root may mount a file system";
}

export async function smallDisk(sizeBytes: number): Promise<SmallDisk> {
  const folder = await temporaryFolder();
  const { path } = folder;
  mount(["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", path]);
  const filler = join(path, "filler");
  return {
    path,
    fill: () => writeUntilFull(filler),
    makeRoom: () => rm(filler, { force: true }),
    remount: (mode) => mount(["-o", `remount,${mode}`, path]),
    takeAway: () => void spawnSync("umount", ["--lazy", path]),
    [Symbol.asyncDispose]: () => unmounted(folder),
  };
}

function mount(args: readonly string[]): void {
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`mount ${args.join(" ")}: ${stderr}`);
}

async function unmounted(folder: TemporaryFolder): Promise<void> {
  spawnSync("umount", ["--lazy", folder.path]);
  await folder[Symbol.asyncDispose]();
}

async function writeUntilFull(file: string): Promise<void> {
  await using handle = await open(file, "a");
  for (const sizeBytes of [65_536, 4096, 1]) {
    const bytes = Buffer.alloc(sizeBytes);
    try {
      for (;;) await handle.appendFile(bytes);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== "ENOSPC") throw failure;
    }
  }
}
