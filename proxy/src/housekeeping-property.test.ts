// Fetches, hits, retention, evictions, removals and restorings in any order, and a process that dies at any step on the
// disk: what is protected stays, and nobody ever sees a torn version. STOA_TEST_SEED repeats a run, STOA_TEST_LIVES
// lengthens it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { ModuleVersion } from "@stoa/gomod";
import { RandomNumbers } from "@stoa/gomod/testing";
import { openLog, openMetrics } from "@stoa/telemetry";
import {
  type OpenedStore,
  openDiskModuleStore,
} from "./adapters/disk-module-store/open-disk-module-store.ts";
import { openState, type ProxyState } from "./adapters/sql-state/open-state.ts";
import { TrashKeeping } from "./application/empty-trash.ts";
import { DiskRelief } from "./application/relieve-disk.ts";
import { VersionRemoval } from "./application/remove-versions.ts";
import { Retention } from "./application/retain-versions.ts";
import { VersionRetirement } from "./application/retire-versions.ts";
import type { RetentionRules } from "./domain/retention.ts";
import { type FileBytes, moduleVersion, putFiles } from "./testing/module-store-contract.ts";

const paths = ["example.com/a", "example.com/b", "corp.example/p", "keep.example/k"];
const modules = paths.flatMap((path) =>
  Array.from({ length: 4 }, (_, patch) => moduleVersion(path, `v1.0.${patch}`)),
);
const patterns = { private: "corp.example", protect: "keep.example" };
const kinds = ["info", "mod", "zip"] as const;

/** What a process tells of its doings; `begin` before anything of it can be seen, `done` after all of it. */
type Line =
  | { readonly seed: number }
  | { readonly begin: "put"; readonly id: number; readonly name: string }
  | { readonly done: "put" | "restored"; readonly name: string; readonly id?: number }
  | { readonly begin: "remove" | "removed"; readonly name: string }
  /** From `done` on these are protected, by being registered or gone upstream; those of them that are `whole` must stay. */
  | { readonly done: Guard; readonly names: readonly string[]; readonly whole: readonly string[] }
  | { readonly begin: `un${Guard}` }
  | { readonly wrong: string };

type Guard = "registered" | "vanished";

