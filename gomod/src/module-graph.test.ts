import assert from "node:assert/strict";
import { test } from "node:test";
import { requirementsIn } from "./go-mod-requirements.ts";
import { replacementFor, walkModuleGraph } from "./module-graph.ts";
import { parseModulePath } from "./module-path.ts";
import { parseVersion } from "./version.ts";

const files: Readonly<Record<string, string>> = {
  "example.com/new@v1.0.0": "go 1.17\nrequire example.com/deep v1.2.0",
  "example.com/old@v1.0.0":
    "go 1.16\nrequire example.com/deep v1.1.0\nrequire example.com/far v1.0.0",
  "example.com/deep@v1.1.0": "go 1.17\nrequire example.com/deeper v1.0.0",
  "example.com/deep@v1.2.0": "go 1.17\nrequire example.com/deeper v1.5.0",
  "example.com/deeper@v1.0.0": "",
  "example.com/deeper@v1.5.0": "",
  "example.com/far@v1.0.0": "",
};

async function walk(goMod: string) {
  const requirements = requirementsIn(goMod);
  const failed: string[] = [];
  const graph = await walkModuleGraph(
    {
      modules: [{ path: "example.com/main", requirements }],
      replaces: requirements.replaces,
      isWorkspace: false,
    },
    async ({ path, version }) => requirementsIn(files[`${path}@${version}`] ?? assert.fail()),
    (module) => failed.push(module.path),
  );
  const names = (list: typeof graph.read) =>
    list.map(({ path, version }) => `${path.slice(12)}@${version}`).sort();
  return {
    read: names(graph.read),
    selected: names(graph.selected),
    needed: names(graph.needed),
    failed,
  };
}

test("a pruned root is read, and its requirements count without being read", async () => {
  assert.deepEqual(await walk("go 1.17\nrequire example.com/new v1.0.0"), {
    read: ["new@v1.0.0"],
    selected: ["deep@v1.2.0", "new@v1.0.0"],
    needed: ["new@v1.0.0"],
    failed: [],
  });
});

test("behind a module older than pruning everything is read", async () => {
  const found = await walk(
    "go 1.17\nrequire (\n\texample.com/old v1.0.0\n\texample.com/new v1.0.0\n)",
  );
  assert.deepEqual(found.read, [
    "deep@v1.1.0",
    "deeper@v1.0.0",
    "far@v1.0.0",
    "new@v1.0.0",
    "old@v1.0.0",
  ]);
  assert.deepEqual(found.selected, [
    "deep@v1.2.0",
    "deeper@v1.0.0",
    "far@v1.0.0",
    "new@v1.0.0",
    "old@v1.0.0",
  ]);
  assert.deepEqual(found.needed, ["new@v1.0.0", "old@v1.0.0"]);
});

test("a main module older than pruning needs all of its graph", async () => {
  const found = await walk("go 1.16\nrequire example.com/new v1.0.0");
  assert.deepEqual(found.needed, ["deep@v1.2.0", "deeper@v1.5.0", "new@v1.0.0"]);
});

test("what is excluded does not count, and what fails is told of once", async () => {
  const found = await walk(
    "go 1.16\nrequire example.com/gone v1.0.0\nexclude example.com/new v1.0.0\nrequire example.com/new v1.0.0",
  );
  assert.deepEqual(found.failed, ["example.com/gone"]);
  assert.deepEqual(found.selected, ["gone@v1.0.0"]);
});

test("a replacement of one version goes before one of all", () => {
  const { replaces } = requirementsIn(
    "replace example.com/a => ../a\nreplace example.com/a v1.0.0 => example.com/b v1.5.0",
  );
  const a = (version: string) => ({
    path: parseModulePath("example.com/a"),
    version: parseVersion(version),
  });
  assert.deepEqual(replacementFor(a("v1.1.0"), replaces), { folder: "../a" });
  assert.deepEqual(replacementFor(a("v1.0.0"), replaces), {
    path: "example.com/b",
    version: "v1.5.0",
  });
});
