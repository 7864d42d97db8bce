// Which modules and versions are asked for, and how often lists are.
import { isVersion, type ModuleVersion, parseModulePath } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { ModuleUses } from "../domain/module-uses.ts";

interface Use {
  isNew: boolean;
  /** Asked for since the last writing; queries such as branches among them. */
  readonly versions: Set<string>;
  /** Requests for the list, those of the past counting ever less. */
  lists: number;
}

/** More modules than this are not kept in mind between two writings. */
const mostModules = 20_000;
const mostVersions = 200;
const mostWritten = 50_000;
const writeMs = 30_000;
const versionClockMs = 3_600_000;

/** Counts in memory, for it is on the way of every request; writes down in batches who was used. */
export class UseCounts implements AsyncDisposable {
  readonly #uses: ModuleUses;
  readonly #log: Log;
  readonly #counts = new Map<string, Use>();
  /** When the clock of a version was written, in milliseconds since 1970. */
  readonly #written = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor({ uses, log }: { readonly uses: ModuleUses; readonly log: Log }) {
    this.#uses = uses;
    this.#log = log;
    this.#timer = setInterval(() => void this.write(), writeMs).unref();
  }

  /** A request for a module, or a file of one of its versions, has been answered. */
  count(path: string, isList: boolean, version?: string): void {
    const use = this.#counts.get(path) ?? this.#begin(path);
    if (use === undefined) return;
    use.isNew = true;
    if (isList) use.lists += 1;
    if (version !== undefined && use.versions.size < mostVersions) use.versions.add(version);
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
    const now = new Date();
    const used = [...this.#counts].filter(([, { isNew }]) => isNew).map(([path]) => path);
    const versions = [...this.#counts].flatMap(([path, use]) =>
      this.#freshVersions(path, use, now),
    );
    for (const [path, use] of this.#counts) {
      use.versions.clear();
      if (use.isNew) use.isNew = false;
      else this.#counts.delete(path); // nobody has asked for it lately: room for others
    }
    if (used.length === 0) return;
    try {
      await this.#uses.used(used, now);
      await this.#uses.versionsUsed(versions, now);
      this.#remember(versions, now);
    } catch (failure) {
      this.#log.warn("it cannot be written down which modules were used", { error: failure });
    }
  }

  #begin(path: string): Use | undefined {
    if (this.#counts.size >= mostModules) return undefined;
    const use = { isNew: true, versions: new Set<string>(), lists: 0 };
    this.#counts.set(path, use);
    return use;
  }

  /** Those of which nothing was written in the last hour: their clocks need not be finer. */
  #freshVersions(path: string, { versions }: Use, now: Date): readonly ModuleVersion[] {
    return [...versions].filter(isVersion).flatMap((version) => {
      const key = `${path}@${version}`;
      const isFresh = now.getTime() - (this.#written.get(key) ?? 0) >= versionClockMs;
      return isFresh ? [{ path: parseModulePath(path), version }] : [];
    });
  }

  #remember(versions: readonly ModuleVersion[], now: Date): void {
    if (this.#written.size + versions.length > mostWritten) this.#written.clear();
    for (const { path, version } of versions) {
      this.#written.set(`${path}@${version}`, now.getTime());
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }
}
