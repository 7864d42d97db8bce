// The local cache of zips, put together.
import { resolve } from "node:path";
import type { Log, Metrics } from "@stoa/telemetry";
import { openZipSpool } from "./adapters/disk-module-store/zip-spool.ts";
import { CachedZips } from "./adapters/zip-cache/cached-zips.ts";
import { ZipCache } from "./adapters/zip-cache/zip-cache.ts";
import type { ModuleStore } from "./domain/module-store.ts";

/** A folder that is this instance's own, and how much it may hold. */
export interface ZipCacheSettings {
  readonly folder: string;
  readonly mostBytes: number;
}

/** A store whose zips are cached; disposing of it leaves what is cached for the next start. */
export interface OpenedCachedZips extends AsyncDisposable {
  readonly store: Pick<ModuleStore, "open">;
}

/** Makes the folder if it is missing. Rejects with a sentence if nothing can be written there. */
export async function openCachedZips(
  { folder, mostBytes }: ZipCacheSettings,
  parts: {
    readonly store: Pick<ModuleStore, "open">;
    readonly log: Log;
    readonly metrics: Metrics;
  },
): Promise<OpenedCachedZips> {
  const { store, log, metrics } = parts;
  const place = resolve(folder);
  const cache = new ZipCache({
    folder: place,
    mostBytes,
    spool: await openZipSpool(place).catch((cause: unknown) => {
      throw new Error(
        `the cache of zips (ZipCache, STOA_ZIP_CACHE) cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }),
    trouble: (error) => log.warn("a zip could not be cached on this machine", { folder, error }),
  });
  const looks = metrics.counter(
    "stoa_zip_cache_lookups_total",
    "Kept zips that were asked for, by whether they were in the local cache.",
    ["result"],
  );
  metrics.collected(
    "stoa_zip_cache_bytes",
    "What the local cache of zips holds.",
    "gauge",
    () => cache.bytes,
  );
  const counts = {
    hit: () => looks.with({ result: "hit" }).inc(),
    miss: () => looks.with({ result: "miss" }).inc(),
  };
  return {
    store: new CachedZips(store, cache, counts),
    [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose](),
  };
}