function declareTest(): void {
  const seed = Number(process.env["STOA_TEST_SEED"] ?? Date.now() % 1_000_000);
  const lives = Number(process.env["STOA_TEST_LIVES"] ?? 6);
  const limitMs = process.env["STOA_TEST_LIVES"] === undefined ? 8000 : Number.POSITIVE_INFINITY;

  test("whatever the order of fetches, hits, evictions and deaths, nothing protected is lost and nothing torn is seen", async (t) => {
    t.diagnostic(`STOA_TEST_SEED=${seed}`);
    const folder = await mkdtemp(join(tmpdir(), "stoa-property-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const model = new Model();
    const outcomes = { killed: 0, ended: 0 };
    const begunMs = performance.now();
    for (let one = 0; one < lives && performance.now() - begunMs < limitMs; one += 1) {
      const child = spawn(
        process.execPath,
        [import.meta.filename, "live", folder, `${seed + one}`, JSON.stringify(model.vanished)],
        { stdio: ["ignore", "pipe", "inherit"], env: withoutTestContext() },
      );
      const lines = createInterface({ input: child.stdout });
      lines.on("line", (line) => model.hear(JSON.parse(line)));
      const [[code, signal]] = await Promise.all([once(child, "exit"), once(lines, "close")]);
      model.died();
      const life = `STOA_TEST_SEED=${seed}, life ${one}`;
      assert.deepEqual(model.wrong, [], life);
      assert.ok(signal === "SIGKILL" || code === 0, `${life}: code ${code}, signal ${signal}`);
      outcomes[signal === "SIGKILL" ? "killed" : "ended"] += 1;
      await requireSound(await openDiskModuleStore({ root: folder }), model.mustStay, life);
    }
    await requireRestorable(await openDiskModuleStore({ root: folder }), `STOA_TEST_SEED=${seed}`);
    t.diagnostic(`${JSON.stringify(outcomes)}, ${model.counted()}`);
    assert.ok(model.count("put") > 0);
  });
}

/** What must be kept, from what the processes told. */
class Model {
  readonly wrong: string[] = [];
  vanished: readonly string[] = [];
  readonly #kept = new Set<string>();
  readonly #guarded: Record<Guard, readonly string[]> = { registered: [], vanished: [] };
  readonly #held: Record<Guard, Set<string>> = { registered: new Set(), vanished: new Set() };
  readonly #counts = new Map<string, number>();
  /** What was protected when something began to come. */
  readonly #coming = new Map<number, { name: string; under: Record<Guard, readonly string[]> }>();
  #removing: string | undefined;

  /** The process has died. */
  died(): void {
    this.#removing = undefined;
  }

  hear(line: Line): void {
    if ("wrong" in line) this.wrong.push(line.wrong);
    if ("begin" in line) this.#begun(line);
    if ("done" in line) {
      this.#counts.set(line.done, this.count(line.done) + 1);
      if ("name" in line) this.#came(line);
      else this.#guard(line);
    }
  }

  count(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  counted(): string {
    return JSON.stringify(Object.fromEntries(this.#counts));
  }

  /** What was kept and has been protected ever since. */
  get mustStay(): readonly string[] {
    const always = [...this.#kept].filter((name) => /^(corp|keep)\.example/.test(name));
    return [...always, ...this.#held.registered, ...this.#held.vanished];
  }

  #came({ name, id }: Extract<Line, { readonly name: string; readonly done: unknown }>): void {
    const under = id === undefined ? this.#guarded : this.#coming.get(id)?.under;
    if (under === undefined) return;
    this.#kept.add(name);
    // What became protected while it came may have gone before that.
    for (const guard of ["registered", "vanished"] as const) {
      const names = this.#guarded[guard];
      if (names === under[guard] && names.includes(name)) this.#held[guard].add(name);
    }
  }

  #guard({ done, names, whole }: Extract<Line, { readonly whole: unknown }>): void {
    this.#guarded[done] = names;
    this.#held[done] = new Set(whole);
    if (done === "vanished") this.vanished = names;
  }

  #begun(line: Extract<Line, { readonly begin: unknown }>): void {
    if (line.begin === "put") {
      const { id, name } = line;
      if (name !== this.#removing) this.#coming.set(id, { name, under: { ...this.#guarded } });
      return;
    }
    if (line.begin === "removed") {
      this.#removing = undefined;
      return;
    }
    if (line.begin === "remove") {
      this.#removing = line.name;
      this.#kept.delete(line.name);
      // What was coming may be removed with it, before it says that it came.
      for (const [id, { name }] of this.#coming) if (name === line.name) this.#coming.delete(id);
      for (const held of Object.values(this.#held)) held.delete(line.name);
      return;
    }
    const guard = line.begin === "unregistered" ? "registered" : "vanished";
    this.#guarded[guard] = [];
    this.#held[guard].clear();
    if (guard === "vanished") this.vanished = [];
  }
}

async function requireSound(
  { store }: OpenedStore,
  mustStay: readonly string[],
  life: string,
): Promise<void> {
  for (const module of modules) {
    const files = await readAll(store, module);
    const listed = (await store.versions(module.path)).includes(module.version);
    const there = kinds.filter((kind) => files[kind] !== undefined);
    assert.ok(there.length === (listed ? 3 : 0), `${life}: ${nameOf(module)} is torn: ${there}`);
    if (listed) assert.deepEqual(files, filesOf(module), `${life}: ${nameOf(module)}`);
    else assert.ok(!mustStay.includes(nameOf(module)), `${life}: ${nameOf(module)} was lost`);
  }
}

/** What is in the trash comes back with its bytes, or says that it cannot. */
async function requireRestorable({ store, trash }: OpenedStore, life: string): Promise<void> {
  for await (const { id, module, bytes } of trash.all()) {
    const outcome = await trash.restore(id);
    const files = await readAll(store, module);
    if (outcome === "torn" || bytes === 0) continue; // of some there are only the loose files
    assert.deepEqual(files, filesOf(module), `${life}: ${nameOf(module)} was ${outcome}`);
  }
}

/** One process: does things in a random order, three at once, until it has taken so many steps on the disk. */
async function live(folder: string, seed: number, vanished: readonly string[]): Promise<void> {
  const random = new RandomNumbers(seed);
  const opened = await openDiskModuleStore({ root: folder });
  const file = join(folder, ".stoa", "state.sqlite");
  await using state = await openState({ kind: "sqlite", file }, { mostJobs: 0 });
  dieAtStep(folder, 1 + random.below(600));
  try {
    const keeper = new Housekeeper(opened, state, random, vanished);
    await Promise.all([
      keeper.turns(100),
      useStore(opened, state, new RandomNumbers(seed + 1e6)),
      useStore(opened, state, new RandomNumbers(seed + 2e6)),
    ]);
  } catch (failure) {
    tell({ wrong: failure instanceof Error ? `${failure.stack}` : String(failure) });
  }
}

/** A client: a hit is read to its end, a miss is fetched. */
async function useStore(
  { store }: OpenedStore,
  { uses }: ProxyState,
  random: RandomNumbers,
): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    const module = oneOf(random, modules);
    const files = await readAll(store, module);
    for (const kind of kinds) {
      const bytes = files[kind];
      if (bytes !== undefined) assert.deepEqual(bytes, filesOf(module)[kind], nameOf(module));
    }
    if (files.zip === undefined) {
      const id = random.below(2 ** 31);
      tell({ begin: "put", id, name: nameOf(module) });
      await putFiles(store, module, filesOf(module));
      tell({ done: "put", name: nameOf(module), id });
    } else if (random.below(3) === 0) {
      await uses.versionsUsed([module], new Date());
    }
  }
}

/** Everything that removes, protects or brings back; one after the other. */
class Housekeeper {
  readonly #opened: OpenedStore;
  readonly #state: ProxyState;
  readonly #random: RandomNumbers;
  readonly #trash: TrashKeeping;
  readonly #retention: Retention;
  readonly #relief: DiskRelief;
  #vanished: ReadonlySet<string>;

  constructor(
    opened: OpenedStore,
    state: ProxyState,
    random: RandomNumbers,
    vanished: readonly string[],
  ) {
    this.#opened = opened;
    this.#state = state;
    this.#random = random;
    this.#vanished = new Set(vanished);
    const { store, catalog, loose, removal, trash } = opened;
    const { uses, bookmarks, keepLists, hashes, index } = state;
    const retirement = new VersionRetirement({ store, loose, removal, trash, index, uses });
    const shared = {
      survey: { store, catalog, uses, bookmarks },
      keepLists,
      leases: { take: async () => ({ async [Symbol.asyncDispose]() {} }) },
      refetch: { ask: async (module: ModuleVersion) => this.#ask(module) },
    };
    this.#trash = new TrashKeeping({ trash, hashes, uses, index });
    this.#retention = new Retention({ ...shared, remove: retirement.retire.bind(retirement) });
    this.#relief = new DiskRelief({
      ...shared,
      ...patterns,
      ...{ quotaBytes: 0, evicts: true, trash },
      space: { measure: async () => ({ used: 960_000, capacity: 1_000_000 }) },
      evict: (module) => retirement.evict(module),
      log: openLog({ level: "silent", format: "json" }),
      metrics: openMetrics(),
    });
  }

  async turns(count: number): Promise<void> {
    const signal = new AbortController().signal;
    const works: readonly (() => Promise<unknown>)[] = [
      () => this.#retention.run(this.#rules(), { isDone: true }, signal, () => undefined),
      () => this.#retention.run(this.#rules(), { isDone: true }, signal, () => undefined),
      () => this.#relief.look(signal),
      () => this.#relief.look(signal),
      () => this.#removeByHand(),
      () => this.#restore(),
      () => this.#trash.empty(new Date(Date.now() - 50), signal),
      () => this.#guard("registered"),
      () => this.#unguard("registered"),
      () => this.#guard("vanished"),
      () => this.#unguard("vanished"),
    ];
    for (let turn = 0; turn < count; turn += 1) await oneOf(this.#random, works)();
  }

  #ask(module: ModuleVersion) {
    if (!this.#vanished.has(nameOf(module))) return { answer: "yes" } as const;
    return { answer: "no", why: "its upstream has it no more" } as const;
  }

  #rules(): RetentionRules {
    const none = { ageMs: 0, unusedMs: 0, mostBytes: 0, even: new Set<never>(), ...patterns };
    const kind = this.#random.below(3);
    if (kind === 0) return { ...none, ageMs: 1 };
    return kind === 1 ? { ...none, unusedMs: 20 } : { ...none, mostBytes: 100_000 };
  }

  async #removeByHand(): Promise<void> {
    const { removal: store, trash } = this.#opened;
    const module = oneOf(this.#random, modules);
    tell({ begin: "remove", name: nameOf(module) });
    const removal = new VersionRemoval({ store, trash, ...this.#state });
    await removal.remove(module, this.#random.below(4) === 0);
    tell({ begin: "removed", name: nameOf(module) });
  }

  async #restore(): Promise<void> {
    const all = await Array.fromAsync(this.#trash.all());
    if (all.length === 0) return;
    const one = oneOf(this.#random, all);
    if ((await this.#trash.restore(one)) !== "restored") return;
    tell({ done: "restored", name: nameOf(one.module) });
  }

  async #guard(guard: Guard): Promise<void> {
    const chosen = modules.filter(() => this.#random.below(4) === 0);
    tell({ begin: `un${guard}` });
    const names = chosen.map(nameOf);
    if (guard === "vanished") this.#vanished = new Set(names);
    else await this.#state.keepLists.write("go.sum", chosen);
    const whole: string[] = [];
    for (const module of chosen) {
      const files = await readAll(this.#opened.store, module);
      if (kinds.every((kind) => files[kind] !== undefined)) whole.push(nameOf(module));
    }
    tell({ done: guard, names, whole });
  }

  async #unguard(guard: Guard): Promise<void> {
    tell({ begin: `un${guard}` });
    if (guard === "vanished") this.#vanished = new Set();
    else await this.#state.keepLists.remove("go.sum");
  }
}

/**
 * Kills this process, as SIGKILL does, in front of its nth call that changes something below a folder. What other threads
 * are at then may or may not happen.
 */
function dieAtStep(folder: string, step: number): void {
  const require = createRequire(import.meta.url);
  let steps = 0;
  const count = (call: string, [path, flags]: readonly unknown[]): void => {
    if (typeof path !== "string" || !path.startsWith(folder)) return;
    if (call === "open" && flags === "r") return;
    steps += 1;
    if (steps === step) process.kill(process.pid, "SIGKILL");
  };
  const wrapped = {
    "node:fs/promises": ["rename", "unlink", "mkdir", "rmdir", "rm", "writeFile", "link", "open"],
    "node:fs": ["open"],
  } as const;
  for (const [name, calls] of Object.entries(wrapped)) {
    const original = require(name);
    for (const call of calls) {
      const real = original[call];
      original[call] = (...parameters: unknown[]) => {
        count(call, parameters);
        return real(...parameters);
      };
    }
  }
  syncBuiltinESMExports();
}

/** Each file of a version; `undefined` for those that are not there. */
async function readAll(
  store: OpenedStore["store"],
  module: ModuleVersion,
): Promise<Partial<FileBytes>> {
  const files: { -readonly [kind in keyof FileBytes]?: Uint8Array } = {};
  for (const kind of kinds) {
    await using file = await store.open(module, kind);
    if (file === undefined) continue;
    const bytes = new Uint8Array(file.size);
    assert.equal(await file.read(0, bytes), file.size);
    files[kind] = bytes;
  }
  return files;
}

function filesOf(module: ModuleVersion): FileBytes {
  const bytes = (what: string, length: number): Uint8Array =>
    new Uint8Array(Buffer.alloc(length, `${what} of ${nameOf(module)} `));
  return { info: bytes("info", 200), mod: bytes("mod", 300), zip: bytes("zip", 20_000) };
}

function nameOf({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}

function oneOf<T>(random: RandomNumbers, things: readonly T[]): T {
  return things[random.below(things.length)]!;
}

/** Written when the call returns, whatever happens then. */
function tell(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

function withoutTestContext(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  return environment;
}

// This file is also the program of the processes that die.
const [job, root = "", seedText = "", gone = "[]"] = process.argv.slice(2);
if (job === "live") await live(root, Number(seedText), JSON.parse(gone));
else declareTest();
