// One disk for both: what Athens has kept is Stoa's, and what Stoa keeps is Athens'.
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import {
  athensCatalog,
  athensHas,
  athensLists,
  athensReads,
  athensSaves,
} from "./testing/athens-disk.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const kinds = ["info", "mod", "zip"] as const;

/** Capitals, `/v2`, `+incompatible`, pseudo-versions, pre-releases with capitals, and a module inside another's folder. */
function everyKind(): Promise<ModuleFixture[]> {
  return Promise.all([
    smallModule("github.com/Azure/azure-sdk-for-go", "v1.2.3"),
    smallModule("github.com/Azure/azure-sdk-for-go/sdk/Core", "v0.0.0-20180803171426-1a540c5d67ab"),
    smallModule("example.com/m", "v1.0.0-RC1"),
    smallModule("example.com/m", "v1.0.0"),
    smallModule("example.com/m/v2", "v2.0.0"),
    smallModule("gopkg.in/yaml.v3", "v3.0.1"),
  ]);
}

function namesOf(fixtures: readonly ModuleFixture[]): string[] {
  return fixtures.map(({ module }) => `${module.path}@${module.version}`).sort();
}

test("what Athens has written, Stoa serves byte for byte, and hides what Athens has torn", async () => {
  await using folder = await temporaryFolder();
  const fixtures = await everyKind();
  for (const fixture of fixtures) await athensSaves(folder.path, fixture);
  const torn = await smallModule("example.com/torn", "v1.0.0");
  for (const [version, missing] of [
    ["v1.0.0", "source.zip"],
    ["v1.1.0", "go.mod"],
    ["v1.2.0", "v1.2.0.info"],
  ] as const) {
    const module = { ...torn.module, version: version as typeof torn.module.version };
    await athensSaves(folder.path, { ...torn, module });
    await rm(join(folder.path, torn.module.path, version, missing));
  }
  const env = { ATHENS_NETWORK_MODE: "offline" };
  await using stoa = await startStoa({ goproxy: "off", root: folder.path, env });
  for (const fixture of fixtures) {
    for (const kind of kinds) {
      const { status, body } = await ask(`${stoa.url}${filePath(fixture, kind)}`);
      assert.equal(status, 200);
      assert.deepEqual(body, Buffer.from(fixture[kind]));
    }
  }
  const { text } = await ask(`${stoa.url}/example.com/m/@v/list`);
  assert.deepEqual(text.split("\n").filter(Boolean).sort(), ["v1.0.0", "v1.0.0-RC1"]);
  for (const version of ["v1.0.0", "v1.1.0", "v1.2.0"]) {
    const { status } = await ask(`${stoa.url}/example.com/torn/@v/${version}.zip`);
    assert.equal(status, 404, version);
  }
});

test("what Stoa has kept, Athens reads byte for byte, and finds nothing else", async () => {
  await using folder = await temporaryFolder();
  const fixtures = await everyKind();
  const loose = await smallModule("example.com/loose", "v1.0.0");
  {
    await using scene = await proxiedModules([...fixtures, loose], { root: folder.path });
    for (const fixture of fixtures) await ask(`${scene.stoa.url}${filePath(fixture, "zip")}`);
    for (const kind of ["info", "mod"] as const) {
      await ask(`${scene.stoa.url}${filePath(loose, kind)}`);
    }
    await scene.stoa.stop();
  }
  for (const fixture of fixtures) {
    const { path, version } = fixture.module;
    assert.ok(await athensHas(folder.path, path, version), `${path}@${version}`);
    const { info, mod, zip } = await athensReads(folder.path, path, version);
    const expected = kinds.map((kind) => Buffer.from(fixture[kind]));
    assert.deepEqual([info, mod, zip], expected);
  }
  assert.deepEqual(await athensLists(folder.path, "example.com/m"), ["v1.0.0", "v1.0.0-RC1"]);
  assert.deepEqual(await athensCatalog(folder.path), namesOf(fixtures));
});

test("what was imported, exported, quarantined and removed leaves Athens no trace but whole versions", async () => {
  await using from = await temporaryFolder();
  await using to = await temporaryFolder();
  const fixtures = await everyKind();
  for (const fixture of fixtures) await athensSaves(from.path, fixture);
  const env = { ATHENS_DISK_STORAGE_ROOT: to.path };
  const run = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await finishedStoa(["modules", ...words], env);
    assert.equal(code, 0, `${stdout}${stderr}`);
    return stdout;
  };
  assert.match(await run("import", "--from", `disk:${from.path}`), /6 versions: 6 moved\n$/);
  assert.deepEqual(await athensCatalog(to.path), namesOf(fixtures));

  await run("remove", "example.com/m@v1.0.0", "--yes");
  const left = namesOf(fixtures).filter((name) => name !== "example.com/m@v1.0.0");
  assert.deepEqual(await athensCatalog(to.path), left);
  assert.deepEqual(await athensLists(to.path, "example.com/m"), ["v1.0.0-RC1"]);

  await using athens = await temporaryFolder();
  assert.match(await run("export", "--to", `disk:${athens.path}`), /5 versions: 5 moved\n$/);
  assert.deepEqual(await athensCatalog(athens.path), left);
  for (const { module, ...fixture } of fixtures) {
    if (module.path === "example.com/m" && module.version === "v1.0.0") continue;
    assert.ok(await athensHas(athens.path, module.path, module.version));
    const { zip } = await athensReads(athens.path, module.path, module.version);
    assert.deepEqual(zip, Buffer.from(fixture.zip));
  }
});

test("a fourth file in a version's folder, which hides it from Athens, does not come along", async () => {
  await using from = await temporaryFolder();
  await using to = await temporaryFolder();
  const small = await smallModule("example.com/m", "v1.0.0");
  await athensSaves(from.path, small);
  await writeFile(join(from.path, "example.com/m/v1.0.0/.DS_Store"), "");
  const env = { ATHENS_DISK_STORAGE_ROOT: to.path };
  await finishedStoa(["modules", "import", "--from", from.path], env);
  assert.ok(!(await athensHas(from.path, "example.com/m", "v1.0.0")));
  assert.ok(await athensHas(to.path, "example.com/m", "v1.0.0"));
});
