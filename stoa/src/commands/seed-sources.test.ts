import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readSeedSource } from "./seed-sources.ts";

const folder = await mkdtemp(join(tmpdir(), "stoa-seed-sources-"));
after(() => rm(folder, { recursive: true, force: true }));

async function read(name: string, text: string) {
  const path = join(folder, name);
  await writeFile(path, text);
  const { versions, mods, main, unusable, folders } = await readSeedSource(path, "linux-amd64");
  const names = (list: typeof versions) => list.map((one) => `${one.path}@${one.version}`);
  return { versions: names(versions), mods: names(mods), main, unusable, folders };
}

test("a CycloneDX document names the modules it is made of, not the one it is about", async () => {
  const found = await read(
    "bom.json",
    JSON.stringify({
      bomFormat: "CycloneDX",
      metadata: { component: { purl: "pkg:golang/example.com/main@v1.0.0" } },
      components: [
        { purl: "pkg:golang/example.com/a%2Bb@v1.0.0%2Bincompatible?type=module#sub" },
        {
          purl: "pkg:golang/std@1.26.0",
          components: [{ purl: "pkg:golang/example.com/c@v0.1.0" }],
        },
        { purl: "pkg:npm/left-pad@1.0.0" },
      ],
    }),
  );
  assert.deepEqual(found.versions, ["example.com/c@v0.1.0"]);
  assert.equal(found.unusable.length, 1, "a+b is no module of version 1 that is incompatible");
});

test("an SPDX document names them in external references", async () => {
  const referenceLocator = "pkg:golang/example.com/a@v1.2.3";
  const packages = [{ externalRefs: [{ referenceType: "purl", referenceLocator }] }];
  const found = await read("spdx.json", JSON.stringify({ spdxVersion: "SPDX-2.3", packages }));
  assert.deepEqual(found.versions, ["example.com/a@v1.2.3"]);
});

test("a JSON document of another kind is refused", async () => {
  await assert.rejects(read("other.json", "{}"), /neither CycloneDX nor SPDX/);
});

test("a repository is read where it is, and what is none says so", {
  skip: spawnSync("git", ["version"]).error !== undefined && "there is no git here",
}, async () => {
  const place = join(folder, "remote.git");
  await mkdir(place);
  await writeFile(
    join(place, "go.mod"),
    "module example.com/m\n\ngo 1.21\n\nrequire example.com/a v1.0.0\n",
  );
  for (const words of [
    ["init", "--quiet"],
    ["add", "go.mod"],
    ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "m"],
  ]) {
    const { status, stderr } = spawnSync("git", words, { cwd: place, encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
  for (const written of [place, `file://${place}`]) {
    const { main } = await readSeedSource(written, "");
    const [module] = main?.modules ?? [];
    assert.equal(module?.path, "example.com/m");
    assert.deepEqual(
      module?.requirements.requires.map(({ path, version }) => `${path}@${version}`),
      ["example.com/a@v1.0.0"],
    );
  }
  await assert.rejects(readSeedSource(join(folder, "none.git"), ""), /cannot be read: fatal: /);
});

test("a list names versions in lines, and says which line is none", async () => {
  const found = await read("list", "example.com/a@v1.0.0\nexample.com/b v1.2.0\n\nnot a module\n");
  assert.deepEqual(found.versions, ["example.com/a@v1.0.0", "example.com/b@v1.2.0"]);
  assert.match(found.unusable.join(), /line 4 of the list/);
});

test("a vendor folder names what stands in for modules", async () => {
  const text = [
    "# example.com/a v1.0.0",
    "## explicit; go 1.18",
    "example.com/a",
    "# example.com/b v1.0.0 => example.com/c v1.1.0",
    "# example.com/d v1.0.0 => ../d",
    "# example.com/b => example.com/c v1.1.0",
  ];
  const found = await read("modules.txt", `${text.join("\n")}\n`);
  assert.deepEqual(found.versions, ["example.com/a@v1.0.0", "example.com/c@v1.1.0"]);
});

test("a go.sum asks for versions, and for the go.mod alone where it has no more", async () => {
  const found = await read(
    "go.sum",
    "example.com/a v1.0.0 h1:\nexample.com/a v1.0.0/go.mod h1:\nexample.com/b v1.0.0/go.mod h1:\n",
  );
  assert.deepEqual(found.versions, ["example.com/a@v1.0.0"]);
  assert.deepEqual(found.mods, ["example.com/b@v1.0.0"]);
});

test("a workspace is all its modules, with the toolchain that is named and the folders that stand in", async () => {
  for (const [name, rest] of [
    ["one", "require example.com/a v1.0.0\nreplace example.com/a => ../two\n"],
    ["two", "toolchain go1.25.3\n"],
  ] as const) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "go.mod"), `module example.com/${name}\ngo 1.21\n${rest}`);
  }
  const found = await read("go.work", "go 1.21\nuse (\n\t./one\n\t./two\n)\n");
  assert.equal(found.main?.isWorkspace, true);
  assert.deepEqual(
    found.main?.modules.map(({ path }) => path),
    ["example.com/one", "example.com/two"],
  );
  assert.deepEqual(found.versions, ["golang.org/toolchain@v0.0.1-go1.25.3.linux-amd64"]);
  assert.deepEqual([...found.folders.keys()], ["../two"]);
});
