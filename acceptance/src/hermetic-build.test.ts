// The real go command, which knows of Stoa alone, builds a program whose modules Stoa fetches from a test's own upstream.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fixturesFrom, type ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { finishedProgram } from "./testing/finished-program.ts";
import { freePort } from "./testing/free-port.ts";
import { type GoCommand, goCommand, goIsMissing } from "./testing/go-command.ts";
import {
  hermeticModules,
  program,
  programOutput,
  untaggedVersion,
  wantedModules,
} from "./testing/hermetic-modules.ts";
import { writeFiles } from "./testing/sources.ts";
import { keptFolder, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

const prefix = "/go/modules";

describe("go build through Stoa", { skip: goIsMissing() }, () => {
  let folder: TemporaryFolder;
  let root: string;
  let fixtures: readonly ModuleFixture[];
  let upstream: FixtureProxy;
  let stoa: StoaProcess;
  let goModAndSum: { readonly mod: string; readonly sum: string };

  before(async () => {
    folder = await temporaryFolder();
    root = await keptFolder(folder);
    fixtures = await fixturesFrom(hermeticModules);
    upstream = await fixtureProxy(fixtures);
    answerMain(upstream, fixtures);
    stoa = await startStoa({ goproxy: upstream.url, root, prefix });
  });

  after(async () => {
    await stoa[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  test("go get, go build and the program itself work, and go.sum is as without Stoa", async () => {
    await using through = await goCommand({ goproxy: stoa.url });
    await using straight = await goCommand({ goproxy: upstream.url });
    goModAndSum = await gotten(through);
    assert.deepEqual(goModAndSum, await gotten(straight));
    assert.match(goModAndSum.sum, /^github\.com\/ACME\/Shouting v1\.0\.0 h1:/m);
    assert.match(goModAndSum.mod, /example\.com\/old v2\.1\.0\+incompatible/);
    assert.match(goModAndSum.mod, new RegExp(`example.com/untagged ${untaggedVersion}`));
    assert.match(goModAndSum.mod, /example\.com\/retracted v1\.0\.0/);
    assert.equal(await built(through, join(through.folder, "program")), programOutput);
  });

  test("go list shows retracted versions to those who want them, with the reason", async () => {
    await using go = await goCommand({ goproxy: stoa.url });
    const list = ["list", "-m", "-versions"];
    assert.equal(
      await go.succeed([...list, "example.com/retracted"]),
      "example.com/retracted v1.0.0\n",
    );
    assert.equal(
      await go.succeed([...list, "-retracted", "example.com/retracted"]),
      "example.com/retracted v1.0.0 v1.1.0 v1.2.0\n",
    );
    const retracted = await go.succeed([
      "list",
      "-m",
      "-retracted",
      "-json",
      "example.com/retracted@v1.1.0",
    ]);
    assert.deepEqual((JSON.parse(retracted) as { Retracted?: string[] }).Retracted, [
      "They eat their own tail.",
    ]);
  });

  test("what does not exist is refused with Stoa's sentence, and the next entry of GOPROXY is asked", async () => {
    await using go = await goCommand({ goproxy: stoa.url });
    for (const wanted of ["example.com/major@v1.9.9", "example.com/nobody@v1.0.0"]) {
      const { code, stderr } = await go.run(["mod", "download", wanted]);
      assert.notEqual(code, 0);
      assert.match(stderr, /404 Not Found/);
      assert.match(stderr, new RegExp(`not found: ${wanted.replace("@", "@")}`));
    }
    await using second = await fixtureProxy(await fixturesFrom([onlyElsewhere]));
    await using both = await goCommand({ goproxy: `${stoa.url},${second.url}` });
    await both.succeed(["mod", "download", "example.com/elsewhere@v1.0.0"]);
  });

  test("an outage is told as one, and the next entry of GOPROXY is not asked", async () => {
    upstream.fail(/./, { status: 500, body: "the disks are on fire" });
    try {
      await using second = await fixtureProxy(await fixturesFrom([onlyElsewhere]));
      await using go = await goCommand({ goproxy: `${stoa.url},${second.url}` });
      const { code, stderr } = await go.run(["mod", "download", "example.com/elsewhere@v1.0.0"]);
      assert.notEqual(code, 0);
      assert.match(stderr, /50[234] /);
      assert.match(stderr, /the disks are on fire/);
      assert.equal(second.requests.length, 0);
    } finally {
      upstream.heal();
      answerMain(upstream, fixtures);
    }
  });

  test("with the upstream gone, and Stoa started anew, the same program is built from what is kept", async () => {
    assert.deepEqual(await stoa.stop(), { code: 0, signal: null });
    const nobody = `http://127.0.0.1:${await freePort()}`;
    await using later = await startStoa({ goproxy: nobody, root, prefix });
    await using go = await goCommand({ goproxy: later.url });
    const sources = await writeFiles(join(go.folder, "program"), {
      ...program,
      "go.mod": goModAndSum.mod,
      "go.sum": goModAndSum.sum,
    });
    assert.equal(await built(go, sources), programOutput);
    assert.equal(await readFile(join(sources, "go.sum"), "utf8"), goModAndSum.sum);

    const { code, stderr } = await go.run(["mod", "download", "example.com/elsewhere@v1.0.0"]);
    assert.notEqual(code, 0);
    assert.match(stderr, /50[234] /);
    assert.doesNotMatch(stderr, /404/);
  });
});

const onlyElsewhere =
  "module example.com/elsewhere@v1.0.0\n-- elsewhere.go --\npackage elsewhere\n";

/** A branch is a question that no fixture answers by itself. */
function answerMain(upstream: FixtureProxy, fixtures: readonly ModuleFixture[]): void {
  const tip = fixtures.find(({ module }) => module.path === "example.com/untagged");
  assert.ok(tip);
  const headers = { "content-type": "application/json" };
  const body = Buffer.from(tip.info).toString();
  upstream.fail("/example.com/untagged/@v/main.info", { status: 200, body, headers });
}

/** Lets \`go get\` choose the versions, and gives what it wrote down. */
async function gotten(go: GoCommand): Promise<{ readonly mod: string; readonly sum: string }> {
  const sources = await writeFiles(join(go.folder, "program"), program);
  await go.succeed(["get", ...wantedModules], sources);
  await go.succeed(["mod", "tidy"], sources);
  const [mod, sum] = await Promise.all([
    readFile(join(sources, "go.mod"), "utf8"),
    readFile(join(sources, "go.sum"), "utf8"),
  ]);
  return { mod, sum };
}

/** Builds a program and gives what it prints. */
async function built(go: GoCommand, sources: string): Promise<string> {
  const executable = join(go.folder, "built");
  await go.succeed(["build", "-o", executable, "."], sources);
  const { stdout } = await finishedProgram(executable, [], { cwd: sources, env: {} });
  return stdout;
}
