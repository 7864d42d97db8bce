// Loose .info and .mod files on disk.
import { readFile, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { escapePath, escapeVersion, type ModuleVersion } from "@stoa/gomod";
import type { LooseFiles, LooseKind } from "../../domain/loose-files.ts";
import { type DurableDisk, makeMissingFolders, whenAllEnded } from "./durable-disk.ts";
import type { IncomingFolder } from "./incoming-folder.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";

/**
 * A file lies at `.stoa/loose/<escaped path>/<escaped version>@<kind>`. The at sign cannot occur in a path, so a file
 * never takes the place of a folder; the kind comes last because a version may end in `.info`; escaped names differ
 * also where capitals do not count. A power cut may take the name of a file, which is then fetched again, but never a
 * part of what is behind a name.
 */
export class DiskLooseFiles implements LooseFiles {
  readonly #root: StorageRoot;
  readonly #disk: DurableDisk;
  readonly #incoming: IncomingFolder;

  constructor(root: StorageRoot, disk: DurableDisk, incoming: IncomingFolder) {
    this.#root = root;
    this.#disk = disk;
    this.#incoming = incoming;
  }

  async read(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#place(module, kind));
    } catch (failure) {
      if (!isAbsence(failure)) throw this.#root.translate(failure);
      await this.#root.requirePresent();
      return undefined;
    }
  }

  write(module: ModuleVersion, kind: LooseKind, bytes: Uint8Array): Promise<void> {
    return this.#root.translating(async () => {
      const place = this.#place(module, kind);
      const temporary = this.#incoming.newPath();
      try {
        await whenAllEnded([
          this.#disk.write(temporary, bytes),
          makeMissingFolders(this.#root.loose, dirname(place)),
        ]);
        await this.#disk.claimName(temporary, place);
      } finally {
        await unlink(temporary).catch(() => undefined);
      }
    });
  }

  async remove(module: ModuleVersion): Promise<void> {
    let isAnyAbsent = false;
    const removing = (["info", "mod"] as const).map(async (kind) => {
      await unlink(this.#place(module, kind)).catch((failure: unknown) => {
        if (!isAbsence(failure)) throw failure;
        isAnyAbsent = true;
      });
    });
    await this.#root.translating(() => whenAllEnded(removing));
    if (isAnyAbsent) await this.#root.requirePresent();
  }

  #place(module: ModuleVersion, kind: LooseKind): string {
    return join(
      this.#root.loose,
      escapePath(module.path),
      `${escapeVersion(module.version)}@${kind}`,
    );
  }
}

function isAbsence(failure: unknown): boolean {
  return hasCode(failure, "ENOENT", "ENOTDIR", "ENAMETOOLONG");
}
