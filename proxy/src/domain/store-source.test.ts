import assert from "node:assert/strict";
import { test } from "node:test";
import { moduleFixture } from "@stoa/gomod/testing";
import { openMemoryModuleStore } from "../adapters/memory-module-store/memory-module-store.ts";
import { catalogEntries, StoreSource } from "./store-source.ts";

const signal = new AbortController().signal;

async function source() {
  const { store, catalog } = openMemoryModuleStore();
  const fixtures = await Promise.all(
    ["v1.0.0", "v1.1.0"].map((version) =>
      moduleFixture(`module example.com/m@${version}\n-- go.mod --\nmodule example.com/m\n`),
    ),
  );
  for (const { module, info, mod, zip } of fixtures) {
    const staged = await store.stage();
    await staged.append(zip);
    await staged.end();
    await store.put(module, { info, mod, zip: staged });
  }
  const entries = (): ReturnType<typeof catalogEntries> => catalogEntries(catalog, signal);
  return { fixtures, source: new StoreSource({ name: "memory", store, entries }) };
}

test("a store with a catalog is a source of all its versions, with their bytes", async () => {
  const { fixtures, source: from } = await source();
  const entries = await Array.fromAsync(from.entries(signal));
  assert.deepEqual(
    entries,
    fixtures.map(({ module }) => ({ kind: "whole", module })),
  );
  for (const { module, info, mod, zip } of fixtures) {
    assert.deepEqual(Buffer.from(await from.document(module, "info")), Buffer.from(info));
    assert.deepEqual(Buffer.from(await from.document(module, "mod")), Buffer.from(mod));
    const delivery = await from.zip(module);
    const chunks = await Array.fromAsync(delivery.body, (chunk) => Buffer.from(chunk));
    assert.deepEqual(Buffer.concat(chunks), Buffer.from(zip));
    assert.equal(delivery.size, zip.length);
  }
});

test("what has gone since it was listed is absent, and said so", async () => {
  const { fixtures, source: from } = await source();
  const gone = { ...fixtures[0]!.module, path: `${fixtures[0]!.module.path}/x` };
  await assert.rejects(from.document(gone as never, "mod"), { code: "not_found" });
  await assert.rejects(from.zip(gone as never), { code: "not_found" });
});
