// The S3 driver keeps the contract at a server that checks signatures, and tells what is wrong with a bucket.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { blobLabelsContract, blobStoreContract, isFailure } from "../testing/blob-store-contract.ts";
import { type S3Server, startS3Server } from "../testing/s3-server.ts";
import { S3BlobStore } from "./s3-blob-store.ts";

const skip =
  spawnSync("versitygw", ["--version"]).error === undefined ? false : "versitygw is not installed";

describe("S3BlobStore at a real server", { skip }, () => {
  let server: S3Server;
  before(async () => {
    server = await startS3Server();
  });
  after(() => server[Symbol.asyncDispose]());

  const make = async (): Promise<{
    store: S3BlobStore;
    other: S3BlobStore;
    cleanUp(): Promise<void>;
  }> => {
    const settings = await server.newBucket();
    const [store, other] = [new S3BlobStore(settings), new S3BlobStore(settings)];
    return {
      store,
      other,
      cleanUp: async () => {
        await store[Symbol.asyncDispose]();
        await other[Symbol.asyncDispose]();
      },
    };
  };
  blobStoreContract("S3BlobStore", make);
  blobLabelsContract("S3BlobStore", make);

  test("a wrong secret and an unknown key are denied", async () => {
    for (const wrong of [{ id: "nobody" }, { secret: "wrong" }]) {
      const keys = { kind: "keys", id: "stoa-test-key", secret: "stoa-test-secret", ...wrong } as const;
      await using store = new S3BlobStore({ ...server.settings, credentials: keys });
      await assert.rejects(store.check(), isFailure("denied"));
      await assert.rejects(store.get("a"), isFailure("denied"));
      await assert.rejects(store.put("a", new Uint8Array(1)), isFailure("denied"));
      await assert.rejects(Array.fromAsync(store.list("")), isFailure("denied"));
    }
  });

  test("a bucket that does not exist is a missing store, never an absent blob that could be put", async () => {
    await using store = new S3BlobStore({ ...server.settings, bucket: "no-such-bucket" });
    await assert.rejects(store.check(), isFailure("missing_store"));
    await assert.rejects(store.put("a", new Uint8Array(1)), isFailure("missing_store"));
    await assert.rejects(
      store.put("a", new Uint8Array(1), { when: "absent" }),
      isFailure("missing_store"),
    );
    await assert.rejects(Array.fromAsync(store.list("")), isFailure("missing_store"));
  });

  test("another region is said to be another region", async () => {
    await using store = new S3BlobStore({ ...server.settings, region: "eu-west-1" });
    await assert.rejects(Array.fromAsync(store.list("")), isFailure("misdirected"));
  });

  test("a server that is not there is unreachable", async () => {
    await using gone = await startS3Server();
    const { settings } = gone;
    await gone[Symbol.asyncDispose]();
    await using store = new S3BlobStore(settings);
    await assert.rejects(store.check(), isFailure("unreachable"));
    await assert.rejects(store.get("a"), isFailure("unreachable"));
    await assert.rejects(store.put("a", new Uint8Array(1)), isFailure("unreachable"));
  });
});
