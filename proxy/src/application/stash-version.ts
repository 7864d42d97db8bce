// Fetch, check, keep: how a module version enters the store.
import { hashGoMod, type ModuleVersion } from "@stoa/gomod";
import { maxZipBytes } from "@stoa/gomod/zip";
import type { HashEntry } from "../domain/kept-hashes.ts";
import type { Leases } from "../domain/leases.ts";
import type { ModuleStore, StagedZip } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { Fetcher, ZipDelivery } from "../domain/upstream.ts";
import { requireSameGoMod, type ZipCheck } from "../domain/zip-check.ts";
import { ArrivingZip } from "./arriving-zip.ts";
import { type ChecksumVerification, isMismatch } from "./checksum-verification.ts";
import type { LooseFileFetch } from "./fetch-loose-file.ts";
import { Once } from "./once.ts";
import { type TurnParts, takeTurn } from "./take-turn.ts";

/** What a stash needs. */
export interface StashParts {
  /** Watches a fetch from its first question to an upstream until the version is kept. */
  readonly observe?: <T>(fetch: Promise<T>) => Promise<T>;
  readonly store: ModuleStore;
  readonly loose: LooseFileFetch;
  readonly upstream: Fetcher;
  readonly zipCheck: ZipCheck;
  readonly verification: ChecksumVerification;
  /** Shared by all instances; without them there is only this one. */
  readonly leases?: Leases | undefined;
  /** Told when a version was kept, and with which hashes. No client waits for it. */
  readonly onKept: (module: ModuleVersion, entry: HashEntry) => Promise<void>;
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
    const entry = await (this.#parts.observe?.(fetched) ?? fetched);
    await this.#parts.onKept(module, entry);
  }

  async #fetchAndKeep(
    module: ModuleVersion,
    signal: AbortSignal,
    arrived: (zip: ArrivingZip) => void,
  ): Promise<HashEntry> {
    const verdict = this.#parts.verification.begin(module, signal);
    const { info, mod, delivery } = await this.#fetch(module, signal);
    const { staged, arriving } = await this.#receive(delivery, arrived);
    try {
      await this.#write(delivery, staged, arriving);
      const checked = await this.#parts.zipCheck.check(module, staged.place, signal);
      requireSameGoMod(module, checked, mod);
      const hashes = { zip: checked.hash, mod: hashGoMod(mod) };
      const database = await verdict.require(hashes);
      await this.#parts.store.put(module, { info, mod, zip: staged });
      arriving.kept();
      return { ...hashes, database };
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

  async #write(delivery: ZipDelivery, staged: StagedZip, arriving: ArrivingZip): Promise<void> {
    for await (const chunk of delivery.body) {
      if (staged.size + chunk.length > maxZipBytes) throw tooLarge(delivery.from);
      await staged.append(chunk);
      arriving.grew();
    }
    await staged.end();
  }
}

/** Lets go of a zip that nobody will read, and of its connection. */
async function discard(delivery: ZipDelivery): Promise<void> {
  await delivery.body[Symbol.asyncIterator]().return?.();
}

function tooLarge(from: string): ProxyFailure {
  return new ProxyFailure(
    "invalid_module",
    `the zip from ${from} is larger than the ${maxZipBytes / 2 ** 20} MiB that the go command accepts`,
  );
}
