// A real disk.
import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  statfs,
  symlink,
  unlink,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Disk, DiskEntry } from "../../domain/disk.ts";

const chunkBytes = 1 << 17;

/** The disk of this machine. Temporary names end in `.new`, with random digits before. */
export const nodeDisk: Disk = {
  read: (path) => absentAs(undefined, path, async () => await readFile(path)),
  chunks: (path) => chunksOf(path),
  slice: (path, from, bytes) =>
    absentAs(new Uint8Array(), path, async () => {
      await using file = await open(path);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, from);
      return buffer.subarray(0, bytesRead);
    }),
  replace: (path, content, mode = 0o644) =>
    told(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      const temporary = `${path}.${randomBytes(6).toString("hex")}.new`;
      try {
        await writeWhole(temporary, [Buffer.from(content)], mode);
        await rename(temporary, path);
      } catch (failure) {
        await rm(temporary, { force: true });
        throw failure;
      }
      await syncFolder(dirname(path));
    }),
  create: (path, chunks, mode) =>
    told(path, async () => {
      await writeWhole(path, chunks, mode);
      await syncFolder(dirname(path));
    }),
  append: (path, content) =>
    told(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      await using file = await open(path, "a", 0o644);
      await file.appendFile(content);
      await file.sync();
    }),
  look: (path) =>
    absentAs(undefined, path, async () => toEntry(await lstat(path, { bigint: true }))),
  names: (path) => absentAs([], path, async () => (await readdir(path)).sort()),
  makeFolder: (path, mode = 0o755) =>
    told(path, async () => {
      await mkdir(path, { recursive: true, mode });
    }),
  setMode: (path, mode) => told(path, () => chmod(path, mode)),
  settle: (path) => told(path, () => syncTree(path)),
  rename: (from, to) =>
    told(to, async () => {
      await rename(from, to);
      await syncFolder(dirname(to));
      if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
    }),
  point: (link, target) =>
    told(link, async () => {
      const temporary = `${link}.${randomBytes(6).toString("hex")}.new`;
      await symlink(target, temporary);
      try {
        await rename(temporary, link);
      } catch (failure) {
        await unlink(temporary);
        throw failure;
      }
      await syncFolder(dirname(link));
    }),
  pointsTo: (link) => absentAs(undefined, link, () => readlink(link)),
  remove: (path) => told(path, () => removeTree(path)),
  room: (path) =>
    told(path, async () => {
      const { bavail, bsize, ffree, files } = await statfs(path);
      // Some file systems do not count files.
      return { bytes: bavail * bsize, files: files === 0 ? Number.MAX_SAFE_INTEGER : ffree };
    }),
};

/** In one piece of memory, however large the file. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    const chunk = Buffer.allocUnsafeSlow(chunkBytes);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunkBytes);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function writeWhole(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  const file: FileHandle = await open(path, "wx", mode);
  try {
    for await (const chunk of chunks) await file.writeFile(chunk);
    await file.chmod(mode);
    await file.sync();
  } catch (failure) {
    await file.close();
    await rm(path, { force: true });
    throw failure;
  }
  await file.close();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

async function syncTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(path, entry.name));
  }
  await syncFolder(path);
}

/** Folders of releases are read-only, and their entries cannot be removed before they are writable. */
async function removeTree(path: string): Promise<void> {
  const found = await lstat(path).catch(ifAbsent(undefined));
  if (found?.isDirectory() === true) {
    await chmod(path, 0o755);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory()) await removeTree(join(path, entry.name));
    }
  }
  await rm(path, { recursive: true, force: true });
}

function toEntry(stats: BigIntStats): DiskEntry {
  const { dev, ino, size, ctimeNs, mode } = stats;
  let kind: DiskEntry["kind"] = "other";
  if (stats.isFile()) kind = "file";
  else if (stats.isDirectory()) kind = "folder";
  else if (stats.isSymbolicLink()) kind = "link";
  return {
    kind,
    size: Number(size),
    mode: Number(mode & 0o7777n),
    fingerprint: `${dev}:${ino}:${size}:${ctimeNs}`,
  };
}

async function absentAs<T>(absent: T, path: string, action: () => Promise<T>): Promise<T> {
  return await told(path, () => action().catch(ifAbsent(absent)));
}

function ifAbsent<T>(absent: T): (failure: NodeJS.ErrnoException) => T {
  return (failure) => {
    if (failure.code === "ENOENT" || failure.code === "ENOTDIR") return absent;
    throw failure;
  };
}

/** Translates what the system says. A failure of the agent's own, say of a source of chunks, passes as it is. */
async function told<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof AgentFailure) throw cause;
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") {
      throw new AgentFailure(
        "disk_full",
        `there is no room for ${path} (${code}); free some`,
        cause,
      );
    }
    throw new AgentFailure("disk_failed", `${path} cannot be read or written (${code})`, cause);
  }
}
