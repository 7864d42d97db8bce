// stoa modules seed: what a build needs is there before it asks, and nobody is asked twice.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { moduleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import {
  hermeticModules,
  program,
  programOutput,
  untaggedVersion,
  wantedModules,
} from "./testing/hermetic-modules.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";
import { versionsIn } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const skip = goIsMissing();

/** The program's go.mod and go.sum, as the go command writes them straight from the upstream. */
async function lockedProgram(upstream: string, folder: string): Promise<void> {
  for (const [name, text] of Object.entries(program)) await writeFile(join(folder, name), text);
  await using go = await goCommand({ goproxy: upstream });
  // This upstream has no branches.
  const wanted = wantedModules.map((one) => one.replace("@main", `@${untaggedVersion}`));
  await go.succeed(["get", ...wanted], folder);
  await go.succeed(["mod", "tidy"], folder);
}

describe("stoa modules seed", { skip }, () => {
  for (const source of ["go.mod", "go.sum"]) {
    test(`from ${source}: an empty module cache builds with the upstream cut`, async () => {
      await using work = await temporaryFolder();
      await using kept = await temporaryFolder();
      await using upstream = await fixtureProxy(
        await Promise.all(hermeticModules.map(moduleFixture)),
      );
      await lockedProgram(upstream.url, work.path);
      const env = { GOPROXY: upstream.url, ATHENS_DISK_STORAGE_ROOT: kept.path };
      const words = ["modules", "seed", join(work.path, source)];
      const first = await finishedStoa(words, env);
      assert.equal(first.code, 0, first.stdout + first.stderr);
      assert.match(first.stdout, /^[1-9][0-9]* fetched, 0 there already, 0 missing\n$/);
      await upstream[Symbol.asyncDispose]();

      const again = await finishedStoa(words, env);
      assert.equal(again.code, 0, again.stdout + again.stderr);
      assert.match(again.stdout, /^0 fetched, [1-9][0-9]* there already, 0 missing\n$/);
      await using stoa = await startStoa({ goproxy: upstream.url, root: kept.path });
      await using go = await goCommand({
        goproxy: stoa.url,
        env: { GOFLAGS: "-mod=readonly -modcacherw" },
      });
      await go.succeed(["mod", "download"], work.path);
      assert.equal(await go.succeed(["run", "."], work.path), programOutput);
    });
  }

  for (const language of ["1.18", "1.16"]) {
    test(`just what go mod download and go list -m all name, in a module of go ${language}`, async () => {
      await using work = await temporaryFolder();
      await using upstream = await fixtureProxy(
        await Promise.all(hermeticModules.map(moduleFixture)),
      );
      await lockedProgram(upstream.url, work.path);
      await using go = await goCommand({ goproxy: upstream.url });
      await go.succeed(["mod", "tidy", `-go=${language}`], work.path);
      const fields = "{{if not .Main}}{{.Path}}/{{.Version}}{{end}}";
      const listed = await go.succeed(["list", "-m", "-f", fields, "all"], work.path);
      const downloaded = await go.succeed(["mod", "download", "-json"], work.path);
      const paths = downloaded
        .split(/(?<=^\})\n/m)
        .filter((one) => one.trim() !== "")
        .map((one) => JSON.parse(one))
        .map(({ Path, Version }) => `${Path}/${Version}`);
      for (const [words, expected] of [
        [[], paths],
        [["--tests"], listed.split("\n").filter((line) => line !== "")],
      ] as const) {
        await using kept = await temporaryFolder();
        const env = { GOPROXY: upstream.url, ATHENS_DISK_STORAGE_ROOT: kept.path };
        const seed = ["modules", "seed", join(work.path, "go.mod"), ...words];
        const { code, stdout, stderr } = await finishedStoa(seed, env);
        assert.equal(code, 0, stdout + stderr);
        const versions = (await versionsIn(kept.path)).map(({ folder }) => folder);
        assert.deepEqual(versions.sort(), [...expected].sort());
      }
    });
  }

  test("what is missing is named with its reason, and the exit code is 1", async () => {
    await using work = await temporaryFolder();
    await using kept = await temporaryFolder();
    await using upstream = await fixtureProxy([]);
    const list = join(work.path, "list");
    await writeFile(list, "example.com/nowhere@v1.0.0\nnonsense v1\n");
    const said = await finishedStoa(["modules", "seed", list], {
      GOPROXY: upstream.url,
      ATHENS_DISK_STORAGE_ROOT: kept.path,
    });
    assert.equal(said.code, 1);
    assert.match(said.stdout, /^unusable: line 2 of the list: /m);
    assert.match(said.stdout, /^missing: example\.com\/nowhere@v1\.0\.0: \S/m);
    assert.match(said.stdout, /^0 fetched, 0 there already, 2 missing$/m);
  });

  test("over HTTP with the administrators' token; without it nothing is fetched", async () => {
    const fixtures = await Promise.all(hermeticModules.map(moduleFixture));
    await using upstream = await fixtureProxy(fixtures);
    await using stoa = await startStoa({
      goproxy: upstream.url,
      env: { STOA_ADMIN_API: "true", STOA_ADMIN_TOKEN: "a-token-for-tests" },
    });
    const body = fixtures.map(({ module }) => `${module.path} ${module.version} h1:\n`).join("");
    const post = (token: string): Promise<Response> =>
      fetch(`${stoa.url}/api/modules/seed`, {
        method: "POST",
        body,
        headers: { authorization: `Bearer ${token}` },
      });
    assert.equal((await post("another")).status, 401);
    const done = await post("a-token-for-tests");
    assert.deepEqual(
      [done.status, await done.json()],
      [200, { present: 0, fetched: fixtures.length, missing: 0 }],
    );
    assert.deepEqual(await (await post("a-token-for-tests")).json(), {
      present: fixtures.length,
      fetched: 0,
      missing: 0,
    });
  });
});
