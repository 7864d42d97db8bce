// An operator's Athens configuration, taken as it is.
import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ask } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { repositoryRoot } from "./testing/repository.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const sample = join(repositoryRoot, "stoa/src/config/testing/athens-sample.toml");
const goproxy = "http://127.0.0.1:9";

for (const words of [
  [`-config_file=${sample}`],
  ["-config_file", sample],
  ["serve", "--config-file", sample],
]) {
  test(`a file with every key of Athens starts Stoa by ${words.join(" ").replace(sample, "FILE")}`, async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using scene = await proxiedModules([small], {
      words,
      env: { ATHENS_GO_BINARY_ENV_VARS: undefined },
    });
    // The file says GOPROXY=direct, which the environment overrides as in Athens.
    await scene.stoa.stop();
    await using stoa = await startStoa({
      goproxy,
      words,
      env: { ATHENS_GO_BINARY_ENV_VARS: `GOPROXY=${scene.upstream.url}` },
    });
    assert.equal((await ask(`${stoa.url}${filePath(small, "zip")}`)).status, 200);
    await stoa.stop();
    assert.doesNotMatch(stoa.output(), /"level":"(warn|error)"/);
  });
}

test("config check finds nothing wrong with that file, and config print masks its secrets", async () => {
  const check = await finishedStoa(["config", "check", "--config-file", sample]);
  assert.deepEqual([check.code, check.stderr], [0, ""]);
  const print = await finishedStoa(["config", "print", "--config-file", sample]);
  assert.equal(print.code, 0);
  assert.match(
    print.stdout,
    /^Storage\.Disk\.RootPath +\/path\/on\/disk +# \S+athens-sample\.toml:\d+$/m,
  );
  assert.match(print.stdout, /^GoGetWorkers +10 +# .*; without effect: /m);
  for (const secret of [
    "sekret",
    "minio123",
    "MY_AWS_SECRET_ACCESS_KEY",
    "MY_AZURE_BLOB_ACCOUNT_KEY",
  ]) {
    assert.ok(!print.stdout.includes(secret), secret);
  }
});

test("athens.toml is found where Stoa is started, and the environment counts before it", async () => {
  await using folder = await temporaryFolder();
  await copyFile(sample, join(folder.path, "athens.toml"));
  const print = await finishedStoa(
    ["config", "print", "--json"],
    { ATHENS_TIMEOUT: "7" },
    folder.path,
  );
  const values = JSON.parse(print.stdout) as Record<string, { value: string; source: string }>;
  assert.deepEqual(values["Timeout"], { value: "7", source: "ATHENS_TIMEOUT" });
  assert.match(values["LogLevel"]?.source ?? "", /^athens\.toml:\d+$/);
});

test("names that nobody knows are warned about with the one that was meant, and nothing more", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "athens.toml"), "GoGetWorker = 3\n");
  const check = await finishedStoa(
    ["config", "check"],
    { ATHENS_GO_GET_WORKERS: "3", GOPROXY: goproxy },
    folder.path,
  );
  assert.equal(check.code, 0);
  assert.match(
    check.stderr,
    /^stoa: warning: ATHENS_GO_GET_WORKERS: .*is ATHENS_GOGET_WORKERS meant\?$/m,
  );
  assert.match(
    check.stderr,
    /^stoa: warning: athens\.toml:1: GoGetWorker: .*is GoGetWorkers meant\?$/m,
  );
  await using stoa = await startStoa({ goproxy, env: { ATHENS_GO_GET_WORKERS: "3" } });
  await stoa.stop();
  assert.match(stoa.output(), /"level":"warn".*is ATHENS_GOGET_WORKERS meant\?/);
});
