// The module store in a folder on disk, in Athens' layout.
import { readdir, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  isVersion,
  type ModulePath,
  type ModuleVersion,
  matchesPathMajor,
  splitPathVersion,
  type Version,
} from "@stoa/gomod";
import { isSameFile, removedMeanwhile } from "../../domain/altered-module.ts";
import type { FileKind, ModuleFiles, ModuleStore, StagedZip } from "../../domain/module-store.ts";
import { readableBytes } from "../../domain/same-bytes.ts";
import { type DurableDisk, whenAllEnded } from "./durable-disk.ts";
import type { IncomingFolder } from "./incoming-folder.ts";
import { removeFolder, StagedDiskZip } from "./staged-disk-zip.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";
import { StoredDiskFile } from "./stored-disk-file.ts";
import { fileName, moduleFolder, versionFolder } from "./version-folder.ts";
import type { VersionPlacing } from "./version-placing.ts";
import type { WholeVersions } from "./whole-versions.ts";

/** How many versions of a module are looked at side by side when they are listed. */
const lookedAtOnce = 32;

/** How often a version is put in its place that was taken, and was free again when it was looked at. */
const placedAgain = 5;

/** What the store is made of. */
export interface DiskModuleStoreParts {
  readonly root: StorageRoot;
  readonly disk: DurableDisk;
  readonly incoming: IncomingFolder;
  readonly whole: WholeVersions;
  readonly placing: VersionPlacing;
}

export class DiskModuleStore implements ModuleStore {
  readonly #parts: DiskModuleStoreParts;

  constructor(parts: DiskModuleStoreParts) {
    this.#parts = parts;
  }

  async open(module: ModuleVersion, kind: FileKind): Promise<StoredDiskFile | undefined> {
    const { root, whole } = this.#parts;
    const wasWhole = whole.remembers(module);
    if (wasWhole || (await whole.isOnDisk(module))) {
      const path = join(versionFolder(root.path, module), fileName(module, kind));
      const file = await StoredDiskFile.open(path, root);
      if (file !== undefined) {
        if (!wasWhole) whole.remember(module);
        return file;
      }
      whole.forget(module);
    }
    await root.requirePresent();
    return undefined;
  }

  async versions(path: ModulePath): Promise<readonly Version[]> {
    const candidates = await this.#candidates(path);
    const versions: Version[] = [];
    for (let from = 0; from < candidates.length; from += lookedAtOnce) {
      const some = candidates.slice(from, from + lookedAtOnce);
      const areWhole = await Promise.all(some.map((version) => this.#isWhole({ path, version })));
      versions.push(...some.filter((_, index) => areWhole[index]));
    }
    return versions;
  }

  stage(): Promise<StagedZip> {
    const { root, disk, incoming } = this.#parts;
    return StagedDiskZip.begin(incoming.newPath(), root, disk);
  }

  async put(module: ModuleVersion, { zip, ...files }: ModuleFiles): Promise<void> {
    if (!(zip instanceof StagedDiskZip)) throw new Error("the zip was staged in another store");
    zip.take();
    try {
      await this.#parts.root.translating(() => this.#keep(module, { ...files, zip }));
    } finally {
      await removeFolder(zip.folder);
    }
    this.#parts.whole.remember(module);
  }

  /** Writes a byte, for nothing else tells whether bytes can be written. */
  async check(): Promise<void> {
    const probe = this.#parts.incoming.newPath();
    await this.#parts.root.translating(async () => {
      try {
        await writeFile(probe, "?", { flag: "wx" });
      } finally {
        await unlink(probe).catch(() => undefined);
      }
    });
  }

  /** The names in a module's folder that can be versions of it. */
  async #candidates(path: ModulePath): Promise<readonly Version[]> {
    const { root } = this.#parts;
    try {
      const names = await readdir(moduleFolder(root.path, path));
      const pathMajor = splitPathVersion(path)?.pathMajor ?? "";
      return names
        .filter((name) => isVersion(name))
        .filter((version) => matchesPathMajor(version, pathMajor));
    } catch (failure) {
      if (!hasCode(failure, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) throw root.translate(failure);
      await root.requirePresent();
      return [];
    }
  }

  async #isWhole(module: ModuleVersion): Promise<boolean> {
    return this.#parts.whole.remembers(module) || this.#parts.whole.isOnDisk(module);
  }

  async #keep(
    module: ModuleVersion,
    { info, mod, zip, sound }: ModuleFiles & { readonly zip: StagedDiskZip },
  ): Promise<void> {
    const { disk, placing } = this.#parts;
    const unnamedInfo = join(zip.folder, "info");
    // Flushing takes about as long as checking, and needs other parts of the machine.
    await whenAllEnded([
      sound,
      zip.durable(),
      disk.write(join(zip.folder, fileName(module, "mod")), mod),
      disk.write(unnamedInfo, info),
    ]);
    // Only now, see StorageRoot on names that end in .info.
    await rename(unnamedInfo, join(zip.folder, fileName(module, "info")));
    for (let time = 0; time < placedAgain; time += 1) {
      if ((await placing.place(zip.folder, module)) === "placed") return;
      // What is in the place may be removed while it is compared; the staged files are all there still.
      const isThere =
        (await isSameFile(this, module, "mod", readableBytes(mod))) &&
        (await isSameFile(this, module, "zip", zip));
      if (isThere) return;
    }
    throw removedMeanwhile(module);
  }
}
