// What is kept on disk, found by walking through its folders in order.
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
import { type FolderContent, FolderContents } from "./folder-contents.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";
import { fileName } from "./version-folder.ts";

/** How many folders are read side by side. */
const readAtOnce = 32;

/** Reads only the folders between the place of the token and the end of the page. */
export class DiskCatalog implements VersionCatalog {
  readonly #root: StorageRoot;
  readonly #contents = new FolderContents();

  constructor(root: StorageRoot) {
    this.#root = root;
  }

  async page(token: string | undefined, size: number): Promise<CatalogPage> {
    const after = token === undefined ? [] : parseCatalogToken(token);
    return this.#root.translating(async () => {
      const found: ModuleVersion[] = [];
      const { folders } = await this.#contents.read(this.#root.path);
      for await (const module of this.#versions([], folders, after)) {
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
    const start = first === undefined ? 0 : placeAmong(names, first);
    for (let from = start; from < names.length; from += readAtOnce) {
      const some = names.slice(from, from + readAtOnce);
      const contents = await Promise.all(some.map((name) => this.#read([...folder, name])));
      for (const [index, name] of some.entries()) {
        const { folders, files } = contents[index] ?? nothing;
        const isPassed = name === first;
        const module = isPassed ? undefined : wholeVersion(folder, name, files);
        if (module !== undefined) yield module;
        yield* this.#versions([...folder, name], folders, isPassed ? rest : []);
      }
    }
  }

  async #read(place: CatalogPlace): Promise<FolderContent> {
    try {
      return await this.#contents.read(join(this.#root.path, ...place));
    } catch (failure) {
      if (hasCode(failure, "ENOENT", "ENOTDIR")) return nothing;
      throw failure;
    }
  }
}

const nothing: FolderContent = { folders: [], files: new Set() };

/** Where a name stands among sorted ones, or would stand. */
function placeAmong(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The version whose folder this is, if it is one and has all three files. */
function wholeVersion(
  folder: CatalogPlace,
  version: string,
  files: ReadonlySet<string>,
): ModuleVersion | undefined {
  const path = folder.join("/");
  if (!isVersion(version) || !isModulePath(path)) return undefined;
  const module = { path, version };
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
