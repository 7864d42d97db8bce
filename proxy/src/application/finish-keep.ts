// What belongs to a version that has been kept: its loose files go, and the index learns of it.
import type { ModuleVersion } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { KeepJournal } from "../domain/keep-journal.ts";
import type { LooseFiles } from "../domain/loose-files.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import type { IndexKeeper } from "./keep-index.ts";

/** What it takes. */
export interface KeepFollowUpParts {
  readonly store: ModuleStore;
  readonly loose: LooseFiles;
  readonly index: Pick<IndexKeeper, "kept"> | undefined;
  readonly journal: KeepJournal | undefined;
  readonly log: Log;
}

/** Does it at once, and at the start for versions whose process died before it was done. */
export class KeepFollowUp {
  readonly #parts: KeepFollowUpParts;

  constructor(parts: KeepFollowUpParts) {
    this.#parts = parts;
  }

  /** Says whether everything is done. Never rejects: the version is kept, whatever comes of the rest. */
  async kept(module: ModuleVersion): Promise<boolean> {
    const { loose, index, log } = this.#parts;
    try {
      await loose.remove(module);
    } catch (failure) {
      const { path, version } = module;
      log.warn("loose files of a kept version remain", { module: path, version, error: failure });
      await index?.kept(module);
      return false;
    }
    return (await index?.kept(module)) ?? true;
  }

  /** Finishes what was interrupted. Looks at nothing but the notes; never rejects. */
  async resume(): Promise<void> {
    const { journal, log } = this.#parts;
    try {
      for (const note of (await journal?.unfinished()) ?? []) {
        if (!(await this.#isKept(note.module)) || (await this.kept(note.module))) await note.end();
      }
    } catch (failure) {
      log.warn("notes about versions that were being kept cannot be read", { error: failure });
    }
  }

  async #isKept(module: ModuleVersion): Promise<boolean> {
    await using info = await this.#parts.store.open(module, "info");
    return info !== undefined;
  }
}
