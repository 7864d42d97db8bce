// Which modules are asked for, and how often their lists are.
import type { Log } from "@stoa/telemetry";
import type { ModuleUses } from "../domain/module-uses.ts";

interface Use {
  isNew: boolean;
  /** Requests for the list, those of the past counting ever less. */
  lists: number;
}

/** More modules than this are not kept in mind between two writings. */
const mostModules = 20_000;
const writeMs = 30_000;

/** Counts in memory, for it is on the way of every request; writes down in batches who was used. */
export class UseCounts implements AsyncDisposable {
  readonly #uses: ModuleUses;
  readonly #log: Log;
  readonly #counts = new Map<string, Use>();
  readonly #timer: NodeJS.Timeout;

  constructor({ uses, log }: { readonly uses: ModuleUses; readonly log: Log }) {
    this.#uses = uses;
    this.#log = log;
    this.#timer = setInterval(() => void this.write(), writeMs).unref();
  }

  /** A request for a module has been answered. */
  count(path: string, isList: boolean): void {
    const use = this.#counts.get(path);
    if (use !== undefined) {
      use.isNew = true;
      if (isList) use.lists += 1;
    } else if (this.#counts.size < mostModules) {
      this.#counts.set(path, { isNew: true, lists: isList ? 1 : 0 });
    }
  }

  /** Up to `most` modules whose lists are asked for most, the hottest first. Past requests count half from then on. */
  hottest(most: number): readonly string[] {
    const asked = [...this.#counts].filter(([, { lists }]) => lists >= 1);
    const hottest = asked.toSorted(([, a], [, b]) => b.lists - a.lists).slice(0, most);
    const paths = hottest.map(([path]) => path);
    for (const use of this.#counts.values()) use.lists /= 2;
    return paths;
  }

  /** Writes down who was used since the last time. A failure is told; the next time tries again. */
  async write(): Promise<void> {
    const used = [...this.#counts].filter(([, { isNew }]) => isNew).map(([path]) => path);
    for (const [path, use] of this.#counts) {
      if (use.isNew) use.isNew = false;
      else this.#counts.delete(path); // nobody has asked for it lately: room for others
    }
    if (used.length === 0) return;
    try {
      await this.#uses.used(used, new Date());
    } catch (failure) {
      this.#log.warn("it cannot be written down which modules were used", { error: failure });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }
}
