import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import { openLog } from "@stoa/telemetry";
import { openState, type ProxyState } from "../adapters/sql-state/open-state.ts";
import { catalogPage, comparePlaces, parseCatalogToken, placeOf } from "../domain/catalog-order.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { VersionCatalog } from "../domain/version-catalog.ts";
import { IndexKeeper } from "./keep-index.ts";
import { rebuildIndex } from "./rebuild-index.ts";

const log = openLog({ level: "error", format: "plain" });
const signal = new AbortController().signal;

function moduleVersion(minor: number): ModuleVersion {
  return { path: parseModulePath("example.com/m"), version: parseVersion(`v1.${minor}.0`) };
}

/** A catalog of so many versions that remembers which pages were asked for, and fails where it is told to. */
class CountingCatalog implements VersionCatalog {
  readonly asked: (string | undefined)[] = [];
  failsAt = Number.POSITIVE_INFINITY;
  readonly #modules: readonly ModuleVersion[];

  constructor(count: number) {
    this.#modules = Array.from({ length: count }, (_, minor) => moduleVersion(minor)).sort((a, b) =>
      comparePlaces(placeOf(a), placeOf(b)),
    );
  }

  async page(token: string | undefined, size: number): ReturnType<VersionCatalog["page"]> {
    if (this.asked.length >= this.failsAt) throw new ProxyFailure("store_unavailable", "gone");
    this.asked.push(token);
    const after = token === undefined ? [] : parseCatalogToken(token);
    const rest = this.#modules.filter((module) => comparePlaces(placeOf(module), after) > 0);
    return catalogPage(rest, size);
  }
}

/** Fills in the background as a server does, until all is done that will be. */
async function filled(state: ProxyState, catalog: VersionCatalog): Promise<void> {
  const keeper = new IndexKeeper({
    index: state.index,
    filling: state.filling("state"),
    catalog,
    log,
  });
  keeper.fill();
  for (let turns = 0; turns < 1000; turns++) await new Promise(setImmediate);
  await keeper[Symbol.asyncDispose]();
}

describe("IndexKeeper", () => {
  it("fills an index that is new, and never looks at the store again", async () => {
    await using state = await openState({ kind: "memory" }, { mostJobs: 0 });
    const catalog = new CountingCatalog(450);
    await filled(state, catalog);
    assert.equal((await state.index.since(0, 1000)).length, 450);
    const pages = catalog.asked.length;
    assert.equal(pages, 3);
    await filled(state, catalog);
    assert.equal(catalog.asked.length, pages);
  });

  it("looks once at a store that is empty", async () => {
    await using state = await openState({ kind: "memory" }, { mostJobs: 0 });
    const catalog = new CountingCatalog(0);
    await filled(state, catalog);
    await filled(state, catalog);
    assert.deepEqual(catalog.asked, [undefined]);
  });

  it("goes on where it was interrupted", async () => {
    await using state = await openState({ kind: "memory" }, { mostJobs: 0 });
    const first = new CountingCatalog(450);
    first.failsAt = 2;
    await filled(state, first);
    assert.equal((await state.index.since(0, 1000)).length, 400);
    const second = new CountingCatalog(450);
    await filled(state, second);
    assert.equal(second.asked.length, 1);
    assert.notEqual(second.asked[0], undefined);
    assert.equal((await state.index.since(0, 1000)).length, 450);
  });

  it("adds what is kept meanwhile, once, and says whether it could", async () => {
    await using state = await openState({ kind: "memory" }, { mostJobs: 0 });
    const catalog = new CountingCatalog(3);
    const { index } = state;
    await using keeper = new IndexKeeper({
      index,
      filling: state.filling("state"),
      catalog,
      log,
    });
    assert.equal(await keeper.kept(moduleVersion(2)), true);
    await filled(state, catalog);
    assert.equal((await index.since(0, 1000)).length, 3);
  });
});

describe("rebuildIndex", () => {
  it("adds what is missing, removes what is gone, and leaves the rest its times", async () => {
    await using state = await openState({ kind: "memory" }, { mostJobs: 0 });
    const { index } = state;
    const gone = Array.from({ length: 700 }, (_, minor) => moduleVersion(10_000 + minor));
    await index.add([moduleVersion(1), ...gone]);
    const [before] = await index.since(0, 1);
    const kept = new Set(["v1.0.0", "v1.1.0", "v1.2.0"]);
    const store = {
      open: async ({ version }: ModuleVersion) =>
        kept.has(version)
          ? {
              size: 0,
              modified: new Date(0),
              read: async () => 0,
              async [Symbol.asyncDispose]() {},
            }
          : undefined,
    };
    const parts = {
      store,
      catalog: new CountingCatalog(3),
      index,
      filling: state.filling("state"),
    };
    const counts = await rebuildIndex(parts, () => undefined, signal);
    assert.deepEqual(counts, { kept: 3, removed: 700 });
    const entries = await index.since(0, 1000);
    assert.deepEqual(new Set(entries.map(({ module }) => module.version)), kept);
    assert.deepEqual(entries[0], before);
    assert.equal((await state.filling("state").read()).isDone, true);
  });
});
