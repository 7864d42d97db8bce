// A zip of 300 MB on its way into a bucket and out of it: the memory of the process stays what it was.
import assert from "node:assert/strict";
import { createHash, randomFillSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { test } from "node:test";
import { s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { forgeZip, type ModuleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import { filePath } from "./testing/proxied-modules.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const megabyte = 1_000_000;

/** Two parts on their way to the bucket, what the check of a zip holds, and what V8 has not given back yet. */
const growthMegabytes = 140;

test("300 MB come from the upstream into the bucket, and from there to two clients, one of them by the cache, in constant memory", {
  skip:
    s3ServerIsMissing() || (process.platform !== "linux" && "only Linux tells a peak of memory"),
}, async (t) => {
  await using server = await startS3Server();
  await using folder = await temporaryFolder();
  const [small, large] = [incompressible("v1.0.0", 12), incompressible("v1.1.0", 300)];
  await using upstream = await fixtureProxy([small, large]);
  const env = { ...s3Variables(await server.newBucket()), STOA_ZIP_CACHE: folder.path };
  await using stoa = await startStoa({ goproxy: upstream.url, env });
  /** Fetches it: from the upstream, from the bucket, and from this machine. */
  const fetchThrice = async (fixture: ModuleFixture): Promise<void> => {
    const expected = sha256(fixture.zip);
    for (const from of ["the upstream", "the bucket", "the cache"]) {
      const hash = createHash("sha256");
      const answer = await fetch(`${stoa.url}${filePath(fixture, "zip")}`);
      assert.equal(answer.status, 200);
      for await (const piece of answer.body ?? []) hash.update(piece);
      assert.equal(hash.digest("hex"), expected, from);
    }
  };
  // What the process needs once, whatever the size: the SDK, the checking thread, its buffers.
  await fetchThrice(small);
  const before = await peakMegabytes(stoa.pid);
  await fetchThrice(large);
  const grown = (await peakMegabytes(stoa.pid)) - before;
  t.diagnostic(`the peak grew by ${Math.round(grown)} MB beyond ${Math.round(before)} MB`);
  assert.ok(
    grown < growthMegabytes,
    `the memory grew by ${Math.round(grown)} MB beyond ${Math.round(before)}`,
  );
});

function incompressible(version: string, megabytes: number): ModuleFixture {
  const module = { path: parseModulePath("example.com/large"), version: parseVersion(version) };
  const name = `${module.path}@${module.version}`;
  const mod = Buffer.from(`module ${module.path}\n`);
  const content = Buffer.allocUnsafe(megabytes * megabyte);
  randomFillSync(content);
  return {
    module,
    info: Buffer.from(JSON.stringify({ Version: version, Time: "2020-01-02T03:04:05Z" })),
    mod,
    zip: forgeZip([
      { name: `${name}/go.mod`, content: mod, method: "stored" },
      { name: `${name}/data.bin`, content, method: "stored" },
    ]),
  };
}

async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / megabyte;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
