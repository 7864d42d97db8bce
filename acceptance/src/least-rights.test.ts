// The rights that docs/scaling.md and docs/storage.md call the least are enough: the pages' own lines are carried out at real servers.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { type S3Policy, s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { missingProgram, noPostgres, noRedis, runServer, startPostgres } from "@stoa/proxy/testing";
import { finishedProgram } from "./testing/finished-program.ts";
import { freePort } from "./testing/free-port.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, largeModule, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { repositoryRoot } from "./testing/repository.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const page = await readFile(join(repositoryRoot, "docs", "scaling.md"), "utf8");

test("S3 with the policy of the page about storages", { skip: s3ServerIsMissing() }, async () => {
  const storages = await readFile(join(repositoryRoot, "docs", "storage.md"), "utf8");
  const text = /^```json\n((?:.|\n)*?)^```$/m.exec(storages)?.[1] ?? assert.fail("no policy");
  await using server = await startS3Server();
  // The page's bucket has a name of its own.
  const own = text.replaceAll(/(?<=arn:aws:s3:::)modules/g, "bucket-1");
  const bucket = await server.newBucketFor(JSON.parse(own) as S3Policy);
  const env = s3Variables(bucket);
  // More than one part.
  await keepsAVersion(env, await largeModule("example.com/large", "v1.0.0", 20_000_000));
  const foreign = await (await bucket.open())
    .delete("not-of-stoa")
    .catch((failure: Error) => failure);
  assert.ok(foreign instanceof Error, "the policy is in force");
});

test("Redis with the rule of the page", {
  skip: noRedis || missingProgram("redis-cli", "redis-server"),
}, async () => {
  await using folder = await temporaryFolder();
  const port = await freePort();
  const rule = /^user stoa on >key-of-stoa .*$/m.exec(page)?.[0] ?? assert.fail("no rule");
  const lines = [`port ${port}`, "bind 127.0.0.1", 'save ""', "user default off"];
  const watcher = "user watcher on >watching ~* +@all";
  await writeFile(join(folder.path, "redis.conf"), [...lines, rule, watcher, ""].join("\n"));
  await using _redis = await runServer("redis-server", ["redis.conf"], port, {
    cwd: folder.path,
  });
  await keepsAVersion({
    ATHENS_SINGLE_FLIGHT_TYPE: "redis",
    ATHENS_REDIS_ENDPOINT: `redis://stoa:key-of-stoa@127.0.0.1:${port}`,
  });
  const words = ["-p", `${port}`, "--user", "watcher", "--pass", "watching", "--no-auth-warning"];
  const cli = (...more: string[]): Promise<string> => succeed("redis-cli", [...words, ...more]);
  assert.equal(await cli("dbsize"), "0\n", "the lease was given back");
  assert.equal(await cli("acl", "log"), "\n", "nothing was refused");
});

test("PostgreSQL with a schema in somebody else's database", {
  skip: noPostgres || missingProgram("psql", "postgresql-client"),
}, async () => {
  await using server = await startPostgres();
  const role = "CREATE ROLE stoa LOGIN PASSWORD 'key-of-stoa';";
  const schema = "CREATE SCHEMA stoa AUTHORIZATION stoa;";
  assert.ok(page.includes(role) && page.includes(schema));
  // The server's own superuser has that name.
  const own = [role, schema].map((line) => line.replace(/\bstoa\b/g, "guest"));
  const psql = (...more: string[]): Promise<string> =>
    succeed("psql", [server.url, "-qAt", ...more]);
  await psql("-c", "REVOKE ALL ON SCHEMA public FROM PUBLIC", ...own.flatMap((sql) => ["-c", sql]));
  const options = /\?options=\S+(?=`)/.exec(page)?.[0] ?? assert.fail("no options");
  const guest = server.url.replace("//stoa@", "//guest:key-of-stoa@");
  await keepsAVersion({
    ATHENS_SINGLE_FLIGHT_TYPE: "state",
    STOA_STATE: `${guest}${options.replace("stoa", "guest")}`,
  });
  assert.equal(await psql("-c", "SELECT path FROM guest.stoa_version"), "example.com/small\n");
});

async function keepsAVersion(
  env: Readonly<Record<string, string | undefined>>,
  module?: ModuleFixture,
): Promise<void> {
  const kept = module ?? (await smallModule("example.com/small", "v1.0.0"));
  await using scene = await proxiedModules([kept], { env });
  for (const kind of ["info", "zip"] as const) {
    const { status, text } = await ask(`${scene.stoa.url}${filePath(kept, kind)}`);
    assert.equal(status, 200, status === 200 ? "" : text);
  }
  assert.deepEqual(await scene.stoa.stop(), { code: 0, signal: null });
  assert.doesNotMatch(scene.stoa.output(), /"level":"(warn|error)"/);
}

async function succeed(command: string, args: readonly string[]): Promise<string> {
  const env = { PATH: process.env["PATH"] };
  const { code, stdout, stderr } = await finishedProgram(command, args, { cwd: "/", env });
  assert.equal(code, 0, stderr);
  return stdout;
}
