// Moves module versions from one place into a store, each checked as if it had just been fetched.
import { hashGoMod, type ModuleVersion } from "@stoa/gomod";
import type { VersionHashes } from "../domain/checksums.ts";
import type { ImportSource, SourceEntry } from "../domain/import-source.ts";
import { infoOfVersion } from "../domain/info-answer.ts";
import type { LooseFiles, LooseKind } from "../domain/loose-files.ts";
import type { ModuleStore, StoredFile } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { readStored } from "../domain/stored-delivery.ts";
import type { VersionKeeping } from "./keep-version.ts";

/** What became of an entry of the source. */
export interface MoveResult {
  /** Absent where the entry is no version. */
  readonly module: ModuleVersion | undefined;
  /** `path@version`, or the place of what is no version. */
  readonly name: string;
  /**
   * - `moved`: it has been checked and is in the store now.
   * - `loose`: so are its small files; the source has no zip of it.
   * - `present`: it was there, with the same bytes or the same content.
   * - `skipped`: there is nothing in the source that could be moved; `sentence` says why.
   * - `altered`: the store has other bytes under this name, and keeps them.
   * - `refused`: it is no sound module, or not what the checksum database has on record.
   * - `failed`: it could not be read, confirmed or written.
   */
  readonly outcome: "moved" | "loose" | "present" | "skipped" | "altered" | "refused" | "failed";
  readonly sentence: string | undefined;
}

/** Says which hashes are right. */
export interface MoveVerification {
  begin(
    module: ModuleVersion,
    signal: AbortSignal,
  ): { require(hashes: Partial<VersionHashes>): Promise<string | undefined> };
}

/** What a move needs. */
export interface VersionMoveParts {
  readonly source: ImportSource;
  readonly store: ModuleStore;
  /** Where small files without a zip go; absent if the target has no place for them. */
  readonly loose: LooseFiles | undefined;
  readonly keeping: VersionKeeping;
  readonly verification: MoveVerification;
  /** How many versions are moved side by side. */
  readonly atOnce: number;
}

/** How a move is to be made. */
export interface MoveOptions {
  /** Compare every byte of what is there already; otherwise its go.mod, and the size and the end of its zip. */
  readonly thorough: boolean;
  /** Told of each entry, as soon as it is done with. */
  readonly result: (result: MoveResult) => void;
}

/** A zip ends in the directory of its files, with their checksums: this much of its end tells it from another. */
const comparedBytes = 1 << 20;

/** Moves everything that a source has. What is there already is left alone, so a move can be made again at any time. */
export class VersionMove {
  readonly #parts: VersionMoveParts;

  constructor(parts: VersionMoveParts) {
    this.#parts = parts;
  }

