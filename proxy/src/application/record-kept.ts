// What is recorded when a version is kept.
import type { ModuleVersion } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { KeepJournal } from "../domain/keep-journal.ts";
import type { HashEntry, KeptHashes } from "../domain/kept-hashes.ts";
import type { LooseFiles } from "../domain/loose-files.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import type { IndexKeeper } from "./keep-index.ts";

/** Where it is recorded. */
export interface RecordParts {
  readonly store: Pick<ModuleStore, "open">;
  readonly hashes: KeptHashes;
  readonly journal: KeepJournal;
  readonly index: Pick<IndexKeeper, "kept"> | undefined;
  readonly loose: LooseFiles | undefined;
  readonly log: Log;
}

/** Older notes than this are those of processes that are gone. */
const abandonedMs = 60_000;

/**
 * Remembers the hashes and the time, and lets go of the loose files, which the version has taken in. The version is kept
 * whatever happens here: a failure is told, and fails nobody's request. What a crash leaves undone is done after the next
 * start.
 */
export class KeptRecords implements Disposable {
  readonly #parts: RecordParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: RecordParts) {
    this.#parts = parts;
  }

  /** See `KeepRecords`. */
  async remembered(module: ModuleVersion): Promise<HashEntry | undefined> {
    let entry: HashEntry | undefined;
    await this.#told("the recorded hashes of a version cannot be read", module, async () => {
      entry = await this.#parts.hashes.read(module);
    });
    return entry;
  }

  /** A version is about to be put. */
  async begin(module: ModuleVersion): Promise<void> {
    await this.#told("a version that is being kept was not noted", module, () =>
      this.#parts.journal.begin(module),
    );
  }

  /** It is in the store. */
  async kept(module: ModuleVersion, entry: HashEntry): Promise<void> {
    const isRemembered = await this.#told(
      "the hashes of a kept version were not recorded",
      module,
      () => this.#remember(module, entry),
    );
    if ((await this.#finish(module)) && isRemembered) await this.#end(module);
  }

  /** It is not in the store after all. */
  dropped(module: ModuleVersion): Promise<void> {
    return this.#end(module);
  }

  /** Does what was left undone: now, and once more when what was begun just before the start can be told from what lives. */
  async resume(): Promise<void> {
    this.#timer = setTimeout(() => void this.#resume(), abandonedMs + 5_000).unref();
    await this.#resume();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  async #resume(): Promise<void> {
    const { journal, log, store } = this.#parts;
    try {
      const before = new Date(Date.now() - abandonedMs);
      for (const module of await journal.unfinished(before)) {
        await using info = await store.open(module, "info");
        if (info === undefined || (await this.#finish(module))) await this.#end(module);
      }
    } catch (failure) {
      log.warn("what was left undone when a process died cannot be looked at", { error: failure });
    }
  }

  /** What a database has confirmed stays confirmed, also by an entry that none has. */
  async #remember(module: ModuleVersion, entry: HashEntry): Promise<void> {
    const { hashes } = this.#parts;
    const before = entry.database === undefined ? await hashes.read(module) : undefined;
    const isSame = before?.zip === entry.zip && before.mod === entry.mod;
    if (isSame && before.zipDigest === entry.zipDigest) return;
    await hashes.write(module, isSame ? { ...entry, database: before.database } : entry);
  }

  /** Says whether everything but the hashes is done. */
  async #finish(module: ModuleVersion): Promise<boolean> {
    const { index, loose } = this.#parts;
    const isIndexed = (await index?.kept(module)) ?? true;
    const isTidy = await this.#told("loose files of a kept version remain", module, async () =>
      loose?.remove(module),
    );
    return isIndexed && isTidy;
  }

  async #end(module: ModuleVersion): Promise<void> {
    await this.#told("the note about a kept version remains", module, () =>
      this.#parts.journal.end(module),
    );
  }

  /** Says whether it was done. */
  async #told(
    sentence: string,
    module: ModuleVersion,
    work: () => Promise<void>,
  ): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (failure) {
      this.#parts.log.warn(sentence, { ...module, error: failure });
      return false;
    }
  }
}
