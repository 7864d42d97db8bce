// What folders hold: remembered while they stay as they are, and never for longer.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FolderContents } from "./folder-contents.ts";

const longAgo = new Date("2024-05-06T07:08:09Z");

async function folderOf(context: TestContext, names: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-folder-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  for (let n = names; n > 0; n--) await mkdir(join(folder, `f${String(n).padStart(4, "0")}`));
  return folder;
}

test("folders are told in order, without those that begin with a dot; all else is a file", async (context) => {
  const folder = await folderOf(context, 3);
  await mkdir(join(folder, ".stoa"));
  await writeFile(join(folder, "go.mod"), "");
  await symlink(folder, join(folder, "link"));
  const { folders, files } = await new FolderContents().read(folder);
  assert.deepEqual(folders, ["f0001", "f0002", "f0003"]);
  assert.deepEqual([...files].sort(), ["go.mod", "link"]);
});

test("a large folder is read again when it has changed, and not before", async (context) => {
  const folder = await folderOf(context, 600);
  await utimes(folder, longAgo, longAgo);
  const contents = new FolderContents();
  assert.equal((await contents.read(folder)).folders.length, 600);
  await mkdir(join(folder, "new"));
  await utimes(folder, longAgo, longAgo); // as if nothing had happened
  assert.equal((await contents.read(folder)).folders.length, 600);
  await mkdir(join(folder, "newer"));
  assert.equal((await contents.read(folder)).folders.length, 602);
});

test("a large folder that has just changed is not remembered", async (context) => {
  const folder = await folderOf(context, 600);
  const { mtime } = await stat(folder);
  const contents = new FolderContents();
  assert.equal((await contents.read(folder)).folders.length, 600);
  await mkdir(join(folder, "at the same moment"));
  await utimes(folder, mtime, mtime);
  assert.equal((await contents.read(folder)).folders.length, 601);
});

test("a folder that is gone is none, also if it was remembered", async (context) => {
  const folder = await folderOf(context, 600);
  await utimes(folder, longAgo, longAgo);
  const contents = new FolderContents();
  await contents.read(folder);
  await rm(folder, { recursive: true });
  await assert.rejects(contents.read(folder), { code: "ENOENT" });
});
