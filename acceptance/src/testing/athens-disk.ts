// Athens' disk storage as Athens itself writes and reads it, rule by rule; written anew from what it is known to do.
// Authority: gomods/athens, pkg/storage/fs.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { entriesBelow } from "./live-folder.ts";

/** Saves in place, as Athens does: go.mod, then the zip, then the info; directories 0777, files 0666 without the umask. */
export async function athensSaves(root: string, { module, mod, zip, info }: ModuleFixture) {
  const folder = join(root, module.path, module.version);
  await mkdir(folder, { recursive: true, mode: 0o777 });
  await writeFile(join(folder, "go.mod"), mod, { mode: 0o666 });
  await writeFile(join(folder, "source.zip"), zip, { mode: 0o666 });
  await writeFile(join(folder, `${module.version}.info`), info, { mode: 0o666 });
}

/** Whether Athens takes a version for saved: its directory has exactly three entries. */
export async function athensHas(root: string, path: string, version: string): Promise<boolean> {
  const names = await readdir(join(root, path, version)).catch(() => []);
  return names.length === 3;
}

/** The versions that Athens lists: directories whose name begins with its own canonical form; whole or not. */
export async function athensLists(root: string, path: string): Promise<string[]> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && /^v\d+\.\d+\.\d+/.test(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** What Athens answers with: any file that can be opened. */
export async function athensReads(
  root: string,
  path: string,
  version: string,
): Promise<{ readonly info: Buffer; readonly mod: Buffer; readonly zip: Buffer }> {
  const folder = join(root, path, version);
  const [info, mod, zip] = await Promise.all(
    [`${version}.info`, "go.mod", "source.zip"].map((name) => readFile(join(folder, name))),
  );
  return { info: info!, mod: mod!, zip: zip! };
}

/** What Athens' catalog tells: it walks through everything below the root and counts names that end in `.info`. */
export async function athensCatalog(root: string): Promise<string[]> {
  const entries = await entriesBelow(root);
  return entries
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith(".info"))
    .map((entry) => {
      const folder = relative(root, entry.parentPath).split(sep).join("/");
      return `${folder.slice(0, folder.lastIndexOf("/"))}@${basename(entry.parentPath)}`;
    })
    .sort();
}
