// The hashes of kept versions on disk, as go.sum writes them.
import { readFile, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { escapePath, escapeVersion, type ModuleVersion } from "@stoa/gomod";
import {
  formatHashEntry,
  type HashEntry,
  type KeptHashes,
  parseHashEntry,
} from "../../domain/kept-hashes.ts";
import type { DurableDisk } from "./durable-disk.ts";
import type { IncomingFolder } from "./incoming-folder.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";

/**
 * A file lies at `.stoa/hashes/<escaped path>/<escaped version>@h1`, named as loose files are. What it holds: see
 * `formatHashEntry`.
 */
export class DiskKeptHashes implements KeptHashes {
  readonly #root: StorageRoot;
  readonly #disk: DurableDisk;
  readonly #incoming: IncomingFolder;

  constructor(root: StorageRoot, disk: DurableDisk, incoming: IncomingFolder) {
    this.#root = root;
    this.#disk = disk;
    this.#incoming = incoming;
  }

  async read(module: ModuleVersion): Promise<HashEntry | undefined> {
    try {
      return parseHashEntry(await readFile(this.#place(module), "utf8"), module);
    } catch (failure) {
      if (!hasCode(failure, "ENOENT", "ENOTDIR", "ENAMETOOLONG"))
        throw this.#root.translate(failure);
      await this.#root.requirePresent();
      return undefined;
    }
  }

  write(module: ModuleVersion, entry: HashEntry): Promise<void> {
    return this.#root.translating(async () => {
      const place = this.#place(module);
      const temporary = this.#incoming.newPath();
      try {
        await this.#disk.write(temporary, Buffer.from(formatHashEntry(entry, module)));
        await this.#disk.makeFolders(this.#root.hashes, dirname(place));
        await rename(temporary, place);
      } catch (failure) {
        await unlink(temporary).catch(() => undefined);
        throw failure;
      }
      await this.#disk.syncFolder(dirname(place));
    });
  }

  #place({ path, version }: ModuleVersion): string {
    return join(this.#root.hashes, escapePath(path), `${escapeVersion(version)}@h1`);
  }
}
