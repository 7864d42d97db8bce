// Machines that read the store of documents themselves say there how they are; this looks after it.
import type { Clock } from "../domain/clock.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { treePaths } from "../domain/tree-paths.ts";
import type { Machines } from "./know-machines.ts";

interface StoreParts {
  readonly tree: DocumentTree;
  readonly machines: Machines;
  readonly clock: Clock;
  /** Is told when the store could not be read; it is looked at again. */
  readonly onFailure: (failure: unknown) => void;
}

/** Agents write there when something has changed, and every ten seconds. */
const lookMs = 5_000;

/** Looks again and again until it is disposed of. Without such machines nothing is read. */
export class StoreReports {
  readonly #parts: StoreParts;
  #timer: Disposable | undefined;
  #looking = Promise.resolve();
  #hasEnded = false;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Looks now, and from now on. */
  async begin(): Promise<void> {
    await this.look();
    this.#later();
  }

  /** Looks once. */
  async look(): Promise<void> {
    const { tree, machines } = this.#parts;
    const reporting = machines.list().filter(({ record }) => record.via === "store");
    await inParallel(reporting, async ({ record: { machine } }) => {
      const stored = await tree.read(treePaths.status(machine));
      if (stored !== undefined) machines.hearFromStore(machine, stored.text);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    this.#timer?.[Symbol.dispose]();
    await this.#looking;
  }

  #later(): void {
    if (this.#hasEnded) return;
    this.#timer = this.#parts.clock.after(lookMs, () => {
      this.#looking = this.look()
        .catch(this.#parts.onFailure)
        .finally(() => this.#later());
    });
  }
}
