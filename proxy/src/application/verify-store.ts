// Every kept version against what it was when it was kept, and against the checksum database.
import { hashGoMod, type ModuleVersion } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import { type Checksums, type RecordedHashes, requireRecorded } from "../domain/checksums.ts";
import type { HashEntry, KeptHashes } from "../domain/kept-hashes.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { StoreInspection } from "../domain/store-inspection.ts";
import { readStored } from "../domain/stored-delivery.ts";
import { requireSameGoMod, type ZipCheck, type ZipDigests } from "../domain/zip-check.ts";
import { requireUnchanged } from "./compare-kept-hashes.ts";

/** What was found about a version. */
export interface Finding {
  readonly module: ModuleVersion;
  /**
   * - `confirmed`: the database has just these hashes on record.
   * - `unchanged`: the version is exempt from the database, and nothing contradicts what is known about it.
   * - `bad`: its bytes are not what they should be; `sentence` says why.
   * - `unconfirmed`: it could not be found out; `sentence` says why.
   * - `gone`: somebody removed it meanwhile.
   */
  readonly outcome: "confirmed" | "unchanged" | "bad" | "unconfirmed" | "gone";
  readonly sentence: string | undefined;
  /** Where a bad version was put out of service; absent where it was left. */
  readonly withdrawnTo?: string;
}

/** What it takes to look a store through. */
export interface StoreVerificationParts {
  readonly store: ModuleStore;
  readonly inspection: StoreInspection;
  readonly hashes: KeptHashes;
  readonly zipCheck: ZipCheck & ZipDigests;
  readonly checksums: Checksums;
  /** How many versions are looked at side by side. */
  readonly atOnce: number;
  readonly log: Pick<Log, "error">;
}

/** How a store is to be looked through. */
export interface StoreVerificationOptions {
  /** Unpack every zip, whatever is remembered of it. */
  readonly full: boolean;
  readonly withdraw: boolean;
  readonly found: (finding: Finding) => void;
}

/** What a version's bytes are now. */
type PresentHashes = Omit<HashEntry, "database" | "zipDigest"> & { readonly zipDigest: string };

/**
 * Looks a store through. A zip file whose digest is remembered has the hash that it had when that was taken: it is read and
 * not unpacked. Everything else, and what has another digest, is unpacked, and its digest remembered.
 */
export class StoreVerification {
  readonly #parts: StoreVerificationParts;
  #hasToldOfState = false;

  constructor(parts: StoreVerificationParts) {
    this.#parts = parts;
  }

  /** Every version of the store, in the order of paths. */
  async versions(): Promise<readonly ModuleVersion[]> {
    const found = await Array.fromAsync(this.#parts.inspection.versions());
    return found.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  }

  /** Tells what it found about each version, as soon as it knows; bad ones are withdrawn first if that is wanted. */
  async run(
    modules: readonly ModuleVersion[],
    options: StoreVerificationOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const waiting = modules.values();
    const work = async (): Promise<void> => {
      for (const module of waiting) {
        signal.throwIfAborted();
        const finding = await this.#look(module, options, signal);
        const isWithdrawn = options.withdraw && finding.outcome === "bad";
        options.found(isWithdrawn ? await this.#withdraw(finding) : finding);
      }
    };
    await Promise.all(Array.from({ length: this.#parts.atOnce }, work));
  }

  async #look(
    module: ModuleVersion,
    { full }: Pick<StoreVerificationOptions, "full">,
    signal: AbortSignal,
  ): Promise<Finding> {
    try {
      const entry = await this.#parts.hashes.read(module);
      const hashes = await this.#hashes(module, full ? undefined : entry, signal);
      if (hashes === undefined) return { module, outcome: "gone", sentence: undefined };
      if (entry !== undefined) requireUnchanged(module, hashes, entry);
      const recorded = await this.#recorded(module, signal);
      if (recorded instanceof ProxyFailure) {
        return { module, outcome: "unconfirmed", sentence: recorded.message };
      }
      if (recorded !== undefined) {
        requireRecorded(module, "zip", hashes.zip, recorded);
        requireRecorded(module, "mod", hashes.mod, recorded);
      }
      await this.#remember(module, entry, {
        ...hashes,
        database: entry?.database ?? recorded?.database,
      });
      const outcome = recorded === undefined ? "unchanged" : "confirmed";
      return { module, outcome, sentence: undefined };
    } catch (failure) {
      signal.throwIfAborted();
      if (!(failure instanceof ProxyFailure)) throw failure;
      return {
        module,
        outcome: badCodes.has(failure.code) ? "bad" : "unconfirmed",
        sentence: failure.message,
      };
    }
  }

  /** The hashes that the kept bytes have now. Rejects with `invalid_module` if they are no module. */
  async #hashes(
    module: ModuleVersion,
    entry: HashEntry | undefined,
    signal: AbortSignal,
  ): Promise<PresentHashes | undefined> {
    const { store, inspection, zipCheck } = this.#parts;
    await using zip = await inspection.zip(module);
    await using stored = await store.open(module, "mod");
    if (zip === undefined || stored === undefined) return undefined;
    const bytes = await readStored(stored);
    const mod = hashGoMod(bytes);
    if (entry?.zipDigest !== undefined) {
      const { zip: hash, zipDigest } = entry;
      const isThat = (await zipCheck.digest(module, zip.place, signal)) === zipDigest;
      if (isThat) return { zip: hash, mod, zipDigest };
    }
    const checked = await zipCheck.check(module, zip.place, signal);
    requireSameGoMod(module, checked, bytes);
    return { zip: checked.hash, mod, zipDigest: checked.digest };
  }

  /** The next look is slower where this fails, and just as right. */
  async #remember(
    module: ModuleVersion,
    before: HashEntry | undefined,
    entry: HashEntry,
  ): Promise<void> {
    if (before?.database === entry.database && before?.zipDigest === entry.zipDigest) return;
    try {
      await this.#parts.hashes.write(module, entry);
    } catch (failure) {
      if (this.#hasToldOfState) return;
      this.#hasToldOfState = true;
      const sentence =
        "what is found cannot be recorded, so that the next verification takes longer";
      this.#parts.log.error(sentence, { ...module, error: failure });
    }
  }

  /** What is on record, or why that could not be found out: a failed lookup says nothing about the bytes. */
  async #recorded(
    module: ModuleVersion,
    signal: AbortSignal,
  ): Promise<RecordedHashes | ProxyFailure | undefined> {
    try {
      return await this.#parts.checksums.recorded(module, signal);
    } catch (failure) {
      if (!(failure instanceof ProxyFailure)) throw failure;
      return failure;
    }
  }

  async #withdraw(finding: Finding): Promise<Finding> {
    return { ...finding, withdrawnTo: await this.#parts.inspection.withdraw(finding.module) };
  }
}

const badCodes: ReadonlySet<string> = new Set([
  "invalid_module",
  "altered_module",
  "checksum_mismatch",
]);
