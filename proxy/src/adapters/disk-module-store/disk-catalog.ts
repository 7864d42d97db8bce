// What is kept on disk, found by walking through its folders in order.
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  checkModuleVersion,
  InvalidText,
  isModulePath,
  isVersion,
  type ModuleVersion,
} from "@stoa/gomod";
import { type CatalogPlace, catalogPage, parseCatalogToken } from "../../domain/catalog-order.ts";
import type { CatalogPage, VersionCatalog } from "../../domain/version-catalog.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";
import { fileName } from "./version-folder.ts";

/** How many folders are read side by side. */
const readAtOnce = 32;

/** Reads only the folders between the place of the token and the end of the page. */
export class DiskCatalog implements VersionCatalog {
  readonly #root: StorageRoot;

  constructor(root: StorageRoot) {
    this.#root = root;
  }

  async page(token: string | undefined, size: number): Promise<CatalogPage> {
    const after = token === undefined ? [] : parseCatalogToken(token);
    return this.#root.translating(async () => {
      const found: ModuleVersion[] = [];
      const names = foldersIn(await readdir(this.#root.path, { withFileTypes: true }));
      for await (const module of this.#versions([], names, after)) {
        found.push(module);
        if (found.length > size) break;
      }
      return catalogPage(found, size);
    });
  }

  /** The versions below a folder that stand behind `after`, which is relative to the folder. */
  async *#versions(
    folder: CatalogPlace,
    names: readonly string[],
    after: CatalogPlace,
  ): AsyncGenerator<ModuleVersion> {
    const [first, ...rest] = after;
    const left = first === undefined ? names : names.filter((name) => name >= first);
    for (let from = 0; from < left.length; from += readAtOnce) {
      const some = left.slice(from, from + readAtOnce);
      const contents = await Promise.all(some.map((name) => this.#read([...folder, name])));
      for (const [index, name] of some.entries()) {
        const entries = contents[index] ?? [];
        const isPassed = name === first;
        const module = isPassed ? undefined : wholeVersion(folder, name, entries);
        if (module !== undefined) yield module;
        yield* this.#versions([...folder, name], foldersIn(entries), isPassed ? rest : []);
      }
    }
  }

  async #read(place: CatalogPlace): Promise<readonly Dirent[]> {
    try {
      return await readdir(join(this.#root.path, ...place), { withFileTypes: true });
    } catch (failure) {
      if (hasCode(failure, "ENOENT", "ENOTDIR")) return [];
      throw failure;
    }
  }
}

/** No element of a module path begins with a dot. Links are not followed, for they may lead in a circle. */
function foldersIn(entries: readonly Dirent[]): readonly string[] {
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .sort();
}

/** The version whose folder this is, if it is one and has all three files. */
function wholeVersion(
  folder: CatalogPlace,
  version: string,
  entries: readonly Dirent[],
): ModuleVersion | undefined {
  const path = folder.join("/");
  if (!isVersion(version) || !isModulePath(path)) return undefined;
  const module = { path, version };
  const files = new Set(entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name));
  const isWhole = (["info", "mod", "zip"] as const).every((kind) =>
    files.has(fileName(module, kind)),
  );
  return isWhole && belongs(module) ? module : undefined;
}

function belongs({ path, version }: ModuleVersion): boolean {
  try {
    checkModuleVersion(path, version);
    return true;
  } catch (failure) {
    if (failure instanceof InvalidText) return false;
    throw failure;
  }
}
