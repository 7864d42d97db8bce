// The driver for Google Cloud Storage keeps the contract at a compatible server, and tells what is wrong with a bucket.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  blobLabelsContract,
  blobLinksContract,
  blobStoreContract,
  exactRemovalContract,
  isFailure,
} from "../testing/blob-store-contract.ts";
import { twoDoors } from "../testing/bucket-server.ts";
import { type GcsServer, gcsServerIsMissing, startGcsServer } from "../testing/gcs-server.ts";
import { GcsBlobStore } from "./gcs-blob-store.ts";
import type { GcsSettings } from "./gcs-settings.ts";

describe("GcsBlobStore at a real server", { skip: gcsServerIsMissing() }, () => {
  let server: GcsServer;
  let settings: GcsSettings;
  before(async () => {
    server = await startGcsServer();
    ({ settings } = await server.newBucket());
  });
  after(() => server[Symbol.asyncDispose]());

  blobStoreContract("GcsBlobStore", () => twoDoors(server));
  blobLabelsContract("GcsBlobStore", () => twoDoors(server));
  blobLinksContract(
    "GcsBlobStore",
    async () => {
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const credentials = {
        type: "service_account",
        client_email: "stoa@example.iam.gserviceaccount.com",
        private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      };
      const store = new GcsBlobStore({ ...settings, credentials });
      return { store, cleanUp: () => store[Symbol.asyncDispose]() };
    },
    { isChecked: false },
  );
  test("without a key nothing can be signed, which is said", async () => {
    await using store = new GcsBlobStore(settings);
    await assert.rejects(store.link("a", 60), isFailure("denied"));
  });
  exactRemovalContract("GcsBlobStore", async () => {
    const store = new GcsBlobStore(settings);
    return { store, cleanUp: () => store[Symbol.asyncDispose]() };
  });

  test("a bucket that does not exist is a missing store", async () => {
    await using store = new GcsBlobStore({ ...settings, bucket: "no-such-bucket" });
    await assert.rejects(store.check(), isFailure("missing_store"));
    const body = new Uint8Array(1);
    await assert.rejects(store.put("a", body, { when: "absent" }), isFailure("missing_store"));
    await assert.rejects(Array.fromAsync(store.list("")), isFailure("missing_store"));
  });

  test("a key that is none is denied, in words", async () => {
    const credentials = { type: "service_account", client_email: "a@b", private_key: "none" };
    await using store = new GcsBlobStore({ bucket: "b", credentials });
    await assert.rejects(store.check(), isFailure("denied"));
  });

  test("a server that is not there is unreachable", async () => {
    await using gone = await startGcsServer();
    const bucket = await gone.newBucket();
    await gone.stop();
    await using store = new GcsBlobStore(bucket.settings);
    await assert.rejects(store.check(), isFailure("unreachable"));
    await assert.rejects(store.put("a", new Uint8Array(1)), isFailure("unreachable"));
  });
});
