import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type BlobStore, DiskBlobStore } from "@stoa/blobs";
import {
  azureServerIsMissing,
  type BucketServer,
  gcsServerIsMissing,
  memoryBuckets,
  s3ServerIsMissing,
  startAzureServer,
  startGcsServer,
  startS3Server,
} from "@stoa/blobs/testing";
import { sha256Hex } from "@stoa/deployment";
import { ControlFailure } from "../../domain/control-failure.ts";
import { blobContents } from "./blob-contents.ts";
import { blobTree } from "./blob-tree.ts";
import { tryTree } from "./blob-trouble.ts";

contract("memory", false, memoryBuckets);
contract("S3", s3ServerIsMissing(), startS3Server);
contract("Azure", azureServerIsMissing(), startAzureServer);
contract("Google Cloud Storage", gcsServerIsMissing(), startGcsServer);
contract("a folder", false, async () => {
  const folder = await mkdtemp(join(tmpdir(), "stoa-tree-"));
  const open = async () =>
    Object.assign(await DiskBlobStore.open(folder), { [Symbol.asyncDispose]: async () => {} });
  return {
    newBucket: async () => ({ open }) as never,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
});

/** What a tree of documents must be, in a store of any kind, with two writers. */
function contract(name: string, skip: string | false, start: () => Promise<BucketServer>): void {
  test(`documents and contents in ${name}: whole, create-only, replaced only as they were read`, {
    skip,
  }, async () => {
    await using server = await start();
    const bucket = await server.newBucket();
    await using one = await bucket.open();
    await using other = await bucket.open();
    await tryTree(one, "stoa/");
    const [tree, rival] = [blobTree(one, "stoa/"), blobTree(other, "stoa/")];

    assert.equal(await tree.read("a/x.json"), undefined);
    assert.deepEqual(await tree.list("a"), []);
    const created = await Promise.all([
      tree.create("a/x.json", "mine"),
      rival.create("a/x.json", "theirs"),
    ]);
    assert.equal(created.filter((stored) => stored !== undefined).length, 1);
    const first = await tree.read("a/x.json");
    assert.ok(first !== undefined);
    const replaced = await Promise.all([
      tree.replace("a/x.json", "one", first.etag),
      rival.replace("a/x.json", "two", first.etag),
    ]);
    assert.equal(replaced.filter((stored) => stored !== undefined).length, 1);
    const second = await rival.read("a/x.json");
    assert.equal(second?.text, replaced[0] === undefined ? "two" : "one");
    assert.notEqual(second?.etag, first.etag);
    // Whoever lost the answer and says the same again has succeeded.
    assert.equal((await tree.create("a/x.json", second?.text ?? ""))?.etag, second?.etag);
    await tree.create("a/b/y.json", "deeper");
    assert.deepEqual(await rival.list("a"), ["a/b/y.json", "a/x.json"]);
    await tree.remove("a/x.json");
    assert.equal(await rival.read("a/x.json"), undefined);
    await assert.rejects(tree.read("../x"), isFailure("bad_request"));

    const contents = blobContents(one, "stoa/blobs/sha256/", 20);
    const sha256 = sha256Hex("a content");
    await assert.rejects(contents.put(sha256, body("another")), isFailure("digest_mismatch"));
    await assert.rejects(contents.put(sha256, body("x".repeat(30))), isFailure("too_large"));
    assert.equal(await contents.has(sha256), false);
    await contents.put(sha256, body("a content"));
    await contents.put(sha256, body("a content"));
    const opened = await contents.open(sha256);
    assert.equal(await new Response(opened?.body).text(), "a content");
    assert.deepEqual(await Array.fromAsync(contents.list()), [sha256]);
    await contents.remove(sha256);
    assert.equal(await contents.open(sha256), undefined);
  });
}

test("a store that ignores conditions is refused before anything is built upon it", async () => {
  await using server = await memoryBuckets();
  await using store = await (await server.newBucket()).open();
  const careless: BlobStore = {
    ...bound(store),
    put: (key, bytes) => store.put(key, bytes),
  };
  await assert.rejects(tryTree(careless, ""), /ignores conditions .* another service, or on disk/);
});

function bound(store: BlobStore): BlobStore {
  return {
    stat: (...words) => store.stat(...words),
    get: (...words) => store.get(...words),
    put: (...words) => store.put(...words),
    delete: (...words) => store.delete(...words),
    list: (...words) => store.list(...words),
    check: (...words) => store.check(...words),
  };
}

async function* body(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function isFailure(code: ControlFailure["code"]): (failure: unknown) => boolean {
  return (failure) => failure instanceof ControlFailure && failure.code === code;
}
