// The disk driver keeps the contract, and says what is wrong with a folder.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { blobStoreContract, isFailure } from "../testing/blob-store-contract.ts";
import { DiskBlobStore } from "./disk-blob-store.ts";

blobStoreContract("DiskBlobStore", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stoa-blobs-"));
  return {
    store: await DiskBlobStore.open(folder),
    other: await DiskBlobStore.open(folder),
    cleanUp: () => rm(folder, { recursive: true }),
  };
});

test("a folder that does not exist is a missing store, and is not made", async () => {
  const folder = join(tmpdir(), "stoa-no-such-folder");
  await assert.rejects(DiskBlobStore.open(folder), isFailure("missing_store"));
});

test("what is the store's own is no blob", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stoa-blobs-"));
  const store = await DiskBlobStore.open(folder);
  await store.put("a", new Uint8Array(1));
  const found = await Array.fromAsync(store.list(""));
  assert.deepEqual(found, [{ key: "a", size: 1 }]);
  await assert.rejects(async () => store.stat(".blobs/lock"), isFailure("bad_key"));
  await rm(folder, { recursive: true });
});
