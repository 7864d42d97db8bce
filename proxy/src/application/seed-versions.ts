// Fetches what builds will ask for before they do: listed versions, and everything in the graph of main modules.
import {
  type MainModules,
  type ModuleVersion,
  type Requirements,
  replacementFor,
  requirementsIn,
  walkModuleGraph,
} from "@stoa/gomod";
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** What is to be there afterwards. */
export interface SeedOrder {
  /** Main modules, whose graph is walked as the go command would. */
  readonly main: MainModules | undefined;
  /** Whether all of the graph is wanted, with what only tests of dependencies need. */
  readonly whole: boolean;
  /** What folders that stand in for modules ask for, by their names in the replacements. */
  readonly folders: ReadonlyMap<string, Requirements>;
  readonly versions: readonly ModuleVersion[];
  /** Of these the go.mod is enough. */
  readonly mods: readonly ModuleVersion[];
}

/** What became of a version. */
export interface SeedResult {
  readonly module: ModuleVersion;
  readonly wanted: "version" | "mod";
  /** `present` without anybody having been asked, `fetched`, or `missing`: `sentence` says why. */
  readonly outcome: "present" | "fetched" | "missing";
  readonly sentence: string | undefined;
}

/** What a seeding needs. */
export interface SeedParts {
  /** Rejects with a `ProxyFailure` where the policy forbids a version. */
  readonly allow: (module: ModuleVersion, signal: AbortSignal) => Promise<void>;
  readonly isKept: (module: ModuleVersion) => Promise<boolean>;
  readonly keep: (module: ModuleVersion, signal: AbortSignal) => Promise<void>;
  /** The go.mod, kept when this resolves; `from` is absent if it was kept before. */
  readonly mod: (
    module: ModuleVersion,
    signal: AbortSignal,
  ) => Promise<{ readonly bytes: Uint8Array; readonly from: string | undefined }>;
  /** The `.info`, kept when this resolves. */
  readonly info: (module: ModuleVersion, signal: AbortSignal) => Promise<unknown>;
  readonly atOnce: number;
}

/** Seeds a store. What is there is not asked for again, so a seeding can be repeated at any time. */
export class VersionSeeding {
  readonly #parts: SeedParts;

  constructor(parts: SeedParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when everything is there or was told of as missing: each version once, or twice with its go.mod and itself.
   * `expected` is told how many there are, as far as is known. Rejects with the signal's reason, and with failures that
   * are no `ProxyFailure`.
   */
  async run(
    order: SeedOrder,
    told: {
      readonly result: (result: SeedResult) => void;
      readonly expected: (count: number) => void;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const turns = new Turns(this.#parts.atOnce);
    const { wanted, failures } = await this.#plan(order, turns, signal);
    told.expected(wanted.version.size + wanted.mod.size);
    const fetches = (["mod", "version"] as const).flatMap((kind) =>
      [...wanted[kind].values()].map((module) =>
        turns.run(async () => told.result(await this.#fetch(kind, module, signal))),
      ),
    );
    const ends = await Promise.allSettled(fetches);
    signal.throwIfAborted();
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    for (const failure of failures) if (!(failure instanceof ProxyFailure)) throw failure;
  }

  /** What is wanted, each once by its name; and what went wrong while the graph was walked, told of when it is fetched. */
  async #plan(
    order: SeedOrder,
    turns: Turns,
    signal: AbortSignal,
  ): Promise<{ readonly wanted: Wanted; readonly failures: readonly unknown[] }> {
    const graph = await this.#walk(order, turns, signal);
    const actual = (modules: readonly ModuleVersion[]): readonly ModuleVersion[] =>
      modules.flatMap((module) => {
        const found = replacementFor(module, order.main?.replaces ?? []);
        return "folder" in found ? [] : [found];
      });
    const version = byName([...order.versions, ...actual(graph.versions)]);
    const mod = byName([...order.mods, ...actual(graph.mods)]);
    // A version comes with its go.mod.
    for (const name of version.keys()) mod.delete(name);
    return { wanted: { version, mod }, failures: graph.failures };
  }

  async #walk(
    order: SeedOrder,
    turns: Turns,
    signal: AbortSignal,
  ): Promise<{
    readonly versions: readonly ModuleVersion[];
    readonly mods: readonly ModuleVersion[];
    readonly failures: readonly unknown[];
  }> {
    if (order.main === undefined) return { versions: [], mods: [], failures: [] };
    const failures = new Map<string, unknown>();
    const { read, selected, needed } = await walkModuleGraph(
      order.main,
      (module) => this.#requirements(module, order, turns, signal),
      (module, failure) => failures.set(nameOf(module), failure),
    );
    signal.throwIfAborted();
    return {
      versions: order.whole ? selected : needed,
      mods: read,
      failures: [...failures.values()],
    };
  }

  async #requirements(
    module: ModuleVersion,
    { main, folders }: SeedOrder,
    turns: Turns,
    signal: AbortSignal,
  ): Promise<Requirements> {
    const actual = replacementFor(module, main?.replaces ?? []);
    if ("folder" in actual) return folders.get(actual.folder) ?? requirementsIn("");
    return turns.run(async () => {
      signal.throwIfAborted();
      await this.#parts.allow(actual, signal);
      return requirementsIn((await this.#parts.mod(actual, signal)).bytes);
    });
  }

  async #fetch(
    wanted: "version" | "mod",
    module: ModuleVersion,
    signal: AbortSignal,
  ): Promise<SeedResult> {
    const { allow, isKept, keep, mod, info } = this.#parts;
    try {
      signal.throwIfAborted();
      if (await isKept(module)) return { module, wanted, ...is("present") };
      await allow(module, signal);
      if (wanted === "version") {
        await keep(module, signal);
        return { module, wanted, ...is("fetched") };
      }
      const { from } = await mod(module, signal);
      await info(module, signal);
      return { module, wanted, ...is(from === undefined ? "present" : "fetched") };
    } catch (failure) {
      signal.throwIfAborted();
      if (!(failure instanceof ProxyFailure)) throw failure;
      return { module, wanted, outcome: "missing", sentence: failure.message };
    }
  }
}

/** Each module version by its name. */
interface Wanted {
  readonly version: ReadonlyMap<string, ModuleVersion>;
  readonly mod: ReadonlyMap<string, ModuleVersion>;
}

function byName(modules: readonly ModuleVersion[]): Map<string, ModuleVersion> {
  return new Map(modules.map((module) => [nameOf(module), module]));
}

function is(outcome: "present" | "fetched"): Pick<SeedResult, "outcome" | "sentence"> {
  return { outcome, sentence: undefined };
}

/** So many at once, the others in the order in which they came. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(free: number) {
    this.#free = free;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

function nameOf({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}
