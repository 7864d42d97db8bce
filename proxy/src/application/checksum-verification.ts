// Nothing public is kept before the checksum database has confirmed it.
import { hashGoMod, type ModuleVersion } from "@stoa/gomod";
import {
  type Checksums,
  type RecordedHashes,
  requireRecorded,
  type VersionHashes,
} from "../domain/checksums.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** Told of every security event, once. */
export type OnMismatch = (failure: ProxyFailure) => void;

/** Begins to look versions up while their bytes are still on the way. */
export class ChecksumVerification {
  readonly #checksums: Checksums;
  readonly #onMismatch: OnMismatch;

  constructor(checksums: Checksums, onMismatch: OnMismatch) {
    this.#checksums = checksums;
    this.#onMismatch = onMismatch;
  }

  /** Looks the version up. Never rejects: what goes wrong shows when something is required of the verdict. */
  begin(module: ModuleVersion, signal: AbortSignal): PendingVerdict {
    return new PendingVerdict(module, this.#checksums.recorded(module, signal), this.#onMismatch);
  }
}

/** The hashes on record, as soon as they are there. */
export class PendingVerdict {
  readonly #module: ModuleVersion;
  readonly #recorded: Promise<RecordedHashes | undefined>;
  readonly #onMismatch: OnMismatch;

  constructor(
    module: ModuleVersion,
    recorded: Promise<RecordedHashes | undefined>,
    onMismatch: OnMismatch,
  ) {
    this.#module = module;
    this.#recorded = recorded;
    this.#onMismatch = onMismatch;
    recorded.catch(() => undefined); // it may fail while the bytes are awaited, and is awaited below
  }

  /**
   * Says which database has confirmed the hashes; `undefined` if the module is exempt. Rejects with a `ProxyFailure` of
   * `Checksums.recorded` or `requireRecorded`.
   */
  async require(hashes: Partial<VersionHashes>): Promise<string | undefined> {
    const recorded = await this.#recorded;
    if (recorded === undefined) return undefined;
    try {
      if (hashes.mod !== undefined) requireRecorded(this.#module, "mod", hashes.mod, recorded);
      if (hashes.zip !== undefined) requireRecorded(this.#module, "zip", hashes.zip, recorded);
    } catch (failure) {
      if (isMismatch(failure)) this.#onMismatch(failure);
      throw failure;
    }
    return recorded.database;
  }

  /** The same for the bytes of a `.mod`. */
  requireMod(bytes: Uint8Array): Promise<string | undefined> {
    return this.require({ mod: hashGoMod(bytes) });
  }
}

/** Whether the failure says that bytes were not what the database has on record. */
export function isMismatch(failure: unknown): failure is ProxyFailure {
  return failure instanceof ProxyFailure && failure.code === "checksum_mismatch";
}
