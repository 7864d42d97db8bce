import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ModulePath, Version } from "@stoa/gomod";
import { fixturesFrom } from "@stoa/gomod/testing";
import { openMemoryModuleStore } from "../adapters/memory-module-store/memory-module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { fakeUpstream } from "../testing/fake-upstream.ts";
import { VersionLists } from "./list-versions.ts";
import { RememberedAnswers } from "./remembered-answers.ts";
import { QueryAnswers } from "./resolve-query.ts";

const present = new AbortController().signal;
const path = "example.com/m" as ModulePath;

async function setUp(kept: readonly string[], listed: readonly string[]) {
  const { store } = openMemoryModuleStore();
  const fixtures = (versions: readonly string[]) =>
    fixturesFrom(
      versions.map((version) => `module example.com/m@${version}\n-- a.go --\npackage m\n`),
    );
  for (const { module, info, mod, zip } of await fixtures(kept)) {
    await using staged = await store.stage();
    await staged.append(zip);
    await staged.end();
    await store.put(module, { info, mod, zip: staged });
  }
  const upstream = fakeUpstream(await fixtures(listed));
  const remembered = <T>() =>
    new RememberedAnswers<T>({
      lifetimes: { freshMs: 60_000, absentMs: 10_000, patienceMs: 3000, retryMs: 5000 },
      capacity: { entries: 10, bytes: 1 << 20 },
      sizeOf: () => 100,
      now: () => 0,
    });
  return {
    upstream,
    lists: new VersionLists({ store, upstream, remembered: remembered<readonly Version[]>() }),
    queries: new QueryAnswers({ store, upstream, remembered: remembered() }),
  };
}

describe("VersionLists", () => {
  it("adds what is kept to what the upstream lists, sorted, each once, without pseudo-versions", async () => {
    const { lists } = await setUp(
      ["v1.10.0", "v1.0.0", "v0.0.0-20200102030405-abcdefabcdef"],
      ["v1.2.0", "v1.0.0", "v1.2.0-rc.1"],
    );
    const { value } = await lists.list(path, present);
    assert.deepEqual(value, ["v1.0.0", "v1.2.0-rc.1", "v1.2.0", "v1.10.0"]);
  });

  it("lists what is kept when the upstream does not know the module any more", async () => {
    const { lists } = await setUp(["v1.0.0"], []);
    assert.deepEqual((await lists.list(path, present)).value, ["v1.0.0"]);
  });

  it("says not_found when nobody knows the module", async () => {
    const { lists } = await setUp([], []);
    await assert.rejects(lists.list(path, present), { code: "not_found" });
    assert.deepEqual(await lists.kept(path), []);
    await assert.rejects(lists.listOrKept(path, present), { code: "not_found" });
  });

  it("does not take what is kept for the whole list during an outage", async () => {
    const { lists, upstream } = await setUp(["v1.0.0"], []);
    upstream.before = () => {
      throw new ProxyFailure("upstream_unavailable", "it is down");
    };
    await assert.rejects(lists.list(path, present), { code: "upstream_unavailable" });
    assert.deepEqual(await lists.kept(path), ["v1.0.0"]);
    const fallback = await lists.listOrKept(path, present);
    assert.deepEqual([fallback.value, fallback.stale], [["v1.0.0"], true]);
  });

  it("lists kept pseudo-versions only where the upstream knows nothing and there are no tags", async () => {
    const pseudo = "v0.0.0-20190102030405-abcdefabcdef";
    const gone = await setUp([pseudo], []);
    assert.deepEqual((await gone.lists.list(path, present)).value, [pseudo]);
    const tagged = await setUp([pseudo, "v1.0.0"], []);
    assert.deepEqual((await tagged.lists.list(path, present)).value, ["v1.0.0"]);
    const known = await setUp([pseudo], ["v1.0.0"]);
    assert.deepEqual((await known.lists.list(path, present)).value, ["v1.0.0"]);
    assert.deepEqual(await known.lists.kept(path), [pseudo]);
  });
});

describe("QueryAnswers", () => {
  const latest: readonly (readonly [kept: readonly string[], latest: string])[] = [
    [["v1.0.0", "v1.10.0", "v1.9.0", "v2.0.0+incompatible"], "v2.0.0+incompatible"],
    [["v1.0.0", "v1.1.0-rc.1"], "v1.0.0"],
    [["v1.1.0-rc.1", "v1.1.0-beta", "v0.0.0-20300102030405-abcdefabcdef"], "v1.1.0-rc.1"],
    [
      ["v0.0.0-20190102030405-abcdefabcdef", "v0.0.0-20200102030405-abcdefabcdef"],
      "v0.0.0-20200102030405-abcdefabcdef",
    ],
  ];
  for (const [kept, expected] of latest) {
    it(`takes ${expected} for the latest of ${kept.join(" ")}`, async () => {
      const { queries, upstream } = await setUp(kept, []);
      assert.equal((await queries.latestKept(path)).info.version, expected);
      assert.deepEqual(upstream.asked, []);
    });
  }

  it("asks for each query once while its answer holds", async () => {
    const { queries, upstream } = await setUp([], ["v1.0.0"]);
    await queries.resolve(path, "main", present);
    await queries.resolve(path, "main", present);
    await queries.resolve(path, "latest", present);
    assert.equal(upstream.asked.length, 2);
  });
});
