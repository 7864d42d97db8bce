// What lies in a ready-made bundle: a folder, a zip, a tar, a tar under gzip, or a .deb, entry by entry.
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { open, readdir, readlink, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Entry, Options, ZipFile } from "yauzl";
import { arMembers, arSignature } from "./ar-archive.ts";

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
    else if (kind === "deb") yield* debEntries(place);
    else yield* tarEntries(createReadStream(place), kind === "gzip" ? [createGunzip()] : []);
  } catch (cause) {
    throw damaged(place, kind, cause);
  }
}

function damaged(place: string, kind: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  return new Error(`${place} is damaged, or not the ${kind} it looks like: ${cause.message}`, {
    cause,
  });
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

async function kindOf(place: string): Promise<"folder" | "zip" | "gzip" | "deb" | "tar"> {
  if ((await stat(place).catch(() => undefined))?.isDirectory() === true) return "folder";
  const head = Buffer.from(await headOf(place, 512));
  if (head.readUInt16BE(0) === 0x504b) return "zip";
  if (head.readUInt16BE(0) === 0x1f8b) return "gzip";
  if (head.toString("latin1", 0, arSignature.length) === arSignature) return "deb";
  // POSIX pax, https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar interchange format).
  if (head.toString("latin1", 257, 262) === "ustar") return "tar";
  throw new Error(`${place} is neither a program nor a zip, tar, tar.gz, deb or folder`);
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

/** The files of a package as it would install them: its `data` member (deb(5)). */
async function* debEntries(place: string): AsyncGenerator<ArchiveEntry> {
  const { stream, unpacking } = await debMember(place, "data");
  yield* tarEntries(stream, unpacking);
}

/** What a package says about itself, and which scripts it would have dpkg run; undefined for what is no package. */
export async function debControl(
  place: string,
): Promise<{ readonly text: string; readonly scripts: readonly string[] } | undefined> {
  if ((await kindOf(place)) !== "deb") return undefined;
  try {
    const { stream, unpacking } = await debMember(place, "control");
    const scripts: string[] = [];
    let text = "";
    for await (const { path, content } of tarEntries(stream, unpacking)) {
      if (/^(pre|post)(inst|rm)$/.test(path)) scripts.push(path);
      if (path !== "control") continue;
      for await (const chunk of await content()) text += Buffer.from(chunk).toString();
    }
    return { text, scripts };
  } catch (cause) {
    throw damaged(place, "deb", cause);
  }
}

const unpackings: Readonly<Record<string, () => Transform>> = {
  ".gz": createGunzip,
  ".zst": createZstdDecompress,
};

async function debMember(
  place: string,
  name: "control" | "data",
): Promise<{ readonly stream: Readable; readonly unpacking: readonly Transform[] }> {
  const member = (await arMembers(place)).find((candidate) =>
    candidate.name.startsWith(`${name}.tar`),
  );
  if (member === undefined) throw new Error(`it has no ${name}.tar`);
  const ending = member.name.slice(`${name}.tar`.length);
  const unpack = unpackings[ending];
  if (ending !== "" && unpack === undefined) {
    throw new Error(`${member.name} cannot be unpacked here; build it with dpkg-deb -Zgzip`);
  }
  const { start, size } = member;
  const stream = createReadStream(place, { start, end: start + size - 1 });
  return { stream, unpacking: unpack === undefined ? [] : [unpack()] };
}

async function* tarEntries(
  packed: Readable,
  unpacking: readonly Transform[],
): AsyncGenerator<ArchiveEntry> {
  const { extract } = await import("tar-stream");
  const entries = extract();
  const reading = pipeline([packed, ...unpacking, entries]);
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
