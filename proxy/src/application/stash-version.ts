// Fetch, check, keep: how a module version enters the store.
import type { ModuleVersion } from "@stoa/gomod";
import { maxZipBytes } from "@stoa/gomod/zip";
import type { Leases } from "../domain/leases.ts";
import type { ModuleStore, StagedZip } from "../domain/module-store.ts";
import type { Fetcher, ZipDelivery } from "../domain/upstream.ts";
import { ArrivingZip } from "./arriving-zip.ts";
import { type ChecksumVerification, isMismatch } from "./checksum-verification.ts";
import type { LooseFileFetch } from "./fetch-loose-file.ts";
import { tooLarge, type VersionKeeping } from "./keep-version.ts";
import { Once } from "./once.ts";
import { type TurnParts, takeTurn } from "./take-turn.ts";

/** What a stash needs. */
export interface StashParts {
  /** Watches a fetch from its first question to an upstream until the version is kept. */
  readonly observe?: <T>(fetch: Promise<T>) => Promise<T>;
  readonly store: ModuleStore;
  readonly loose: LooseFileFetch;
  readonly upstream: Fetcher;
  readonly verification: ChecksumVerification;
  readonly keeping: VersionKeeping;
  /** Shared by all instances; without them there is only this one. */
  readonly leases?: Leases | undefined;
}

/** Makes sure that versions are kept, each fetched once however many ask, here and of all instances. */
export class Stash {
  readonly #parts: StashParts;
  readonly #turns: TurnParts;
  readonly #once = new Once<void>();

  constructor(parts: StashParts) {
    this.#parts = parts;
    this.#turns = { leases: parts.leases, isKept: (module) => this.#isKept(module) };
  }

  /** Resolves when the version is in the store. Rejects with a `ProxyFailure`, or the signal's reason. */
  keep(module: ModuleVersion, signal: AbortSignal): Promise<void> {
    return this.#join(module, signal, (arriving) => arriving.leave());
  }

  /**
   * Like `keep`, but whoever starts the fetch gets the zip as soon as it begins to arrive, and must read or return its
   * body. Everybody else gets `undefined`, when the version is in the store.
   */
  async follow(module: ModuleVersion, signal: AbortSignal): Promise<ArrivingZip | undefined> {
    const arrived = Promise.withResolvers<ArrivingZip>();
    const kept = this.#join(module, signal, arrived.resolve);
    const first = await Promise.race([arrived.promise, kept]);
    if (first instanceof ArrivingZip) kept.catch(() => undefined);
    return first ?? undefined;
  }

  #join(
    module: ModuleVersion,
    signal: AbortSignal,
    arrived: (zip: ArrivingZip) => void,
  ): Promise<void> {
    const key = `${module.path}@${module.version}`;
    return this.#once.run(key, signal, (shared, keepGoing) =>
      this.#stash(module, shared, (arriving) => {
        // From here on the bytes are worth having, even if the client that asked for them leaves.
        keepGoing();
        arrived(arriving);
      }),
    );
  }

  async #stash(
    module: ModuleVersion,
    signal: AbortSignal,
    arrived: (zip: ArrivingZip) => void,
  ): Promise<void> {
    await using turn = await takeTurn(this.#turns, module, signal);
    if (turn === undefined) return;
    const fetched = this.#fetchAndKeep(module, signal, arrived);
    await (this.#parts.observe?.(fetched) ?? fetched);
  }

  async #fetchAndKeep(
    module: ModuleVersion,
    signal: AbortSignal,
    arrived: (zip: ArrivingZip) => void,
  ): Promise<void> {
    const verdict = this.#parts.verification.begin(module, signal);
    const { info, mod, delivery } = await this.#fetch(module, signal);
    this.#parts.keeping.expect(delivery);
    const { staged, arriving } = await this.#receive(delivery, arrived);
    try {
      await this.#parts.keeping.receive(delivery, staged, () => arriving.grew());
      const visible = (): void => arriving.kept();
      const arrivedVersion = { info, mod, zip: staged, found: delivery.found, verdict, visible };
      await this.#parts.keeping.keep(module, arrivedVersion, signal);
    } catch (failure) {
      arriving.failed(failure);
      // A .mod that was kept before anything was verified may be the one that is wrong.
      if (isMismatch(failure)) await this.#parts.loose.forget(module);
      throw failure;
    } finally {
      void arriving.readerGone.then(() => staged[Symbol.asyncDispose]());
    }
  }

  /** Asks for all three files at once; a version that lacks one of them is refused before a client sees a byte. */
  async #fetch(
    module: ModuleVersion,
    signal: AbortSignal,
  ): Promise<{ info: Uint8Array; mod: Uint8Array; delivery: ZipDelivery }> {
    const papers = Promise.all([
      this.#parts.loose.fetch(module, "info", signal),
      this.#parts.loose.fetch(module, "mod", signal),
    ]);
    papers.catch(() => undefined); // it may fail while the zip is awaited, and is awaited below
    const delivery = await this.#parts.upstream.zip(module, signal);
    try {
      const [info, mod] = await papers;
      return { info: info.bytes, mod: mod.bytes, delivery };
    } catch (failure) {
      await discard(delivery);
      throw failure;
    }
  }

  async #isKept(module: ModuleVersion): Promise<boolean> {
    await using info = await this.#parts.store.open(module, "info");
    return info !== undefined;
  }

  async #receive(
    delivery: ZipDelivery,
    arrived: (zip: ArrivingZip) => void,
  ): Promise<{ staged: StagedZip; arriving: ArrivingZip }> {
    try {
      if ((delivery.size ?? 0) > maxZipBytes) throw tooLarge(delivery.from);
      const staged = await this.#parts.store.stage();
      const arriving = new ArrivingZip(staged, delivery);
      arrived(arriving);
      return { staged, arriving };
    } catch (failure) {
      await discard(delivery);
      throw failure;
    }
  }
}

/** Lets go of a zip that nobody will read, and of its connection. */
async function discard(delivery: ZipDelivery): Promise<void> {
  await delivery.body[Symbol.asyncIterator]().return?.();
}
