// stoa modules import | remove between storages that are servers, each named by its word.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import {
  azureServerIsMissing,
  gcsServerIsMissing,
  type S3Bucket,
  s3ServerIsMissing,
  startAzureServer,
  startGcsServer,
  startS3Server,
} from "@stoa/blobs/testing";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { fixtureProxy, mongoServerIsMissing, startMongoServer } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { azureVariables, gcpVariables } from "./testing/bucket-variables.ts";
import type { FinishedProgram } from "./testing/finished-program.ts";
import { ask } from "./testing/http-answer.ts";
import { endNow, own } from "./testing/owned-processes.ts";
import { filePath, largeModule, smallModule } from "./testing/proxied-modules.ts";
import { programFile } from "./testing/repository.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

const skip =
  s3ServerIsMissing() || azureServerIsMissing() || gcsServerIsMissing() || mongoServerIsMissing();

describe("modules between storages that are servers", { skip }, () => {
  const parts = new AsyncDisposableStack();
  let folder: TemporaryFolder;
  let env: Record<string, string>;
  let other: S3Bucket;
  let fixtures: readonly ModuleFixture[];

  before(async () => {
    folder = parts.use(await temporaryFolder());
    const s3 = parts.use(await startS3Server());
    const azure = parts.use(await startAzureServer());
    const gcs = parts.use(await startGcsServer());
    const mongo = parts.use(await startMongoServer());
    const [bucket, container, google] = [
      await s3.newBucket(),
      await azure.newBucket(),
      await gcs.newBucket(),
    ];
    other = await s3.newBucket();
    const { keys, endpoint = "", bucket: name } = bucket.settings;
    env = {
      STOA_LOCAL_FOLDER: join(folder.path, "local"),
      ATHENS_DISK_STORAGE_ROOT: join(folder.path, "disk"),
      ATHENS_S3_BUCKET_NAME: name,
      AWS_ENDPOINT: endpoint,
      AWS_FORCE_PATH_STYLE: "true",
      AWS_ACCESS_KEY_ID: keys?.id ?? "",
      AWS_SECRET_ACCESS_KEY: keys?.secret ?? "",
      ATHENS_MINIO_ENDPOINT: new URL(endpoint).host,
      ATHENS_MINIO_ACCESS_KEY_ID: keys?.id ?? "",
      ATHENS_MINIO_SECRET_ACCESS_KEY: keys?.secret ?? "",
      ...azureVariables(container),
      ...gcpVariables(google),
      ATHENS_MONGO_STORAGE_URL: mongo.url,
      ATHENS_MONGO_DEFAULT_DATABASE: "imported",
    };
    fixtures = await Promise.all([
      largeModule("github.com/ACME/Large", "v1.0.0", 9_000_000),
      ...Array.from({ length: 8 }, (_, n) => smallModule(`example.com/m${n}`, `v1.${n}.0-RC1`)),
    ]);
    await using upstream = await fixtureProxy(fixtures);
    await using stoa = await startStoa({
      goproxy: upstream.url,
      root: join(folder.path, "disk"),
    });
    for (const fixture of fixtures) {
      assert.equal((await ask(`${stoa.url}${filePath(fixture, "zip")}`)).status, 200);
    }
  });
  after(() => parts[Symbol.asyncDispose]());

  const run = (words: readonly string[]): Promise<FinishedProgram> =>
    finishedStoa(["modules", ...words], env, folder.path);
  const succeed = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(words);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  test("all of them can be copied from any to any, and come out as they went in", async () => {
    const file = join(folder.path, "other.toml");
    const { keys, endpoint, bucket } = other.settings;
    await writeFile(
      file,
      `StorageType = "s3"\n[Storage.S3]\nBucket = "${bucket}"\nEndpoint = "${endpoint}"\n` +
        `ForcePathStyle = true\nKey = "${keys?.id}"\nSecret = "${keys?.secret}"\n`,
    );
    const places = [
      `disk:${join(folder.path, "disk")}`,
      "s3:",
      "azureblob:",
      "gcp:",
      "mongo:",
      "minio:made-by-the-import",
      `config:${file}`,
      "mongo:another",
      `disk:${join(folder.path, "back")}`,
    ];
    for (const [at, from] of places.slice(0, -1).entries()) {
      const told = await succeed("import", "--from", from, "--to", places[at + 1] ?? "");
      assert.match(told, /: 9 versions: 9 moved\n$/);
    }
    for (const { module, info, mod, zip } of fixtures) {
      const at = join(folder.path, "back", module.path, module.version);
      const files = [`${module.version}.info`, "go.mod", "source.zip"];
      const kept = await Promise.all(files.map((name) => readFile(join(at, name))));
      assert.deepEqual(kept.map(sha256), [info, mod, zip].map(sha256));
    }
    const again = await succeed("import", "--from", "mongo:", "--to", "s3:");
    assert.match(again, /^from mongo:imported to s3:bucket-1: 9 versions: 9 there already\n$/);
    const compared = await succeed("import", "--from", "s3:", "--to", "gcp:", "--compare");
    assert.match(compared, /9 there already/);
  });

  test("a copy that was killed is taken up, and nothing of it is torn", async () => {
    const words = ["import", "--from", `disk:${join(folder.path, "disk")}`];
    const to = ["--to", "minio:killed-on-the-way"];
    const objects = (): Promise<readonly string[]> => keysIn(other, "killed-on-the-way");
    const child = own(
      spawn(process.execPath, [programFile, "modules", ...words, ...to], {
        cwd: folder.path,
        env: { ...env, PATH: process.env["PATH"], HOME: folder.path, GOSUMDB: "off" },
        stdio: "ignore",
      }),
    );
    const ended = once(child, "exit");
    await until("something is there", async () => (await objects()).length > 0);
    endNow(child, false);
    await ended;
    const told = await succeed(...words, ...to);
    assert.match(told, /: 9 versions: /);
    assert.doesNotMatch(told, /ALTERED|refused|failed/);
    const infos = (await objects()).filter((key) => key.endsWith(".info"));
    assert.equal(infos.length, 9);
  });

  test("words without what they need, and both ends alike, are sentences", async () => {
    for (const [words, change, sentence] of [
      [["s3:", "s3:bucket-1"], {}, /^stoa: s3:bucket-1 is both ends of the move/],
      [
        ["s3:", "gcp:"],
        { ATHENS_STORAGE_GCP_BUCKET: "" },
        /^stoa: gcp:: Storage.GCP.Bucket \(ATHENS_STORAGE_GCP_BUCKET\) must be set/,
      ],
      [["s3:no-such-bucket", "gcp:"], {}, /^stoa: the bucket no-such-bucket .*NoSuchBucket/],
      [["config:none.toml", "gcp:"], {}, /^stoa: none.toml: .*/],
      [["zoo:x", "gcp:"], {}, /^stoa: zoo:x: zoo: is no kind of place; there are disk:PATH/],
    ] as const) {
      const { code, stderr } = await finishedStoa(
        ["modules", "import", "--from", words[0], "--to", words[1]],
        { ...env, ...change },
        folder.path,
      );
      assert.equal(code, 1);
      assert.match(stderr, sentence);
      assert.doesNotMatch(stderr, /\n {4}at /);
    }
  });

  for (const type of ["s3", "minio", "gcp", "azureblob", "mongo"] as const) {
    test(`a version is removed from ${type}, and what it is is said before`, async () => {
      const place = { ATHENS_STORAGE_TYPE: type, ATHENS_MINIO_BUCKET_NAME: "made-by-the-import" };
      const remove = async (...words: string[]): Promise<FinishedProgram> =>
        finishedStoa(["modules", "remove", ...words], { ...env, ...place }, folder.path);
      const told = await remove("example.com/m1");
      assert.equal(told.code, 0, told.stderr);
      assert.match(told.stdout, /^would remove example.com\/m1@v1.1.0-RC1 \(whole, \d+ bytes\)$/m);
      const done = await remove("example.com/m1@v1.1.0-RC1", "--yes");
      assert.match(done.stdout, /^removed example.com\/m1@v1.1.0-RC1/m);
      const gone = await remove("example.com/m1");
      assert.equal(gone.code, 1);
      assert.match(gone.stderr, /there is nothing of it/);
      const { stdout } = await finishedStoa(
        ["modules", "verify"],
        { ...env, ...place },
        folder.path,
      );
      assert.match(stdout, /^8 versions: /m);
    });
  }
});

async function keysIn(near: S3Bucket, bucket: string): Promise<readonly string[]> {
  const { openBucket } = await import("@stoa/blobs");
  await using store = await openBucket({ service: "s3", ...near.settings, bucket });
  const entries = await Array.fromAsync(store.list("")).catch(() => []);
  return entries.map(({ key }) => key);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
