// The catalog of the disk store: the contract, and what lies between versions on a disk.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { filesOf, moduleVersion, putFiles } from "../../testing/module-store-contract.ts";
import { versionCatalogContract } from "../../testing/version-catalog-contract.ts";
import { openDiskModuleStore } from "./open-disk-module-store.ts";

versionCatalogContract("openDiskModuleStore", async () => {
  const root = await mkdtemp(join(tmpdir(), "stoa-catalog-"));
  const { store, catalog } = await openDiskModuleStore({ root });
  return { store, catalog, cleanUp: () => rm(root, { recursive: true, force: true }) };
});

test("the disk catalog passes over torn versions, dot-folders, and folders of other names", async (context) => {
  const root = await mkdtemp(join(tmpdir(), "stoa-catalog-"));
  context.after(() => rm(root, { recursive: true, force: true }));
  const { store, catalog, loose } = await openDiskModuleStore({ root });
  await putFiles(store, moduleVersion("a.b/c", "v1.0.0"), filesOf("whole"));
  await loose.write(moduleVersion("a.b/c", "v1.1.0"), "info", Buffer.from("{}"));
  for (const folder of ["a.b/c/v1.2.0", "a.b/c/v2.0.0", ".git/v1.0.0", "a.b/c/v1.2"]) {
    const version = folder.slice(folder.lastIndexOf("/") + 1);
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, `${version}.info`), "{}");
    await writeFile(join(root, folder, "go.mod"), "");
    if (version !== "v1.2.0") await writeFile(join(root, folder, "source.zip"), "");
  }
  const { modules } = await catalog.page(undefined, 10);
  assert.deepEqual(modules, [{ path: "a.b/c", version: "v1.0.0" }]);
});
