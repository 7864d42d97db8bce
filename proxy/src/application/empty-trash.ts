// What is in the trash, brought back or let go of.
import type { ModuleVersion } from "@stoa/gomod";
import type { KeptHashes } from "../domain/kept-hashes.ts";
import type { ModuleUses } from "../domain/module-uses.ts";
import type { VersionIndex } from "../domain/version-index.ts";
import type { RestoreOutcome, TrashedVersion, VersionTrash } from "../domain/version-trash.ts";

export interface TrashParts {
  readonly trash: VersionTrash;
  readonly hashes: Pick<KeptHashes, "read" | "write">;
  readonly uses: Pick<ModuleUses, "versionsUsed">;
  readonly index: Pick<VersionIndex, "add"> | undefined;
}

/** Versions that were removed and are still there. */
export class TrashKeeping {
  readonly #parts: TrashParts;

  constructor(parts: TrashParts) {
    this.#parts = parts;
  }

  all(): AsyncIterable<TrashedVersion> {
    return this.#parts.trash.all();
  }

  /**
   * What `example.com/m`, all its versions, or `example.com/m@v1.0.0` stands for, each once, as it was removed last. Empty if
   * there is nothing of it.
   */
  async find(named: string): Promise<readonly TrashedVersion[]> {
    const found = new Map<string, TrashedVersion>();
    for await (const one of this.all()) {
      const name = nameOf(one.module);
      if (named === one.module.path || named === name) found.set(name, one);
    }
    return [...found.values()];
  }

  /** Brings a version back, with what was remembered of it. It counts as used now. */
  async restore({ id, module, hashes }: TrashedVersion): Promise<RestoreOutcome> {
    const outcome = await this.#parts.trash.restore(id);
    if (outcome !== "restored") return outcome;
    const known = await this.#parts.hashes.read(module);
    if (hashes !== undefined && known === undefined) await this.#parts.hashes.write(module, hashes);
    await this.#parts.uses.versionsUsed([module], new Date());
    await this.#parts.index?.add([module]);
    return outcome;
  }

  /** Lets go of what was removed before a time; tells how many versions. Rejects with the signal's reason. */
  async empty(before: Date, signal: AbortSignal): Promise<number> {
    let purged = 0;
    for await (const { id, at } of this.all()) {
      signal.throwIfAborted();
      if (at >= before) break; // the oldest come first
      await this.#parts.trash.purge(id);
      purged += 1;
    }
    return purged;
  }
}

function nameOf({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}
