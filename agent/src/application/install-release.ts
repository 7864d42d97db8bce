// Brings the files of a revision onto the disk: all of them, or none.
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import {
  programProblem,
  type Revision,
  type RevisionFile,
  revisionId,
  shortId,
} from "@stoa/deployment";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { ServiceParts } from "./service-parts.ts";

/** What must stay free for everybody else on the machine. */
const reserveBytes = 16 << 20;
const reserveFiles = 100;
const headBytes = 64;

/**
 * Makes `releases/<id>` hold the files of a revision, read-only. Everything is fetched and checked aside, made durable,
 * and then moved into its place in one step; what is in that place is whole. May be repeated at any time.
 */
export async function installRelease(
  parts: ServiceParts,
  revision: Revision,
  signal?: AbortSignal,
): Promise<string> {
  const { disk, layout, failpoint } = parts;
  const id = revisionId(revision);
  const place = join(layout.releases, id);
  if ((await disk.look(place)) !== undefined) return place;
  checkFits(parts, revision);
  await checkRoom(parts, revision);
  for (const file of revision.files) {
    await fetchBlob(parts, file, signal);
    await failpoint("blob-fetched");
  }
  const staging = join(layout.staging, id);
  await disk.remove(staging);
  await stage(parts, revision, staging);
  await disk.settle(staging);
  await failpoint("files-staged");
  await disk.makeFolder(layout.releases);
  await disk.rename(staging, place);
  await disk.setMode(place, 0o555);
  await failpoint("release-renamed");
  return place;
}

/** Puts one file of a release back as it was. */
export async function restoreFile(
  parts: ServiceParts,
  release: string,
  file: RevisionFile,
): Promise<void> {
  const { disk, layout } = parts;
  await fetchBlob(parts, file);
  const folder = join(release, dirname(file.path));
  const aside = join(layout.staging, `${file.sha256}.file`);
  await disk.makeFolder(layout.staging);
  await disk.remove(aside);
  await disk.create(aside, checked(disk.chunks(blobPath(parts, file)), file), readOnly(file.mode));
  if ((await disk.look(folder))?.kind !== "folder") await disk.remove(folder);
  await disk.makeFolder(folder);
  await disk.setMode(folder, 0o755);
  const found = await disk.look(join(release, file.path));
  if (found?.kind === "folder") await disk.remove(join(release, file.path));
  await disk.rename(aside, join(release, file.path));
  await disk.setMode(folder, 0o555);
}

/** The permission bits of a file that nobody should change. */
export function readOnly(mode: number): number {
  return (mode & 0o555) | 0o444;
}

function checkFits({ machine }: ServiceParts, revision: Revision): void {
  if (revision.arch === machine.arch) return;
  throw new AgentFailure(
    "refused_revision",
    `${nameOf(revision)} is built for ${revision.arch}, and this machine is ${machine.arch}; build it for linux/${machine.arch}`,
  );
}

/** Twice the size: once as blobs, from which files are repaired, and once as the release. */
async function checkRoom({ disk, layout }: ServiceParts, revision: Revision): Promise<void> {
  await disk.makeFolder(layout.folder);
  const { bytes, files } = await disk.room(layout.folder);
  const needed = 2 * revision.files.reduce((sum, { size }) => sum + size, 0) + reserveBytes;
  if (bytes >= needed && files >= 2 * revision.files.length + reserveFiles) return;
  throw new AgentFailure(
    "disk_full",
    bytes < needed
      ? noRoomFor(layout.folder, needed, bytes)
      : `there is no room for its files in ${layout.folder}: the file system has too few inodes left; remove some files there and deploy again, nothing was touched`,
  );
}

/** What is said where so many bytes are needed and fewer are free. */
export function noRoomFor(folder: string, needed: number, free: number): string {
  const [all, some] = [Math.ceil(needed / (1 << 20)), Math.floor(free / (1 << 20))];
  return `there is no room for its files in ${folder}: ${all} MiB are needed and ${some} are free; free ${all - some} MiB there and deploy again, nothing was touched`;
}

/** What has arrived and was right is kept by its digest; a download that breaks off leaves nothing. */
async function fetchBlob(
  parts: ServiceParts,
  file: RevisionFile,
  signal?: AbortSignal,
): Promise<void> {
  const { disk, source, blobsFolder } = parts;
  const path = blobPath(parts, file);
  if (await isIntact(parts, path, file)) return;
  const bytes = await source.open(`blobs/sha256/${file.sha256}`, signal);
  if (bytes === undefined) {
    throw new AgentFailure(
      "refused_revision",
      `the store has no blob ${shortId(file.sha256)} for ${file.path}; deploy the revision again`,
    );
  }
  const aside = `${path}.new`;
  await disk.makeFolder(blobsFolder);
  await disk.remove(aside);
  await disk.create(aside, checked(bytes, file), 0o444);
  await disk.rename(aside, path);
}

async function isIntact(
  { disk }: ServiceParts,
  path: string,
  file: RevisionFile,
): Promise<boolean> {
  const found = await disk.look(path);
  if (found?.kind !== "file" || found.size !== file.size) return false;
  const hash = createHash("sha256");
  for await (const chunk of disk.chunks(path)) hash.update(chunk);
  return hash.digest("hex") === file.sha256;
}

/** The same bytes; fails before more of them arrive than there should be, and at the end if they are others. */
async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  { path, size, sha256 }: RevisionFile,
): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > size) throw altered(path, `more than the ${size} bytes it should have`);
    hash.update(chunk);
    yield chunk;
  }
  if (bytes < size) {
    // A transfer that broke off without a word looks like this; the next one may be whole.
    throw new AgentFailure(
      "source_unavailable",
      `only ${bytes} of the ${size} bytes of ${path} arrived`,
    );
  }
  if (hash.digest("hex") !== sha256) throw altered(path, "other bytes than the revision names");
}

function altered(path: string, what: string): AgentFailure {
  return new AgentFailure(
    "refused_revision",
    `the store has ${what} for ${path}; somebody has altered it: deploy the revision again`,
  );
}

async function stage(parts: ServiceParts, revision: Revision, staging: string): Promise<void> {
  const { disk } = parts;
  const folders = new Set<string>();
  for (const file of revision.files) {
    for (let folder = dirname(file.path); folder !== "."; folder = dirname(folder))
      folders.add(folder);
    const to = join(staging, file.path);
    await disk.makeFolder(dirname(to));
    await disk.create(to, checked(disk.chunks(blobPath(parts, file)), file), readOnly(file.mode));
  }
  if (revision.run !== undefined)
    await checkEntry(parts, revision, join(staging, revision.run.entry));
  for (const folder of folders) await disk.setMode(join(staging, folder), 0o555);
}

/** A program of another machine would fail with a word that says nothing (`ENOEXEC`, or even `ENOENT`). */
async function checkEntry(
  { disk, machine }: ServiceParts,
  revision: Revision,
  entry: string,
): Promise<void> {
  const head = await firstBytes(disk.chunks(entry));
  const problem = programProblem(head, machine.arch);
  if (problem === undefined) return;
  throw new AgentFailure(
    "refused_revision",
    `${revision.run?.entry} of ${nameOf(revision)} ${problem}`,
  );
}

/** The beginning of a file. */
export async function firstBytes(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for await (const chunk of chunks) return chunk.subarray(0, headBytes);
  return new Uint8Array();
}

function blobPath({ blobsFolder }: ServiceParts, { sha256 }: RevisionFile): string {
  return join(blobsFolder, sha256);
}

function nameOf({ service, version }: Revision): string {
  return `${service} ${version}`;
}
