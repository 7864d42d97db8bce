// Stoa with its modules in a bucket: two instances, the real go command, and what is said when the bucket cannot be used.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  azureServerIsMissing,
  gcsServerIsMissing,
  type S3Server,
  s3ServerIsMissing,
  startAzureServer,
  startGcsServer,
  startS3Server,
} from "@stoa/blobs/testing";
import { fixturesFrom } from "@stoa/gomod/testing";
import {
  externalServer,
  fixtureProxy,
  mongoServerIsMissing,
  startMongoServer,
} from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { azureVariables, gcpVariables } from "./testing/bucket-variables.ts";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { hermeticModules } from "./testing/hermetic-modules.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, largeModule, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

/** A module that sets the clock of its process back by a day. */
const aDayLate = `data:text/javascript,${encodeURIComponent(`
  const now = Date.now;
  globalThis.Date = class extends Date {
    constructor(...words) {
      super(...(words.length === 0 ? [now() - 86400000] : words));
    }
    static now() {
      return now() - 86400000;
    }
  };
`)}`;

describe("a bucket of S3", { skip: s3ServerIsMissing() }, () => {
  let server: S3Server;
  before(async () => {
    server = await startS3Server();
  });
  after(() => server[Symbol.asyncDispose]());

  test("what one instance has fetched for the go command, another gives out", {
    skip: goIsMissing(),
  }, async () => {
    const bucket = await server.newBucket();
    const upstream = await fixtureProxy(await fixturesFrom(hermeticModules));
    const wanted = ["github.com/ACME/Shouting@v1.0.0", "example.com/major/v2@v2.0.1"];
    {
      await using stoa = await startStoa({ goproxy: upstream.url, env: s3Variables(bucket) });
      await using go = await goCommand({ goproxy: stoa.url });
      await go.succeed(["mod", "download", ...wanted]);
    }
    await upstream[Symbol.asyncDispose]();
    const env = { ...s3Variables(bucket), ATHENS_NETWORK_MODE: "offline" };
    await using other = await startStoa({ goproxy: "off", env });
    await using go = await goCommand({ goproxy: other.url });
    const printed = await go.succeed(["mod", "download", "-json", ...wanted]);
    assert.match(printed, /"Sum": "h1:/);
    const list = await ask(`${other.url}/example.com/major/v2/@v/list`);
    assert.equal(list.body.toString(), "v2.0.1\n");
    const catalog = await ask(`${other.url}/catalog`);
    assert.match(
      catalog.body.toString(),
      /"module":"github.com\/ACME\/Shouting","version":"v1.0.0"/,
    );
  });

  test("MinIO's layout lies in a bucket that Stoa has made", { skip: goIsMissing() }, async () => {
    const { settings } = await server.newBucket();
    await using upstream = await fixtureProxy(await fixturesFrom(hermeticModules));
    const env = {
      ATHENS_STORAGE_TYPE: "minio",
      ATHENS_MINIO_ENDPOINT: new URL(settings.endpoint ?? "").host,
      ATHENS_MINIO_BUCKET_NAME: "made-by-stoa",
      ATHENS_MINIO_ACCESS_KEY_ID: settings.keys?.id,
      ATHENS_MINIO_SECRET_ACCESS_KEY: settings.keys?.secret,
    };
    await using stoa = await startStoa({ goproxy: upstream.url, env });
    await using go = await goCommand({ goproxy: stoa.url });
    await go.succeed(["mod", "download", "github.com/ACME/Shouting@v1.0.0"]);
    const files = await Array.fromAsync(server.open("made-by-stoa").list("github.com/"));
    assert.deepEqual(
      files.map(({ key }) => key.replace("github.com/ACME/Shouting/v1.0.0/", "")),
      ["go.mod", "source.zip", "v1.0.0.info"],
    );
  });

  test("a zip of several parts is given out whole, in parts, and by its tag", async () => {
    const large = await largeModule("example.com/large", "v1.0.0", 20_000_000);
    await using scene = await proxiedModules([large], {
      env: s3Variables(await server.newBucket()),
    });
    const url = `${scene.stoa.url}${filePath(large, "zip")}`;
    const first = await ask(url);
    assert.ok(first.whole && first.body.equals(Buffer.from(large.zip)));
    const again = await ask(url);
    assert.ok(again.whole && again.body.equals(Buffer.from(large.zip)));
    assert.equal(again.headers["etag"], first.headers["etag"]);
    const part = await ask(url, { headers: { range: "bytes=9000000-9000099" } });
    assert.equal(part.status, 206);
    assert.ok(part.body.equals(Buffer.from(large.zip).subarray(9_000_000, 9_000_100)));
    const known = await ask(url, { headers: { "if-none-match": String(first.headers["etag"]) } });
    assert.equal(known.status, 304);
  });

  test("a bucket that cannot be used is a sentence that names the key, at the start and in config check", async () => {
    const good = s3Variables(await server.newBucket());
    for (const [change, sentence] of [
      [
        { ATHENS_S3_BUCKET_NAME: "no-such-bucket" },
        /^stoa: ATHENS_S3_BUCKET_NAME: .*does not exist/,
      ],
      [{ AWS_SECRET_ACCESS_KEY: "wrong" }, /^stoa: AWS_ACCESS_KEY_ID: .*SignatureDoesNotMatch/],
      [{ AWS_REGION: "eu-west-1" }, /^stoa: AWS_REGION: .*region/],
      [{ AWS_ENDPOINT: "http://127.0.0.1:9" }, /^stoa: AWS_ENDPOINT: .*cannot be reached/],
      [
        { ATHENS_S3_BUCKET_NAME: "" },
        /^stoa: ATHENS_STORAGE_TYPE: .*ATHENS_S3_BUCKET_NAME.* must be set/,
      ],
    ] as const) {
      for (const words of [["serve"], ["config", "check", "--connect"]]) {
        const { code, stderr } = await finishedStoa(words, {
          ATHENS_PORT: "127.0.0.1:0",
          ...good,
          ...change,
        });
        assert.equal(code, 1);
        assert.match(stderr.split("\n").at(-2) ?? "", sentence);
      }
    }
    const { code, stdout } = await finishedStoa(["config", "check", "--connect"], good);
    assert.equal(code, 0);
    assert.match(stdout, /^storage s3: works$/m);
  });

  test("a clock that is a day off does no harm: the server's own time is taken", async () => {
    const small = await smallModule("example.com/skewed", "v1.0.0");
    await using upstream = await fixtureProxy([small]);
    const env = { ...s3Variables(await server.newBucket()), NODE_OPTIONS: `--import=${aDayLate}` };
    const checked = await finishedStoa(["config", "check", "--connect"], env);
    assert.equal(checked.code, 0, checked.stderr);
    assert.match(checked.stdout, /^storage s3: works$/m);
    await using stoa = await startStoa({ goproxy: upstream.url, env });
    for (let time = 0; time < 2; time++) {
      const zip = await ask(`${stoa.url}${filePath(small, "zip")}`);
      assert.ok(zip.body.equals(Buffer.from(small.zip)), zip.text);
    }
  });

  test("while the bucket does not answer, hits and misses are 503 with a sentence, and then all is well", async () => {
    const large = await largeModule("example.com/large", "v1.0.0", 100_000);
    const other = await startS3Server();
    await using _ended = other;
    await using scene = await proxiedModules([large], {
      env: s3Variables(await other.newBucket()),
    });
    const url = `${scene.stoa.url}${filePath(large, "zip")}`;
    assert.equal((await ask(url)).status, 200);
    await other.stop();
    const refused = await ask(url);
    assert.equal(refused.status, 503);
    assert.match(refused.body.toString(), /storage failed: .*cannot be reached/);
    await other.start();
    await until("the bucket to be used again", async () => (await ask(url)).status === 200);
  });
});

for (const { name, skip, start } of [
  { name: "azureblob", skip: azureServerIsMissing(), start: azureScene },
  { name: "gcp", skip: gcsServerIsMissing(), start: gcpScene },
  { name: "mongo", skip: mongoServerIsMissing(), start: mongoScene },
  { name: "external", skip: false as const, start: externalScene },
]) {
  test(`with ${name}, instances share what the go command has asked for, and bad keys are named`, {
    skip: skip || goIsMissing(),
  }, async () => {
    await using scene = await start();
    const env = { ATHENS_STORAGE_TYPE: name, ...scene.variables };
    const upstream = await fixtureProxy(await fixturesFrom(hermeticModules));
    const wanted = "github.com/ACME/Shouting@v1.0.0";
    {
      await using stoa = await startStoa({ goproxy: upstream.url, env });
      await using go = await goCommand({ goproxy: stoa.url });
      await go.succeed(["mod", "download", wanted]);
    }
    await upstream[Symbol.asyncDispose]();
    await using other = await startStoa({ goproxy: "off", env });
    await using go = await goCommand({ goproxy: other.url });
    assert.match(await go.succeed(["mod", "download", "-json", wanted]), /"Sum": "h1:/);
    for (const [change, sentence] of scene.mistakes) {
      const { code, stderr } = await finishedStoa(["config", "check", "--connect"], {
        ...env,
        ...change,
      });
      assert.equal(code, 1);
      assert.match(stderr, sentence);
    }
  });
}

test("one Stoa keeps its modules at another", { skip: goIsMissing() }, async () => {
  await using upstream = await fixtureProxy(await fixturesFrom(hermeticModules));
  const token = { STOA_EXTERNAL_STORAGE_PATH: "/storage", STOA_EXTERNAL_STORAGE_TOKEN: "secret" };
  await using keeper = await startStoa({ goproxy: "off", env: token });
  const env = {
    ATHENS_STORAGE_TYPE: "external",
    ATHENS_EXTERNAL_STORAGE_URL: `${keeper.url.replace("://", "://athens:secret@")}/storage`,
  };
  await using stoa = await startStoa({ goproxy: upstream.url, env });
  await using go = await goCommand({ goproxy: stoa.url });
  await go.succeed(["mod", "download", "github.com/ACME/Shouting@v1.0.0"]);
  const kept = await ask(`${keeper.url}/github.com/!a!c!m!e/!shouting/@v/v1.0.0.zip`);
  assert.equal(kept.status, 200);
});

test("a disk storage is imported into a bucket, and out of it again", {
  skip: s3ServerIsMissing(),
}, async () => {
  await using server = await startS3Server();
  const env = s3Variables(await server.newBucket());
  const large = await largeModule("example.com/large", "v1.0.0", 9_000_000);
  await using scene = await proxiedModules([large]);
  assert.equal((await ask(`${scene.stoa.url}${filePath(large, "zip")}`)).status, 200);
  await using folder = await temporaryFolder();
  const moved = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await finishedStoa(["modules", ...words], env, folder.path);
    assert.equal(code, 0, stderr);
    return `${stdout}${stderr}`;
  };
  await moved("import", "--from", `disk:${scene.stoa.root}`);
  assert.match(await moved("import", "--from", `disk:${scene.stoa.root}`), /1 /);
  await moved("export", "--to", "disk:./out");
  const zip = await readFile(join(folder.path, "out/example.com/large/v1.0.0/source.zip"));
  assert.ok(zip.equals(Buffer.from(large.zip)));
  assert.match(await moved("verify"), /^1 versions: /m);
});

interface Scene extends AsyncDisposable {
  readonly variables: Record<string, string>;
  readonly mistakes: readonly (readonly [change: Record<string, string>, sentence: RegExp])[];
}

async function azureScene(): Promise<Scene> {
  const server = await startAzureServer();
  return {
    variables: azureVariables(await server.newBucket()),
    mistakes: [
      [{ ATHENS_AZURE_CONTAINER_NAME: "none" }, /^stoa: ATHENS_AZURE_CONTAINER_NAME: .*not exist/],
      [{ ATHENS_AZURE_ACCOUNT_KEY: "d3Jvbmc=" }, /^stoa: ATHENS_AZURE_ACCOUNT_KEY: .*authenticate/],
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function mongoScene(): Promise<Scene> {
  const server = await startMongoServer();
  return {
    variables: { ATHENS_MONGO_STORAGE_URL: server.url },
    mistakes: [
      [
        { ATHENS_MONGO_STORAGE_URL: "mongodb://me:hunter2@127.0.0.1:9/" },
        /^stoa: ATHENS_MONGO_STORAGE_URL: MongoDB: .*127\.0\.0\.1:9/m,
      ],
      [{ ATHENS_MONGO_STORAGE_URL: "localhost" }, /^stoa: ATHENS_MONGO_STORAGE_URL: .*scheme/m],
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function externalScene(): Promise<Scene> {
  const server = await externalServer();
  return {
    variables: { ATHENS_EXTERNAL_STORAGE_URL: server.url },
    mistakes: [
      [
        { ATHENS_EXTERNAL_STORAGE_URL: "http://127.0.0.1:9" },
        /^stoa: .*_URL: .*cannot be reached/m,
      ],
      [{ ATHENS_EXTERNAL_STORAGE_URL: "127.0.0.1" }, /^stoa: .*_URL: .*http/m],
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function gcpScene(): Promise<Scene> {
  const server = await startGcsServer();
  return {
    variables: gcpVariables(await server.newBucket()),
    mistakes: [
      [{ ATHENS_STORAGE_GCP_BUCKET: "none" }, /^stoa: ATHENS_STORAGE_GCP_BUCKET: .*not exist/],
      [{ ATHENS_STORAGE_GCP_JSON_KEY: "?" }, /^stoa: ATHENS_STORAGE_GCP_JSON_KEY: .*base64/],
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
