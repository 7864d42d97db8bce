// A store whose zips are read from this machine where they are cached.
import type { ModuleVersion } from "@stoa/gomod";
import type { FileKind, ModuleStore, StoredFile } from "../../domain/module-store.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { CachedZip } from "./cached-zip.ts";
import type { ZipCache } from "./zip-cache.ts";
import type { ZipFill } from "./zip-fill.ts";

/** What is told of how the cache does. */
export interface ZipCacheCounts {
  readonly hit: () => void;
  readonly miss: () => void;
}

/**
 * The store says what there is; the cache spares the way of the bytes. When the store cannot be asked, what is cached is
 * given out all the same. A zip that is read from its beginning to its end is cached on the way. Trouble with the cache is
 * never the reader's: he gets the bytes from the store.
 */
export class CachedZips implements Pick<ModuleStore, "open"> {
  readonly #store: Pick<ModuleStore, "open">;
  readonly #cache: ZipCache;
  readonly #counts: ZipCacheCounts;

  constructor(store: Pick<ModuleStore, "open">, cache: ZipCache, counts: ZipCacheCounts) {
    this.#store = store;
    this.#cache = cache;
    this.#counts = counts;
  }

  async open(module: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined> {
    if (kind !== "zip") return this.#store.open(module, kind);
    const kept = await this.#store.open(module, kind).catch((failure: unknown) => {
      if (failure instanceof ProxyFailure && failure.code === "store_unavailable") return failure;
      throw failure;
    });
    if (kept === undefined) {
      await this.#cache.forget(module);
      return undefined;
    }
    const isAway = kept instanceof ProxyFailure;
    const cached = await this.#cache.find(module, isAway ? undefined : kept);
    if (cached === undefined) this.#counts.miss();
    else this.#counts.hit();
    if (isAway) {
      if (cached === undefined) throw kept;
      return cached;
    }
    if (cached !== undefined) return new BackedZip(cached, kept);
    return new FillingZip(kept, () => this.#cache.begin(module, kept));
  }
}

/** A cached zip; should it turn out that it cannot be read, the kept one is read from there on. */
class BackedZip implements StoredFile {
  readonly size: number;
  readonly modified: Date;
  readonly #kept: StoredFile;
  #cached: CachedZip | undefined;

  constructor(cached: CachedZip, kept: StoredFile) {
    this.#cached = cached;
    this.#kept = kept;
    this.size = kept.size;
    this.modified = kept.modified;
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    const wanted = Math.max(0, Math.min(into.length, this.size - position));
    const count = await this.#cached?.read(position, into).catch(() => undefined);
    if (count === wanted) return count;
    await this.#leaveCache();
    return this.#kept.read(position, into);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leaveCache();
    await this.#kept[Symbol.asyncDispose]();
  }

  async #leaveCache(): Promise<void> {
    const cached = this.#cached;
    this.#cached = undefined;
    await cached?.[Symbol.asyncDispose]().catch(() => undefined);
  }
}

/** A kept zip that is cached while it is read. */
class FillingZip implements StoredFile {
  readonly size: number;
  readonly modified: Date;
  readonly #kept: StoredFile;
  readonly #begin: () => ZipFill | undefined;
  #fill: ZipFill | undefined;

  constructor(kept: StoredFile, begin: () => ZipFill | undefined) {
    this.#kept = kept;
    this.#begin = begin;
    this.size = kept.size;
    this.modified = kept.modified;
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    const count = await this.#kept.read(position, into);
    if (position === 0) this.#fill ??= this.#begin();
    await this.#fill?.take(position, into.subarray(0, count));
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kept[Symbol.asyncDispose]();
    await this.#fill?.end();
  }
}
