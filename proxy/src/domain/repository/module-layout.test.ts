import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseModulePath } from "@stoa/gomod";
import { moduleLayout } from "./module-layout.ts";

/** Path, root, directory in the place; then directory, directory of the major version, prefix of tags. */
const layouts: readonly (readonly [string, string, string, string, string | undefined, string])[] =
  [
    ["a.b/c", "a.b/c", "", "", undefined, ""],
    ["a.b/c/v2", "a.b/c", "", "", "v2", ""],
    ["a.b/c/v2", "a.b/c/v2", "", "", undefined, ""],
    ["a.b/c/d/e", "a.b/c", "", "d/e", undefined, "d/e/"],
    ["a.b/c/d/v3", "a.b/c", "", "d", "d/v3", "d/"],
    ["a.b/c/v2/d", "a.b/c", "", "v2/d", undefined, "v2/d/"],
    ["a.b/c", "a.b/c", "x/y", "x/y", undefined, "x/y/"],
    ["a.b/c/d/v2", "a.b/c", "x/../y", "d/y", "d/y/v2", "d/y/"],
    ["gopkg.in/x.v2", "gopkg.in/x.v2", "", "", undefined, ""],
  ];

describe("moduleLayout", () => {
  for (const [path, root, inPlace, directory, majorDirectory, tagPrefix] of layouts) {
    it(`of ${path} in ${root} ${inPlace}`, () => {
      const place = { system: "git", urls: [], root, directory: inPlace };
      const layout = moduleLayout(parseModulePath(path), place);
      assert.deepEqual(
        [layout.directory, layout.majorDirectory, layout.tagPrefix],
        [directory, majorDirectory, tagPrefix],
      );
    });
  }

  it("refuses a repository that is none for the module", () => {
    for (const root of ["a.b/x", "a.b/c/v2/x", "a.b/cc"]) {
      const place = { system: "git", urls: [], root, directory: "" };
      assert.throws(() => moduleLayout(parseModulePath("a.b/c/v2"), place), { code: "not_found" });
    }
  });
});
