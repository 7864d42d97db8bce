// Looking through a storage folder.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { escapePath, escapeVersion, type ModuleVersion } from "@stoa/gomod";
import type { BytesPlace } from "../../domain/module-store.ts";
import type { StoreInspection } from "../../domain/store-inspection.ts";
import type { DurableDisk } from "./durable-disk.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";
import { fileName, moduleVersionOf, versionFolder } from "./version-folder.ts";
import type { WholeVersions } from "./whole-versions.ts";

/** Withdrawn versions lie under `.stoa/quarantine/<escaped path>/<escaped version>@<random>/`. */
export class DiskStoreInspection implements StoreInspection {
  readonly #root: StorageRoot;
  readonly #disk: DurableDisk;
  readonly #whole: WholeVersions;

  constructor(root: StorageRoot, disk: DurableDisk, whole: WholeVersions) {
    this.#root = root;
    this.#disk = disk;
    this.#whole = whole;
  }

  versions(): AsyncIterable<ModuleVersion> {
    return this.#below("");
  }

  async zip(module: ModuleVersion): Promise<BytesPlace | undefined> {
    if (!(await this.#whole.isOnDisk(module))) return undefined;
    return {
      kind: "file",
      path: join(versionFolder(this.#root.path, module), fileName(module, "zip")),
    };
  }

  withdraw(module: ModuleVersion): Promise<string> {
    return this.#root.translating(async () => {
      const from = versionFolder(this.#root.path, module);
      const to = join(
        this.#root.quarantine,
        escapePath(module.path),
        `${escapeVersion(module.version)}@${randomBytes(4).toString("hex")}`,
      );
      await mkdir(to, { recursive: true });
      // The info first: without it the version is not whole. There are names for which the folder must stay.
      for (const kind of ["info", "zip", "mod"] as const) {
        await rename(join(from, fileName(module, kind)), join(to, kind));
      }
      await this.#disk.syncAll([from, to]);
      this.#whole.forget(module);
      return to;
    });
  }

  /** The versions in the folders below one; the folder of a version may hold those of longer paths. */
  async *#below(relative: string): AsyncGenerator<ModuleVersion> {
    for (const name of await this.#folders(relative)) {
      const inside = relative === "" ? name : `${relative}/${name}`;
      const module = moduleVersionOf(relative, name);
      if (module !== undefined && (await this.#whole.isOnDisk(module))) yield module;
      yield* this.#below(inside);
    }
  }

  async #folders(relative: string): Promise<readonly string[]> {
    try {
      const entries = await readdir(join(this.#root.path, relative), { withFileTypes: true });
      return entries
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
        .map(({ name }) => name);
    } catch (failure) {
      if (!hasCode(failure, "ENOENT")) throw this.#root.translate(failure);
      await this.#root.requirePresent();
      return [];
    }
  }
}
