// Every kept version against what it was when it was kept, and against the checksum database.
import { hashGoMod, type ModuleVersion } from "@stoa/gomod";
import {
  type Checksums,
  type RecordedHashes,
  requireRecorded,
  type VersionHashes,
} from "../domain/checksums.ts";
import type { KeptHashes } from "../domain/kept-hashes.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { StoreInspection } from "../domain/store-inspection.ts";
import { requireSameGoMod, type ZipCheck } from "../domain/zip-check.ts";
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
  readonly zipCheck: ZipCheck;
  readonly checksums: Checksums;
  /** How many versions are looked at side by side. */
  readonly atOnce: number;
}

/** Looks a store through. */
export class StoreVerification {
  readonly #parts: StoreVerificationParts;

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
    options: { readonly withdraw: boolean; readonly found: (finding: Finding) => void },
    signal: AbortSignal,
  ): Promise<void> {
    const waiting = modules.values();
    const work = async (): Promise<void> => {
      for (const module of waiting) {
        signal.throwIfAborted();
        const finding = await this.#look(module, signal);
        const isWithdrawn = options.withdraw && finding.outcome === "bad";
        options.found(isWithdrawn ? await this.#withdraw(finding) : finding);
      }
    };
    await Promise.all(Array.from({ length: this.#parts.atOnce }, work));
  }

  async #look(module: ModuleVersion, signal: AbortSignal): Promise<Finding> {
    try {
      const hashes = await this.#hashes(module, signal);
      if (hashes === undefined) return { module, outcome: "gone", sentence: undefined };
      const entry = await this.#parts.hashes.read(module);
      if (entry !== undefined) requireUnchanged(module, hashes, entry);
      const recorded = await this.#recorded(module, signal);
      if (recorded === undefined) return { module, outcome: "unchanged", sentence: undefined };
      if (recorded instanceof ProxyFailure) {
        return { module, outcome: "unconfirmed", sentence: recorded.message };
      }
      requireRecorded(module, "zip", hashes.zip, recorded);
      requireRecorded(module, "mod", hashes.mod, recorded);
      const { database } = recorded;
      if (entry?.database === undefined) {
        await this.#parts.hashes.write(module, { ...hashes, database });
      }
      return { module, outcome: "confirmed", sentence: undefined };
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
  async #hashes(module: ModuleVersion, signal: AbortSignal): Promise<VersionHashes | undefined> {
    const { store, inspection, zipCheck } = this.#parts;
    const place = await inspection.zip(module);
    await using stored = await store.open(module, "mod");
    if (place === undefined || stored === undefined) return undefined;
    const mod = new Uint8Array(stored.size);
    const length = await stored.read(0, mod);
    const checked = await zipCheck.check(module, place, signal);
    requireSameGoMod(module, checked, mod.subarray(0, length));
    return { zip: checked.hash, mod: hashGoMod(mod.subarray(0, length)) };
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
