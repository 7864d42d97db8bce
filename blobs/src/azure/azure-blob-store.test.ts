// The Azure driver keeps the contract at Azurite, and tells what is wrong with a container.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type AzureServer,
  azureServerIsMissing,
  startAzureServer,
} from "../testing/azure-server.ts";
import {
  blobLabelsContract,
  blobLinksContract,
  blobStoreContract,
  exactRemovalContract,
  isFailure,
} from "../testing/blob-store-contract.ts";
import { twoDoors } from "../testing/bucket-server.ts";
import { AzureBlobStore } from "./azure-blob-store.ts";
import type { AzureSettings } from "./azure-settings.ts";

describe("AzureBlobStore at a real server", { skip: azureServerIsMissing() }, () => {
  let server: AzureServer;
  let settings: AzureSettings;
  before(async () => {
    server = await startAzureServer();
    ({ settings } = await server.newBucket());
  });
  after(() => server[Symbol.asyncDispose]());

  blobStoreContract("AzureBlobStore", () => twoDoors(server));
  blobLabelsContract("AzureBlobStore", () => twoDoors(server));
  blobLinksContract("AzureBlobStore", async () => {
    const store = await AzureBlobStore.open(settings);
    return { store, cleanUp: () => store[Symbol.asyncDispose]() };
  });
  exactRemovalContract("AzureBlobStore", async () => {
    const store = await AzureBlobStore.open(settings);
    return { store, cleanUp: () => store[Symbol.asyncDispose]() };
  });

  test("a wrong key is denied", async () => {
    const key = Buffer.from("wrong").toString("base64");
    await using store = await AzureBlobStore.open({ ...settings, identity: { kind: "key", key } });
    await assert.rejects(store.check(), isFailure("denied"));
    await assert.rejects(store.get("a"), isFailure("denied"));
    await assert.rejects(store.put("a", new Uint8Array(1)), isFailure("denied"));
    await assert.rejects(Array.fromAsync(store.list("")), isFailure("denied"));
  });

  test("a container that does not exist is a missing store", async () => {
    await using store = await AzureBlobStore.open({ ...settings, container: "no-such-container" });
    await assert.rejects(store.check(), isFailure("missing_store"));
    await assert.rejects(store.stat("a"), isFailure("missing_store"));
    const body = new Uint8Array(1);
    await assert.rejects(store.put("a", body, { when: "absent" }), isFailure("missing_store"));
  });

  test("a server that is not there is unreachable", async () => {
    await using gone = await startAzureServer();
    const bucket = await gone.newBucket();
    await gone.stop();
    await using store = await AzureBlobStore.open(bucket.settings);
    await assert.rejects(store.check(), isFailure("unreachable"));
    await assert.rejects(store.put("a", new Uint8Array(1)), isFailure("unreachable"));
  });
});
