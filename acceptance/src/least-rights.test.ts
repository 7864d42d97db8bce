// The rights that docs/scaling.md calls the least are enough: the page's own lines are carried out at real servers.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { missingProgram, noPostgres, noRedis, runServer, startPostgres } from "@stoa/proxy/testing";
import { finishedProgram } from "./testing/finished-program.ts";
import { freePort } from "./testing/free-port.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { repositoryRoot } from "./testing/repository.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const page = await readFile(join(repositoryRoot, "docs", "scaling.md"), "utf8");

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

async function keepsAVersion(env: Readonly<Record<string, string>>): Promise<void> {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([small], { env });
  const answer = await ask(`${scene.stoa.url}${filePath(small, "zip")}`);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(await scene.stoa.stop(), { code: 0, signal: null });
  assert.doesNotMatch(scene.stoa.output(), /"level":"(warn|error)"/);
}

async function succeed(command: string, args: readonly string[]): Promise<string> {
  const env = { PATH: process.env["PATH"] };
  const { code, stdout, stderr } = await finishedProgram(command, args, { cwd: "/", env });
  assert.equal(code, 0, stderr);
  return stdout;
}
