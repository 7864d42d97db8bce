// Whole module versions for tests, written as text.

import { parseModulePath } from "../module-path.ts";
import { checkModuleVersion, type ModuleVersion } from "../module-version.ts";
import { parseVersion } from "../version.ts";
import { writeModuleZip } from "../zip/zip-writer.ts";
import { parseTextArchive } from "./text-archive.ts";

/** A module version with the three files that a proxy serves for it. */
export interface ModuleFixture {
  readonly module: ModuleVersion;
  readonly info: Uint8Array;
  readonly mod: Uint8Array;
  readonly zip: Uint8Array;
}

const defaultTime = "2020-01-02T03:04:05Z";

/**
 * Makes a module version from a text archive whose comment begins with a line like `module example.com/a@v1.0.0`.
 * The files `.info` and `.mod` are served as they are; without them the info names the version and a fixed time, and the
 * mod is the root go.mod or, without one, the line `module <path>`. All other files make up the zip, by the rules of
 * module zips: those in `vendor` or in nested modules are left out. Throws where the text describes no module.
 */
export async function moduleFixture(text: string): Promise<ModuleFixture> {
  const archive = parseTextArchive(text);
  const module = moduleIn(archive.comment);
  const contentOf = (name: string): string | undefined =>
    archive.files.find((file) => file.name === name)?.content;

  const info =
    contentOf(".info") ?? `${JSON.stringify({ Version: module.version, Time: defaultTime })}`;
  const mod = contentOf(".mod") ?? contentOf("go.mod") ?? `module ${module.path}\n`;
  const files = archive.files
    .filter((file) => file.name !== ".info" && file.name !== ".mod")
    .map((file) => {
      const bytes = Buffer.from(file.content);
      const read = () => [bytes];
      return { path: file.name, kind: "regular" as const, sizeBytes: bytes.length, read };
    });
  const chunks = await Array.fromAsync(writeModuleZip(module, files));
  return { module, info: Buffer.from(info), mod: Buffer.from(mod), zip: Buffer.concat(chunks) };
}

/** Several fixtures at once, in the same order. */
export function fixturesFrom(texts: readonly string[]): Promise<ModuleFixture[]> {
  return Promise.all(texts.map(moduleFixture));
}

function moduleIn(comment: string): ModuleVersion {
  const [, path, version] = /^module (\S+)@(\S+)$/m.exec(comment) ?? [];
  if (path === undefined || version === undefined) {
    throw new Error("A module fixture begins with a line like: module example.com/a@v1.0.0");
  }
  const module = { path: parseModulePath(path), version: parseVersion(version) };
  checkModuleVersion(module.path, module.version);
  return module;
}
