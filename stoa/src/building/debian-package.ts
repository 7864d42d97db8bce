// Writes a .deb, without root and without Debian's tools. The same files give the same bytes. Authority: deb(5).
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Pack } from "tar-stream";
import { whyUnwritable } from "../config/unreadable-file.ts";
import type { BundleFile } from "../delivery/file-contents.ts";
import { writeArArchive } from "./ar-archive.ts";
import { controlText, type DebianControl } from "./debian-control.ts";

/** What is packed. */
export interface DebianContents {
  readonly control: DebianControl;
  /** Their paths are those on the machine, without the first slash. */
  readonly files: readonly BundleFile[];
  /** When everything in it was made, in seconds since 1970. */
  readonly seconds: number;
}

/** dpkg reads no pax headers, so a name must fit into the oldest of headers. */
const longestPath = 97;

/** Writes the package; `work` is a folder for what it is made of. Throws sentences. */
export async function writeDebianPackage(
  place: string,
  { control, files, seconds }: DebianContents,
  work: string,
): Promise<void> {
  const odd = files.find(({ path }) => path.length > longestPath || !/^[ -~]+$/.test(path));
  if (odd !== undefined) {
    throw new Error(
      `${JSON.stringify(odd.path)} cannot be packed: a path takes at most ${longestPath} letters of ASCII`,
    );
  }
  const [binary, controlTar, dataTar] = ["debian-binary", "control.tar.gz", "data.tar.gz"].map(
    (name) => ({ name, file: join(work, name) }),
  ) as [Member, Member, Member];
  await writeFile(binary.file, "2.0\n");
  await writeTar(controlTar.file, (tar) => addControl(tar, { control, files, seconds }));
  await writeTar(dataTar.file, (tar) => addFiles(tar, files, seconds));
  const aside = `${place}.new`;
  try {
    await writeArArchive(aside, [binary, controlTar, dataTar], seconds);
    await rename(aside, place);
  } catch (failure) {
    await rm(aside, { force: true });
    if (!(failure instanceof Error && "syscall" in failure)) throw failure;
    throw new Error(`${place} cannot be written: ${whyUnwritable(failure)}`, { cause: failure });
  }
}

interface Member {
  readonly name: string;
  readonly file: string;
}

async function writeTar(place: string, fill: (tar: Pack) => Promise<void>): Promise<void> {
  const { pack } = await import("tar-stream");
  const tar = pack();
  await Promise.all([
    pipeline(tar, createGzip({ level: 9 }), createWriteStream(place)),
    fill(tar).then(
      () => tar.finalize(),
      (failure: Error) => tar.destroy(failure),
    ),
  ]);
}

/** Files below /etc are the administrator's once they are there (Debian policy 10.7). */
async function addControl(tar: Pack, { control, files, seconds }: DebianContents): Promise<void> {
  const installed = files.reduce((sum, { size }) => sum + size, 0);
  const settings = files.filter(({ path }) => path.startsWith("etc/"));
  const texts: Record<string, string> = {
    control: controlText(control, installed),
    md5sums: (await Promise.all(files.map(md5Line))).join(""),
    ...(settings.length > 0 && { conffiles: settings.map(({ path }) => `/${path}\n`).join("") }),
  };
  tar.entry({ ...owned("./", seconds), type: "directory", mode: 0o755 });
  for (const [name, text] of Object.entries(texts)) {
    tar.entry({ ...owned(`./${name}`, seconds), mode: 0o644 }, text);
  }
}

async function addFiles(tar: Pack, files: readonly BundleFile[], seconds: number): Promise<void> {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.add(folder);
  }
  for (const folder of ["", ...[...folders].sort()]) {
    const name = folder === "" ? "./" : `./${folder}/`;
    tar.entry({ ...owned(name, seconds), type: "directory", mode: 0o755 });
  }
  for (const { path, mode, size, place } of files) {
    const entry = tar.entry({ ...owned(`./${path}`, seconds), mode: packedMode(mode), size });
    await pipeline(createReadStream(place), entry);
  }
}

/** What a build left unreadable for others is of no use to them once it is root's. */
function packedMode(mode: number): number {
  return (mode & 0o111) === 0 ? 0o644 : 0o755;
}

function owned(name: string, seconds: number) {
  return { name, uid: 0, gid: 0, uname: "root", gname: "root", mtime: new Date(seconds * 1000) };
}

async function md5Line({ place, path }: BundleFile): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(place)) hash.update(chunk as Uint8Array);
  return `${hash.digest("hex")}  ${path}\n`;
}
