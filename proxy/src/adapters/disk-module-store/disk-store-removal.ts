// Taking versions out of a storage folder for good.
import { readdir, rmdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  escapePath,
  InvalidText,
  isVersion,
  type ModulePath,
  type ModuleVersion,
  unescapeVersion,
  type Version,
} from "@stoa/gomod";
import type { StoreRemoval, VersionTraces } from "../../domain/store-removal.ts";
import type { RecentLooseFiles } from "./recent-loose-files.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";
import { fileName, moduleFolder, moduleVersionOf, versionFolder } from "./version-folder.ts";
import type { WholeVersions } from "./whole-versions.ts";

const kinds = ["info", "zip", "mod"] as const;

/** What lies beside a version, by the end of its file's name. */
const besides = { "@info": "loose info", "@mod": "loose mod" } as const;

type Beside = VersionTraces["beside"][number];

export class DiskStoreRemoval implements StoreRemoval {
  readonly #root: StorageRoot;
  readonly #whole: WholeVersions;
  readonly #loose: Pick<RecentLooseFiles, "settle" | "remove">;

  constructor(
    root: StorageRoot,
    whole: WholeVersions,
    loose: Pick<RecentLooseFiles, "settle" | "remove">,
  ) {
    this.#root = root;
    this.#whole = whole;
    this.#loose = loose;
  }

  traces(path: ModulePath): Promise<readonly VersionTraces[]> {
    return this.#root.translating(async () => {
      await this.#loose.settle();
      const beside = await this.#beside(path);
      const folders = await namesIn(moduleFolder(this.#root.path, path));
      const versions = folders.flatMap((name) => moduleVersionOf(path, name)?.version ?? []);
      const all = new Set([...versions, ...beside.keys()]);
      const traces: VersionTraces[] = [];
      for (const version of all) {
        const bytes = await this.#bytes({ path, version });
        const isWhole = await this.#whole.isOnDisk({ path, version });
        const state = isWhole ? "whole" : bytes === undefined ? "absent" : "torn";
        const others = beside.get(version) ?? [];
        if (state === "absent" && others.length === 0) continue; // the folder of longer paths
        traces.push({ version, state, beside: others, bytes: bytes ?? 0 });
      }
      return traces;
    });
  }

  remove(module: ModuleVersion): Promise<void> {
    return this.#root.translating(async () => {
      const from = versionFolder(this.#root.path, module);
      // The info first: without it the version is not whole. A full disk stands against none of it.
      for (const kind of kinds) await unlessAbsent(unlink(join(from, fileName(module, kind))));
      this.#whole.forget(module);
      // There are names for which the folder must stay: it holds those of longer paths.
      await rmdir(from).catch(() => undefined);
      await this.#loose.remove(module);
    });
  }

  /** How much the files of a version take; `undefined` if there is none. */
  async #bytes(module: ModuleVersion): Promise<number | undefined> {
    const folder = versionFolder(this.#root.path, module);
    const sizes = await Promise.all(
      kinds.map((kind) => unlessAbsent(stat(join(folder, fileName(module, kind))))),
    );
    const there = sizes.filter((found) => found !== undefined);
    return there.length === 0 ? undefined : there.reduce((sum, { size }) => sum + size, 0);
  }

  async #beside(path: ModulePath): Promise<ReadonlyMap<Version, readonly Beside[]>> {
    const found = new Map<Version, readonly Beside[]>();
    for (const name of await namesIn(join(this.#root.loose, escapePath(path)))) {
      const at = name.lastIndexOf("@");
      const what = besides[name.slice(at) as keyof typeof besides];
      const version = unescaped(name.slice(0, at));
      if (what === undefined || version === undefined) continue;
      found.set(version, [...(found.get(version) ?? []), what]);
    }
    return found;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await unlessAbsent(readdir(folder))) ?? [];
}

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (failure) {
    if (hasCode(failure, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return undefined;
    throw failure;
  }
}

function unescaped(name: string): Version | undefined {
  try {
    const version = unescapeVersion(name);
    return isVersion(version) ? version : undefined;
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}
