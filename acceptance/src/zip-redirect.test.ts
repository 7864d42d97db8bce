// Zips straight from the storage, by a redirect to a signed URL.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type S3Server, s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import { fixturesFrom } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { hermeticModules } from "./testing/hermetic-modules.ts";
import { ask } from "./testing/http-answer.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

describe("ZipRedirect with a bucket of S3", { skip: s3ServerIsMissing() || goIsMissing() }, () => {
  const parts = new AsyncDisposableStack();
  let server: S3Server;
  let upstream: FixtureProxy;
  let folder: TemporaryFolder;
  let stoa: StoaProcess;
  const zip = "/github.com/!a!c!m!e/!shouting/@v/v1.0.0.zip";

  before(async () => {
    server = parts.use(await startS3Server());
    upstream = parts.use(await fixtureProxy(await fixturesFrom(hermeticModules)));
    folder = parts.use(await temporaryFolder());
    const filter = join(folder.path, "filter.txt");
    await writeFile(filter, "+\n- example.com/forbidden\n");
    const env = {
      ...s3Variables(await server.newBucket()),
      STOA_ZIP_REDIRECT: "true",
      STOA_ZIP_REDIRECT_TTL: "60",
      ATHENS_FILTER_FILE: filter,
      ATHENS_GONOSUM_PATTERNS: "example.com/major",
    };
    stoa = parts.use(await startStoa({ goproxy: upstream.url, env }));
  });
  after(() => parts[Symbol.asyncDispose]());

  test("the go command gets a zip here while it is new, and then from the bucket, and checks it", async () => {
    const wanted = "github.com/ACME/Shouting@v1.0.0";
    await using first = await goCommand({ goproxy: stoa.url });
    await first.succeed(["mod", "download", wanted]);
    const answer = await ask(`${stoa.url}${zip}`);
    assert.equal(answer.status, 302);
    const location = new URL(String(answer.headers.location));
    assert.equal(location.origin, server.url);
    assert.equal(location.searchParams.get("X-Amz-Expires"), "60");
    assert.equal(answer.headers["cache-control"], "no-store");
    await using second = await goCommand({ goproxy: stoa.url });
    assert.match(await second.succeed(["mod", "download", "-json", wanted]), /"Sum": "h1:/);
    assert.equal((await ask(location.href)).status, 200);
    assert.equal(
      upstream.requests.filter(({ path }) => path.endsWith(".zip") && path.includes("shouting"))
        .length,
      1,
    );
    // What is logged of a redirect is where it was asked for, and never what it leads to.
    assert.doesNotMatch(stoa.output(), /X-Amz-Signature/);
  });

  test("a part, a HEAD, and what is private or forbidden are answered here", async () => {
    assert.equal((await ask(`${stoa.url}${zip}`)).status, 302);
    const part = await ask(`${stoa.url}${zip}`, { headers: { range: "bytes=0-9" } });
    assert.equal(part.status, 206);
    assert.equal((await ask(`${stoa.url}${zip}`, { method: "HEAD" })).status, 200);
    const ofPrivate = `${stoa.url}/example.com/major/v2/@v/v2.0.1.zip`;
    for (const _again of [1, 2]) assert.equal((await ask(ofPrivate)).status, 200);
    assert.equal((await ask(`${stoa.url}/example.com/forbidden/@v/v1.0.0.zip`)).status, 403);
    for (const kind of ["info", "mod"]) {
      assert.equal((await ask(`${stoa.url}${zip.replace("zip", kind)}`)).status, 200);
    }
  });

  test("a storage that has no URLs is refused at the start", async () => {
    const { code, stderr } = await finishedStoa(["config", "check"], { STOA_ZIP_REDIRECT: "true" });
    assert.equal(code, 1);
    assert.match(stderr, /^stoa: STOA_ZIP_REDIRECT: StorageType is disk, and only s3, minio/);
  });
});
