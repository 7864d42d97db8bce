// What lies in a ready-made bundle: a folder, a zip, a tar, or a tar under gzip, entry by entry.
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { open, readdir, readlink, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import type { Entry, Options, ZipFile } from "yauzl";

/** One entry of a bundle; its content must be read, or drained, before the next is asked for. */
export interface ArchiveEntry {
  /** As the archive has it. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "other";
  /** Permission bits; undefined where the archive has none. */
  readonly mode: number | undefined;
  readonly content: () => Promise<AsyncIterable<Uint8Array>>;
}

/** The entries of a bundle. Throws sentences: what it is not, or where it is damaged. */
export async function* archiveEntries(place: string): AsyncGenerator<ArchiveEntry> {
  const kind = await kindOf(place);
  try {
    if (kind === "folder") yield* folderEntries(place);
    else if (kind === "zip") yield* zipEntries(place);
    else yield* tarEntries(place, kind === "gzip");
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw new Error(`${place} is damaged, or not the ${kind} it looks like: ${cause.message}`, {
      cause,
    });
  }
}

/** The first bytes of a file. Throws a sentence if it cannot be read. */
export async function headOf(place: string, bytes: number): Promise<Uint8Array> {
  const file = await open(place, "r").catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === "ENOENT" ? "is not there" : `cannot be read: ${cause.message}`;
    throw new Error(`${place} ${reason}`, { cause });
  });
  try {
    const buffer = Buffer.alloc(bytes);
    const { bytesRead } = await file.read(buffer, 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function kindOf(place: string): Promise<"folder" | "zip" | "gzip" | "tar"> {
  if ((await stat(place).catch(() => undefined))?.isDirectory() === true) return "folder";
  const head = Buffer.from(await headOf(place, 512));
  if (head.readUInt16BE(0) === 0x504b) return "zip";
  if (head.readUInt16BE(0) === 0x1f8b) return "gzip";
  // POSIX pax, https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar interchange format).
  if (head.toString("latin1", 257, 262) === "ustar") return "tar";
  throw new Error(`${place} is neither a program nor a zip, tar, tar.gz or folder`);
}

async function* folderEntries(root: string): AsyncGenerator<ArchiveEntry> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const place = join(entry.parentPath, entry.name);
    const path = relative(root, place).split(sep).join("/");
    if (entry.isSymbolicLink()) {
      yield entryOf(`${path} -> ${await readlink(place)}`, "link", undefined, place);
    } else {
      const kind = entry.isFile() ? "file" : entry.isDirectory() ? "folder" : "other";
      yield entryOf(path, kind, (await stat(place)).mode & 0o777, place);
    }
  }
}

function entryOf(
  path: string,
  kind: ArchiveEntry["kind"],
  mode: number | undefined,
  place: string,
): ArchiveEntry {
  return { path, kind, mode, content: async () => createReadStream(place) };
}

async function* zipEntries(place: string): AsyncGenerator<ArchiveEntry> {
  const { open: openZip } = await import("yauzl");
  const zip = await promisify<string, Options, ZipFile>(openZip)(place, { lazyEntries: true });
  const ended = once(zip, "end").then(() => undefined);
  // Whoever waits for the next entry hears of a failure; nobody waits for the end alone.
  ended.catch(() => undefined);
  try {
    for (;;) {
      const next = once(zip, "entry").then(([entry]: Entry[]) => entry);
      next.catch(() => undefined);
      zip.readEntry();
      const entry = await Promise.race([next, ended]);
      if (entry === undefined) return;
      const attributes = isUnix(entry) ? entry.externalFileAttributes >>> 16 : 0;
      yield {
        path: entry.fileName,
        kind: zipKind(entry.fileName, attributes),
        // A file made on a system without permissions has none here.
        mode: attributes === 0 ? undefined : attributes & 0o777,
        content: () => promisify(zip.openReadStream.bind(zip))(entry),
      };
    }
  } finally {
    zip.close();
  }
}

/** Who made the entry (APPNOTE.TXT 4.4.2): a Unix, or a Mac. */
function isUnix({ versionMadeBy }: Entry): boolean {
  return [3, 19].includes(versionMadeBy >>> 8);
}

/** The upper half of the attributes is `st_mode` where the zip was made on a Unix (APPNOTE.TXT 4.4.15). */
function zipKind(path: string, mode: number): ArchiveEntry["kind"] {
  const type = mode & 0o170000;
  if (path.endsWith("/") || type === 0o040000) return "folder";
  if (type === 0 || type === 0o100000) return "file";
  return type === 0o120000 ? "link" : "other";
}

async function* tarEntries(place: string, isPacked: boolean): AsyncGenerator<ArchiveEntry> {
  const { extract } = await import("tar-stream");
  const entries = extract();
  const packed = createReadStream(place);
  const reading = isPacked ? pipeline(packed, createGunzip(), entries) : pipeline(packed, entries);
  reading.catch(() => undefined);
  for await (const entry of entries) {
    const { name, mode, type } = entry.header;
    yield {
      path: name.replace(/^(\.\/)+/, ""),
      kind: tarKind(type),
      mode: mode & 0o777,
      content: async () => entry as AsyncIterable<Uint8Array>,
    };
    entry.resume();
  }
  await reading;
}

function tarKind(type: string): ArchiveEntry["kind"] {
  if (type === "file" || type === "contiguous-file") return "file";
  if (type === "directory") return "folder";
  return type === "symlink" || type === "link" ? "link" : "other";
}
