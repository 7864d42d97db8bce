// Whether an upstream still has the bytes that are kept of a version.
import { hashGoMod, type ModuleVersion } from "@stoa/gomod";
import type { VersionHashes } from "../domain/checksums.ts";
import type { KeptHashes } from "../domain/kept-hashes.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import type { Fetcher } from "../domain/upstream.ts";
import type { ZipCheck } from "../domain/zip-check.ts";
import { type ChecksumVerification, isMismatch } from "./checksum-verification.ts";
import type { VersionKeeping } from "./keep-version.ts";

export interface ComparisonParts {
  readonly store: Pick<ModuleStore, "stage">;
  readonly upstream: Pick<Fetcher, "mod" | "zip">;
  readonly hashes: Pick<KeptHashes, "read">;
  readonly keeping: Pick<VersionKeeping, "receive" | "hashesOfKept">;
  readonly zipCheck: ZipCheck;
  readonly verification: Pick<ChecksumVerification, "begin">;
}

/** `mismatch`: what came contradicts the checksum database, which has been told as every mismatch is. */
export type ByteComparison =
  | { readonly finding: "same" | "mismatch" }
  | { readonly finding: "altered"; readonly why: string };

/** Fetches versions that are kept once more, and keeps nothing of it. */
export class UpstreamComparison {
  readonly #parts: ComparisonParts;

  constructor(parts: ComparisonParts) {
    this.#parts = parts;
  }

  /** Whether a checksum database has confirmed what is kept: nobody would take other bytes for it. */
  async isConfirmed(module: ModuleVersion): Promise<boolean> {
    return (await this.#parts.hashes.read(module))?.database !== undefined;
  }

  /** Compares the hashes of go.mod and zip. Rejects as `Fetcher`, `ZipCheck` and `ModuleStore`. */
  async compare(module: ModuleVersion, signal: AbortSignal): Promise<ByteComparison> {
    const { hashes, keeping, verification } = this.#parts;
    const kept = (await hashes.read(module)) ?? (await keeping.hashesOfKept(module, signal));
    if (kept === undefined) return { finding: "same" }; // removed meanwhile
    const verdict = verification.begin(module, signal);
    const now = await this.#hashesNow(module, signal);
    if (now.zip === kept.zip && now.mod === kept.mod) return { finding: "same" };
    try {
      await verdict.require(now);
    } catch (failure) {
      if (isMismatch(failure)) return { finding: "mismatch" };
      throw failure;
    }
    const what = now.zip === kept.zip ? "go.mod" : "zip";
    const [is, was] = what === "zip" ? [now.zip, kept.zip] : [now.mod, kept.mod];
    const why = `its upstream gives another ${what} for it now: ${is}, and ${was} is kept, which stays`;
    return { finding: "altered", why };
  }

  async #hashesNow(module: ModuleVersion, signal: AbortSignal): Promise<VersionHashes> {
    const { store, upstream, keeping, zipCheck } = this.#parts;
    const mod = hashGoMod(await upstream.mod(module, signal));
    await using staged = await store.stage();
    const delivery = await upstream.zip(module, signal);
    await keeping.receive(delivery, staged);
    const { hash } = delivery.found?.() ?? (await zipCheck.check(module, staged.place, signal));
    return { zip: hash, mod };
  }
}
