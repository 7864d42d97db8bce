// Makes the index tell of just what is kept.
import type { ModuleVersion } from "@stoa/gomod";
import type { FillMark } from "../domain/fill-mark.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import type { VersionCatalog } from "../domain/version-catalog.ts";
import type { IndexEntry, VersionIndex } from "../domain/version-index.ts";

const pageSize = 500;
const looksAtOnce = 32;

/** What a rebuilding needs. */
export interface IndexRebuildingParts {
  readonly store: Pick<ModuleStore, "open">;
  readonly catalog: VersionCatalog;
  readonly index: VersionIndex;
  readonly filling: FillMark;
}

/**
 * Adds what the index misses and removes what is not kept any more. Entries that are right keep their times: whoever reads
 * the feed has not read them anew. `looked` is told how many versions have been looked at. Resolves to the number of
 * entries that were removed. Rejects with the signal's reason, or `store_unavailable`; it may be begun again at any time.
 */
export async function rebuildIndex(
  { store, catalog, index, filling }: IndexRebuildingParts,
  looked: (versions: number) => void,
  signal: AbortSignal,
): Promise<{ readonly kept: number; readonly removed: number }> {
  let kept = 0;
  let token: string | undefined;
  do {
    signal.throwIfAborted();
    const { modules, next } = await catalog.page(token, pageSize);
    if (modules.length > 0) await index.add(modules);
    await filling.move(next);
    kept += modules.length;
    looked(kept);
    token = next;
  } while (token !== undefined);
  let removed = 0;
  for (let at = 0; ; ) {
    signal.throwIfAborted();
    const entries = await index.since(at, pageSize);
    const gone = await notKept(store, entries);
    await index.remove(gone);
    removed += gone.length;
    const [first, last] = [entries[0], entries.at(-1)];
    if (entries.length < pageSize || first === undefined || last === undefined) {
      return { kept, removed };
    }
    // Rows that Athens has written may share a time: those at the end of a page are looked at again with the next.
    at = last.atMicros > first.atMicros ? last.atMicros : last.atMicros + 1;
  }
}

async function notKept(
  store: Pick<ModuleStore, "open">,
  entries: readonly IndexEntry[],
): Promise<readonly ModuleVersion[]> {
  const gone: ModuleVersion[] = [];
  for (let from = 0; from < entries.length; from += looksAtOnce) {
    const some = entries.slice(from, from + looksAtOnce).map(({ module }) => module);
    const areKept = await Promise.all(some.map((module) => isKept(store, module)));
    gone.push(...some.filter((_, index) => areKept[index] !== true));
  }
  return gone;
}

async function isKept(store: Pick<ModuleStore, "open">, module: ModuleVersion): Promise<boolean> {
  await using info = await store.open(module, "info");
  return info !== undefined;
}
