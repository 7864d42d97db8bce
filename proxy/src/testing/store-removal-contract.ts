// What every StoreRemoval must do, as tests that each driver runs.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ModuleVersion } from "@stoa/gomod";
import type { LooseFiles } from "../domain/loose-files.ts";
import type { StoreRemoval, VersionTraces } from "../domain/store-removal.ts";
import {
  filesOf,
  keptFiles,
  type ModuleStoreUnderTest,
  moduleVersion,
  putFiles,
} from "./module-store-contract.ts";

/** A fresh, empty store with its other doors. */
export interface RemovalUnderTest extends ModuleStoreUnderTest {
  readonly removal: StoreRemoval;
  readonly loose: LooseFiles;
}

/** Declares the tests of the contract for one driver. */
export function storeRemovalContract(name: string, make: () => Promise<RemovalUnderTest>): void {
  describe(`${name} keeps the contract of StoreRemoval:`, () => {
    let made: RemovalUnderTest;
    const module = moduleVersion("github.com/Azure/c", "v1.0.0-RC1");
    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.cleanUp());

    const traces = async (of: ModuleVersion): Promise<readonly VersionTraces[]> =>
      (await made.removal.traces(of.path)).toSorted((a, b) => (a.version < b.version ? -1 : 1));

    test("of a module that is not there are no traces, and removing it is no failure", async () => {
      assert.deepEqual(await traces(module), []);
      await made.removal.remove(module);
    });

    test("what is whole, torn or loose is told apart, and modules of longer paths are others", async () => {
      const at = (version: string): ModuleVersion => moduleVersion(module.path, version);
      await putFiles(made.store, at("v1.0.0"), filesOf("x"));
      await putFiles(made.store, moduleVersion(`${module.path}/d`, "v1.0.0"), filesOf("y"));
      await made.loose.write(at("v1.0.0"), "mod", filesOf("x").mod);
      await made.loose.write(at("v1.2.0"), "info", filesOf("x").info);
      await made.tear?.(at("v1.1.0"), { info: filesOf("x").info, mod: filesOf("x").mod });
      const { info, mod, zip } = filesOf("x");
      const found = await traces(module);
      assert.deepEqual(found[0], {
        version: "v1.0.0",
        state: "whole",
        beside: ["loose mod"],
        bytes: info.length + mod.length + zip.length,
      });
      assert.deepEqual(found.at(-1), {
        version: "v1.2.0",
        state: "absent",
        beside: ["loose info"],
        bytes: 0,
      });
      assert.deepEqual(
        found.slice(1, -1).map(({ version, state }) => `${version} ${state}`),
        made.tear === undefined ? [] : ["v1.1.0 torn"],
      );
    });

    test("what was removed leaves nothing, stays away for everybody, and may come again otherwise", async () => {
      const near = moduleVersion(module.path, "v1.0.0");
      await putFiles(made.store, module, filesOf("x"));
      await putFiles(made.store, near, filesOf("x"));
      await made.loose.write(module, "info", filesOf("x").info);
      await made.removal.remove(module);
      assert.equal(await made.store.open(module, "info"), undefined);
      assert.equal(await made.other.open(module, "zip"), undefined);
      assert.equal(await made.loose.read(module, "info"), undefined);
      assert.deepEqual(
        (await traces(module)).map(({ version }) => version),
        ["v1.0.0"],
      );
      assert.deepEqual(await keptFiles(made.other, near), filesOf("x"));
      await putFiles(made.store, module, filesOf("another"));
      assert.deepEqual(await keptFiles(made.other, module), filesOf("another"));
    });

    test("a torn version goes as a whole one does", async (t) => {
      if (made.tear === undefined) return t.skip("nothing can be torn here");
      await made.tear(module, { info: filesOf("x").info, mod: filesOf("x").mod });
      await made.removal.remove(module);
      assert.deepEqual(await traces(module), []);
    });
  });
}
