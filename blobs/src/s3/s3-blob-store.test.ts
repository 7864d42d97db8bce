// The S3 driver keeps the contract at a server that checks signatures, and tells what is wrong with a bucket.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  blobLabelsContract,
  blobLinksContract,
  blobStoreContract,
  isFailure,
} from "../testing/blob-store-contract.ts";
import { twoDoors } from "../testing/bucket-server.ts";
import { type S3Server, s3ServerIsMissing, startS3Server } from "../testing/s3-server.ts";
import { S3BlobStore } from "./s3-blob-store.ts";
import type { S3Settings } from "./s3-settings.ts";

describe("S3BlobStore at a real server", { skip: s3ServerIsMissing() }, () => {
  let server: S3Server;
  let settings: S3Settings;
  before(async () => {
    server = await startS3Server();
    ({ settings } = await server.newBucket());
  });
  after(() => server[Symbol.asyncDispose]());

  blobStoreContract("S3BlobStore", () => twoDoors(server));
  blobLabelsContract("S3BlobStore", () => twoDoors(server));
  blobLinksContract("S3BlobStore", async () => {
    const store = await (await server.newBucket()).open();
    return { store, cleanUp: () => store[Symbol.asyncDispose]() };
  });

  test("a wrong secret and an unknown key are denied", async () => {
    for (const wrong of [{ id: "nobody" }, { secret: "wrong" }]) {
      const keys = { id: "stoa-test-key", secret: "stoa-test-secret", ...wrong };
      await using store = new S3BlobStore({ ...settings, keys });
      await assert.rejects(store.check(), isFailure("denied"));
      await assert.rejects(store.get("a"), isFailure("denied"));
      await assert.rejects(store.put("a", new Uint8Array(1)), isFailure("denied"));
      await assert.rejects(Array.fromAsync(store.list("")), isFailure("denied"));
    }
  });

  test("a bucket that does not exist is a missing store, never an absent blob that could be put", async () => {
    await using store = new S3BlobStore({ ...settings, bucket: "no-such-bucket" });
    await assert.rejects(store.check(), isFailure("missing_store"));
    await assert.rejects(store.put("a", new Uint8Array(1)), isFailure("missing_store"));
    await assert.rejects(
      store.put("a", new Uint8Array(1), { when: "absent" }),
      isFailure("missing_store"),
    );
    await assert.rejects(Array.fromAsync(store.list("")), isFailure("missing_store"));
  });

  test("another region is said to be another region", async () => {
    await using store = new S3BlobStore({ ...settings, region: "eu-west-1" });
    await assert.rejects(Array.fromAsync(store.list("")), isFailure("misdirected"));
  });

  test("a server that is not there is unreachable", async () => {
    await using gone = await startS3Server();
    const { settings } = await gone.newBucket();
    await gone[Symbol.asyncDispose]();
    await using store = new S3BlobStore(settings);
    await assert.rejects(store.check(), isFailure("unreachable"));
    await assert.rejects(store.get("a"), isFailure("unreachable"));
    await assert.rejects(store.put("a", new Uint8Array(1)), isFailure("unreachable"));
  });
});
