// What every VersionCatalog must do, as tests that each driver runs.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ModuleVersion } from "@stoa/gomod";
import type { ModuleStore } from "../domain/module-store.ts";
import type { VersionCatalog } from "../domain/version-catalog.ts";
import { filesOf, moduleVersion, putFiles } from "./module-store-contract.ts";

/** A store and its catalog, empty. */
export interface CatalogUnderTest {
  readonly store: ModuleStore;
  readonly catalog: VersionCatalog;
  cleanUp(): Promise<void>;
}

/** Names that trap who sorts or compares them wrongly, and one that looks like a version inside of a path. */
const awkward = [
  "a.b/c@v1.0.0",
  "a.b/c@v2.0.0+incompatible",
  "a.b/c@v10.0.0+incompatible",
  "a.b/c@v0.0.0-20200102030405-abcdefabcdef",
  "a.b/c/v2@v2.0.0",
  "a.b/c/v1.0.0/d@v1.0.0",
  "a.b/c-d@v1.0.0",
  "a.b/c.d@v1.0.0",
  "a.b/C@v1.0.0",
  "a.b/c/d@v0.9.0",
  "a.b/d@v0.1.0",
  "a.b/e@v1.5.0",
  "b.a/a@v0.0.1",
];

/** Declares the tests of the contract for one driver. */
export function versionCatalogContract(name: string, make: () => Promise<CatalogUnderTest>): void {
  describe(`${name} keeps the contract of VersionCatalog:`, () => {
    let made: CatalogUnderTest;

    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.cleanUp());

    const fill = async (names: readonly string[]): Promise<void> => {
      for (const text of names) await putFiles(made.store, toModule(text), filesOf(text));
    };

    test("an empty store has one empty page", async () => {
      assert.deepEqual(await made.catalog.page(undefined, 10), { modules: [], next: undefined });
    });

    for (const size of [1, 2, 3, 5, 12, 13, 14, 1000]) {
      test(`pages of ${size} give each version once`, async () => {
        await fill(awkward);
        const pages = await allPages(made.catalog, size);
        assert.deepEqual(pages.flat().toSorted(), awkward.toSorted());
        assert.ok(pages.slice(0, -1).every((page) => page.length === size));
        assert.equal(pages.length, Math.ceil(awkward.length / size));
      });
    }

    test("a token stays good when other versions come before and behind it", async () => {
      await fill(awkward);
      const first = await made.catalog.page(undefined, 5);
      const seen = first.modules.map(toText);
      await fill(["a.a/a@v1.0.0", "z.z/z@v1.0.0"]);
      const rest = (await allPages(made.catalog, 5, first.next)).flat();
      const others = awkward.filter((text) => !seen.includes(text));
      assert.deepEqual(rest.toSorted(), [...others, "z.z/z@v1.0.0"].toSorted());
    });

    test("a token of a version that is not there names a place all the same", async () => {
      await fill(["a.b/c@v1.0.0", "a.b/e@v1.0.0"]);
      const { modules, next } = await made.catalog.page("a.b/d|v1.0.0", 10);
      assert.deepEqual([modules.map(toText), next], [["a.b/e@v1.0.0"], undefined]);
    });

    for (const token of ["", "nonsense", "a.b/c|", "|v1.0.0", "a|b|c"]) {
      test(`${JSON.stringify(token)} is no token`, async () => {
        await assert.rejects(made.catalog.page(token, 10), { code: "bad_request" });
      });
    }
  });
}

async function allPages(
  catalog: VersionCatalog,
  size: number,
  from?: string,
): Promise<readonly string[][]> {
  const pages: string[][] = [];
  for (let token = from; ; ) {
    const { modules, next } = await catalog.page(token, size);
    pages.push(modules.map(toText));
    if (next === undefined) return pages;
    token = next;
  }
}

function toModule(text: string): ModuleVersion {
  const [path = "", version = ""] = text.split("@");
  return moduleVersion(path, version);
}

function toText({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}
