// Receive, check, keep: how the bytes of a version enter the store, wherever they come from.
import { hashGoMod, type ModuleVersion } from "@stoa/gomod";
import { maxZipBytes } from "@stoa/gomod/zip";
import type { VersionHashes } from "../domain/checksums.ts";
import type { HashEntry } from "../domain/kept-hashes.ts";
import type { ModuleStore, StagedZip } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { readStored, storedDelivery } from "../domain/stored-delivery.ts";
import type { ZipDelivery } from "../domain/upstream.ts";
import { requireSameGoMod, type ZipCheck } from "../domain/zip-check.ts";
import { gathered } from "./gather-chunks.ts";
import { SpareBuffers } from "./spare-buffers.ts";

/** What is appended at once. */
const pieceBytes = 128 * 1024;
const pieces = new SpareBuffers(pieceBytes, 8);

/** What it takes to keep a version. */
export interface VersionKeepingParts {
  readonly store: ModuleStore;
  readonly zipCheck: ZipCheck;
  readonly records: KeepRecords;
}

/** Is told before a version is put, and what came of it. Never rejects: the version is kept all the same. */
export interface KeepRecords {
  /** The hashes that the version had when it was kept before; also of one that is not there any more. */
  remembered(module: ModuleVersion): Promise<VersionHashes | undefined>;
  begin(module: ModuleVersion): Promise<void>;
  kept(module: ModuleVersion, entry: HashEntry): Promise<void>;
  dropped(module: ModuleVersion, failure: unknown): Promise<void>;
}

/** The bytes of a version, all there and unchecked, unless its upstream has made them. */
export interface ArrivedVersion {
  readonly info: Uint8Array;
  readonly mod: Uint8Array;
  /** Has ended. It stays the caller's. */
  readonly zip: StagedZip;
  /** See `ZipDelivery.found`. */
  readonly found?: ZipDelivery["found"] | undefined;
  /** Rejects if other hashes are on record; otherwise says which database has confirmed them, if one has. */
  readonly verdict: { require(hashes: VersionHashes): Promise<string | undefined> };
  /** Called as soon as the version is in the store, before what belongs to it is done. */
  readonly visible?: () => void;
}

/** The one way into the store. Disposing of it waits until what is in the store is recorded, too. */
export class VersionKeeping implements AsyncDisposable {
  readonly #parts: VersionKeepingParts;
  readonly #recording = new Set<Promise<void>>();

  constructor(parts: VersionKeepingParts) {
    this.#parts = parts;
  }

  /** Says that a zip is on its way. */
  expect({ found }: Pick<ZipDelivery, "found">): void {
    if (found === undefined) this.#parts.zipCheck.prepare();
  }

  /** Writes a whole delivery into a stage and ends it; `grew` is told of every step. */
  async receive(delivery: ZipDelivery, staged: StagedZip, grew?: () => void): Promise<void> {
    const buffer = pieces.take();
    for await (const piece of gathered(delivery.body, buffer)) {
      if (staged.size + piece.length > maxZipBytes) throw tooLarge(delivery.from);
      await staged.append(piece);
      grew?.();
    }
    pieces.giveBack(buffer);
    await staged.end();
  }

  /**
   * Checks the bytes as `ZipCheck`, `requireSameGoMod` and the verdict do, and keeps them. A version that is kept already
   * with the same content is fine, even if its zip was packed by another program. Rejects with a `ProxyFailure`.
   */
  async keep(module: ModuleVersion, arrived: ArrivedVersion, signal: AbortSignal): Promise<void> {
    const { records } = this.#parts;
    let isBegun = false;
    const confirmed = this.#confirm(module, arrived, signal);
    const sound = confirmed.then(async (entry) => {
      await records.begin(module);
      isBegun = true;
      // What a database confirms needs no other witness.
      if (entry.database === undefined) await this.#requireRemembered(module, entry);
      return entry;
    });
    let entry: HashEntry;
    try {
      entry = await this.#put(module, arrived, sound, signal);
    } catch (failure) {
      // Otherwise it may be in the store all the same.
      if (isBegun && !isStoreTrouble(failure)) await records.dropped(module, failure);
      throw failure;
    }
    const recording = records.kept(module, entry);
    this.#recording.add(recording);
    arrived.visible?.();
    await recording.finally(() => this.#recording.delete(recording));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#recording);
  }

  /** The hashes of what has arrived, once nothing speaks against it but what is remembered. */
  async #confirm(
    module: ModuleVersion,
    { zip, mod, found, verdict }: ArrivedVersion,
    signal: AbortSignal,
  ): Promise<HashEntry> {
    const checked = found?.() ?? (await this.#parts.zipCheck.check(module, zip.place, signal));
    requireSameGoMod(module, checked, mod);
    const hashes = { zip: checked.hash, mod: hashGoMod(mod) };
    const database = await verdict.require(hashes);
    return { ...hashes, database, zipDigest: checked.digest };
  }

  async #requireRemembered(module: ModuleVersion, hashes: VersionHashes): Promise<void> {
    const before = await this.#parts.records.remembered(module);
    if (before === undefined || (before.zip === hashes.zip && before.mod === hashes.mod)) return;
    throw new ProxyFailure(
      "altered_module",
      `what has just arrived has ${hashes.zip}, but the version had ${before.zip} when it was kept before: versions never change, so it is refused; if it is right, "stoa modules remove --yes ${module.path}@${module.version}" forgets the old one`,
      { subject: module },
    );
  }

  /** The store prepares the version while it is being checked. */
  async #put(
    module: ModuleVersion,
    { info, mod, zip }: ArrivedVersion,
    sound: Promise<HashEntry>,
    signal: AbortSignal,
  ): Promise<HashEntry> {
    try {
      await this.#parts.store.put(module, { info, mod, zip, sound });
    } catch (failure) {
      const arrived = await sound;
      if (!(failure instanceof ProxyFailure) || failure.code !== "altered_module") throw failure;
      const kept = await this.hashesOfKept(module, signal);
      if (kept?.zip !== arrived.zip || kept.mod !== arrived.mod) throw failure;
      return { ...arrived, zipDigest: kept.zipDigest };
    }
    return sound;
  }

  /** The hashes of what is kept, as its bytes are now; `undefined` if nothing is. */
  async hashesOfKept(
    module: ModuleVersion,
    signal: AbortSignal,
  ): Promise<Omit<HashEntry, "database"> | undefined> {
    const { store, zipCheck } = this.#parts;
    await using mod = await store.open(module, "mod");
    await using zip = await store.open(module, "zip");
    if (mod === undefined || zip === undefined) return undefined;
    await using copy = await store.stage();
    await this.receive(storedDelivery(zip, "the store"), copy);
    const { hash, digest } = await zipCheck.check(module, copy.place, signal);
    return { zip: hash, mod: hashGoMod(await readStored(mod)), zipDigest: digest };
  }
}

/** The failure of a zip that no go command would take. */
export function tooLarge(from: string): ProxyFailure {
  return new ProxyFailure(
    "invalid_module",
    `the zip from ${from} is larger than the ${maxZipBytes / 2 ** 20} MiB that the go command accepts`,
  );
}

function isStoreTrouble(failure: unknown): boolean {
  return !(failure instanceof ProxyFailure) || failure.code === "store_unavailable";
}
