import assert from "node:assert/strict";
import { test } from "node:test";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import { openState } from "../adapters/sql-state/open-state.ts";
import { catalogPage } from "../domain/catalog-order.ts";
import { ModuleCrawl } from "./crawl-modules.ts";
import type { CrawlOrder } from "./crawl-run.ts";
import { PacedHosts } from "./paced-hosts.ts";
import { AlreadyAtWork } from "./schedule-work.ts";

const everything: CrawlOrder = {
  ...{ patterns: "", usedSince: undefined, versions: "all" },
  recheck: "none",
};
const version = parseVersion("v1.0.0");
const modules: readonly ModuleVersion[] = Array.from({ length: 450 }, (_, n) => ({
  path: parseModulePath(`example.com/m${1000 + n}`),
  version,
}));

/** A crawler of 450 modules that are all kept; `asked` is told of each. */
async function crawlerOf(asked: (path: string) => void) {
  const state = await openState({ kind: "memory" }, { mostJobs: 0 });
  const held = new Set<string>();
  const crawl = new ModuleCrawl({
    store: { versions: async () => [version] },
    catalog: {
      async page(token, size) {
        const from = modules.findIndex(({ path }) => `${path}|${version}` === token) + 1;
        return catalogPage(modules.slice(from), size);
      },
    },
    async list(path) {
      asked(path);
      return [version];
    },
    keep: async () => assert.fail("nothing is new"),
    recheck: async () => assert.fail("nobody wants it"),
    policy: {
      isOffline: false,
      decide: async () => ({
        decision: {
          admission: { verdict: "served" },
          isValidated: false,
          network: "strict",
          onMiss: { action: "fetch" },
          reasons: [],
        },
        holdsForMs: 0,
      }),
    },
    feeds: [],
    uses: state.uses,
    bookmarks: state.bookmarks,
    leases: {
      async take(key) {
        if (held.has(key)) return undefined;
        held.add(key);
        return {
          async [Symbol.asyncDispose]() {
            held.delete(key);
          },
        };
      },
    },
    hosts: new PacedHosts({ intervalMs: 0, restMs: 0, longestRestMs: 0 }, () => 0),
    hostOf: () => "example.com",
    workers: 4,
  });
  return { crawl, [Symbol.asyncDispose]: () => state[Symbol.asyncDispose]() };
}

test("a crawl that was broken off goes on with the page it was at, and the next begins anew", async () => {
  const asked: string[] = [];
  const stop = new AbortController();
  await using scene = await crawlerOf((path) => {
    asked.push(path);
    if (asked.length === 300) stop.abort(new Error("stopped"));
  });
  await assert.rejects(
    scene.crawl.run(everything, stop.signal, () => undefined),
    /stopped/,
  );
  const { signal } = new AbortController();
  asked.length = 0;
  const second = await scene.crawl.run(everything, signal, () => undefined);
  assert.equal(second.modules, 250);
  assert.deepEqual(
    asked.toSorted(),
    modules.slice(200).map(({ path }) => path),
  );
  assert.equal((await scene.crawl.run(everything, signal, () => undefined)).modules, 450);
});

test("while one crawls nobody else does", async () => {
  const begun = Promise.withResolvers<void>();
  await using scene = await crawlerOf(() => begun.resolve());
  const { signal } = new AbortController();
  const first = scene.crawl.run(everything, signal, () => undefined);
  await begun.promise;
  await assert.rejects(
    scene.crawl.run(everything, signal, () => undefined),
    AlreadyAtWork,
  );
  assert.equal((await first).modules, 450);
});
