// Versions leave the store without anybody having named them: by retention, or to make room.
import type { ModuleVersion } from "@stoa/gomod";
import type { LooseFiles } from "../domain/loose-files.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import type { ModuleUses } from "../domain/module-uses.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { StoreRemoval } from "../domain/store-removal.ts";
import { readStored } from "../domain/stored-delivery.ts";
import type { VersionIndex } from "../domain/version-index.ts";
import type { VersionTrash } from "../domain/version-trash.ts";

export interface RetirementParts {
  readonly store: Pick<ModuleStore, "open">;
  readonly loose: Pick<LooseFiles, "write">;
  readonly removal: Pick<StoreRemoval, "remove">;
  /** Without it what leaves is gone. */
  readonly trash: Pick<VersionTrash, "discard"> | undefined;
  readonly index: Pick<VersionIndex, "remove"> | undefined;
  readonly uses: Pick<ModuleUses, "forgetVersion">;
}

/** Whichever way a version leaves, its hashes stay remembered: what comes again must be the same. */
export class VersionRetirement {
  readonly #parts: RetirementParts;

  constructor(parts: RetirementParts) {
    this.#parts = parts;
  }

  /** Into the trash, if there is one; the index forgets it. */
  async retire(module: ModuleVersion, isRefetchable: boolean): Promise<void> {
    const { removal, trash, index, uses } = this.#parts;
    if (trash === undefined) await removal.remove(module);
    else await trash.discard(module, { isRefetchable });
    await index?.remove([module]);
    await uses.forgetVersion(module);
  }

  /** Its zip goes for good. The small files stay, so that go commands that only read them notice nothing. */
  async evict(module: ModuleVersion): Promise<void> {
    const { store, loose, removal } = this.#parts;
    const papers = await Promise.all(
      (["info", "mod"] as const).map(async (kind) => {
        await using file = await store.open(module, kind);
        return file && { kind, bytes: await readStored(file) };
      }),
    );
    await removal.remove(module);
    for (const paper of papers) {
      // Where even this has no room, they are fetched again.
      if (paper !== undefined) await loose.write(module, paper.kind, paper.bytes).catch(unlessFull);
    }
  }
}

function unlessFull(failure: unknown): void {
  if (!(failure instanceof ProxyFailure) || failure.code !== "store_unavailable") throw failure;
}
