import assert from "node:assert/strict";
import { test } from "node:test";
import { isBucketUrl, parseBucketUrl } from "./bucket-url.ts";

test("the URL of a bucket says the service, the bucket and the place in it", () => {
  assert.deepEqual(parseBucketUrl("s3://team/stoa/tree?region=eu-west-1", {}), {
    prefix: "stoa/tree/",
    bucket: {
      service: "s3",
      bucket: "team",
      endpoint: undefined,
      region: "eu-west-1",
      isPathStyle: false,
    },
  });
  assert.deepEqual(parseBucketUrl("s3://team?endpoint=http://127.0.0.1:9000", {}), {
    prefix: "",
    bucket: {
      service: "s3",
      bucket: "team",
      endpoint: "http://127.0.0.1:9000",
      region: "us-east-1",
      isPathStyle: true,
    },
  });
  assert.equal(parseBucketUrl("gs://team/x/", {}).prefix, "x/");
  const azure = parseBucketUrl("azblob://box/x?account=us", { AZURE_STORAGE_KEY: "k" }).bucket;
  assert.deepEqual(azure, {
    service: "azure",
    container: "box",
    account: "us",
    endpoint: undefined,
    identity: { kind: "key", key: "k" },
  });
});

test("what names no bucket, or too much, is refused in a sentence", () => {
  assert.equal(isBucketUrl("/mnt/tree"), false);
  for (const [text, pattern] of [
    ["ftp://team/x", /names no bucket; write s3:/],
    ["s3:///x", /names no bucket/],
    ["s3://id:secret@team/x", /no credentials/],
    ["s3://team/x?regoin=a", /there is no regoin=; known are region/],
    ["azblob://box", /\?account=/],
  ] as const) {
    assert.throws(() => parseBucketUrl(text, {}), pattern);
  }
});
