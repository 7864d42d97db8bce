// The memory driver: the contract, and memory that threads share.
import assert from "node:assert/strict";
import { test } from "node:test";
import { looseFilesContract } from "../../testing/loose-files-contract.ts";
import { moduleStoreContract, stageZip } from "../../testing/module-store-contract.ts";
import { versionCatalogContract } from "../../testing/version-catalog-contract.ts";
import { openMemoryModuleStore } from "./memory-module-store.ts";

moduleStoreContract("openMemoryModuleStore", async () => {
  const { store } = openMemoryModuleStore();
  return { store, other: store, cleanUp: () => Promise.resolve() };
});

looseFilesContract("openMemoryModuleStore", async () => {
  const { loose } = openMemoryModuleStore();
  return { loose, other: loose, cleanUp: () => Promise.resolve() };
});

versionCatalogContract("openMemoryModuleStore", async () => {
  const { store, catalog } = openMemoryModuleStore();
  return { store, catalog, cleanUp: () => Promise.resolve() };
});

test("a zip staged in memory says where a thread finds its bytes without a copy", async () => {
  const { store } = openMemoryModuleStore();
  await using staged = await stageZip(store, new Uint8Array(200_000).fill(7));
  assert.ok(staged.place.kind === "memory");
  const bytes = staged.place.bytes();
  assert.equal(bytes.length, 200_000);
  assert.ok(bytes.every((byte) => byte === 7));
  assert.ok(bytes.buffer instanceof SharedArrayBuffer);
});