  /** How many entries the source has. */
  async count(signal: AbortSignal): Promise<number> {
    let count = 0;
    for await (const _entry of this.#parts.source.entries(signal)) count += 1;
    return count;
  }

  /**
   * Resolves when every entry has been dealt with; what fails is told of and does not hold up the others. Rejects with
   * the signal's reason, or if the source cannot be listed or the store cannot be used at all.
   */
  async run(options: MoveOptions, signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    const either = AbortSignal.any([signal, ending.signal]);
    const waiting = this.#parts.source.entries(either)[Symbol.asyncIterator]();
    const work = async (): Promise<void> => {
      for (;;) {
        const step = await waiting.next();
        if (step.done === true) return;
        either.throwIfAborted();
        options.result(await this.#handle(step.value, options, either));
      }
    };
    const workers = Array.from({ length: this.#parts.atOnce }, () =>
      work().catch((failure: unknown) => {
        ending.abort(failure);
        throw failure;
      }),
    );
    await Promise.allSettled(workers);
    await waiting.return?.();
    await Promise.all(workers);
  }

  async #handle(
    entry: SourceEntry,
    { thorough }: MoveOptions,
    signal: AbortSignal,
  ): Promise<MoveResult> {
    if (entry.kind === "unusable") {
      const { place: name, why: sentence } = entry;
      return { module: undefined, name, outcome: "skipped", sentence };
    }
    const { module } = entry;
    const name = `${module.path}@${module.version}`;
    try {
      const outcome =
        entry.kind === "whole"
          ? await this.#moveWhole(module, thorough, signal)
          : await this.#moveLoose(module, entry.files, signal);
      return { module, name, ...outcome };
    } catch (failure) {
      signal.throwIfAborted();
      if (!(failure instanceof ProxyFailure)) throw failure;
      // Where nothing can be written, going on would only repeat that.
      if (failure.code === "store_unavailable") await this.#parts.store.check();
      return { module, name, outcome: outcomeOf(failure), sentence: failure.message };
    }
  }

  async #moveWhole(
    module: ModuleVersion,
    thorough: boolean,
    signal: AbortSignal,
  ): Promise<Pick<MoveResult, "outcome" | "sentence">> {
    const { source, store, keeping, verification } = this.#parts;
    const mod = await source.document(module, "mod", signal);
    const wasThere = await this.#isThere(module);
    if (wasThere && !thorough && (await this.#looksTheSame(module, mod))) return done("present");

    const verdict = verification.begin(module, signal);
    const info = await source.document(module, "info", signal);
    infoOfVersion(info, module, source.name);
    await using zip = await store.stage();
    const delivery = await source.zip(module, signal);
    await keeping.receive(delivery, zip, () => signal.throwIfAborted());
    await keeping.keep(module, { info, mod, zip, verdict }, signal);
    return done(wasThere ? "present" : "moved");
  }

  async #moveLoose(
    module: ModuleVersion,
    files: readonly LooseKind[],
    signal: AbortSignal,
  ): Promise<Pick<MoveResult, "outcome" | "sentence">> {
    const { source, loose, verification } = this.#parts;
    if (loose === undefined) return done("skipped", "only small files of it, and no zip");
    if (await this.#isThere(module)) return done("present");
    let isNew = false;
    for (const kind of files) {
      if ((await loose.read(module, kind)) !== undefined) continue;
      const bytes = await source.document(module, kind, signal);
      if (kind === "info") infoOfVersion(bytes, module, source.name);
      else await verification.begin(module, signal).require({ mod: hashGoMod(bytes) });
      await loose.write(module, kind, bytes);
      isNew = true;
    }
    return done(isNew ? "loose" : "present");
  }

  async #isThere(module: ModuleVersion): Promise<boolean> {
    await using info = await this.#parts.store.open(module, "info");
    return info !== undefined;
  }

  async #looksTheSame(module: ModuleVersion, mod: Uint8Array): Promise<boolean> {
    const { source, store } = this.#parts;
    await using keptMod = await store.open(module, "mod");
    if (keptMod === undefined || Buffer.compare(await readStored(keptMod), mod) !== 0) return false;
    await using theirs = await source.openZip(module);
    if (theirs === undefined) return true;
    await using ours = await store.open(module, "zip");
    return ours !== undefined && ours.size === theirs.size && (await endAlike(ours, theirs));
  }
}

function done(
  outcome: MoveResult["outcome"],
  sentence?: string,
): Pick<MoveResult, "outcome" | "sentence"> {
  return { outcome, sentence };
}

function outcomeOf({ code }: ProxyFailure): MoveResult["outcome"] {
  switch (code) {
    case "altered_module":
      return "altered";
    case "invalid_module":
    case "checksum_mismatch":
    case "refused":
      return "refused";
    default:
      return "failed";
  }
}

async function endAlike(a: StoredFile, b: StoredFile): Promise<boolean> {
  const count = Math.min(a.size, comparedBytes);
  const [ofA, ofB] = [Buffer.allocUnsafe(count), Buffer.allocUnsafe(count)];
  const counts = await Promise.all([a.read(a.size - count, ofA), b.read(b.size - count, ofB)]);
  return counts.every((read) => read === count) && ofA.equals(ofB);
}
