import assert from "node:assert/strict";
import { test } from "node:test";
import { isVendored, type VendorRule, vendorRuleOf } from "./vendor-rule.ts";

const goVersions: readonly (readonly [goMod: string, rule: VendorRule])[] = [
  ["module m", "before go 1.24"],
  ["go 1.23", "before go 1.24"],
  ["go 1.23.9", "before go 1.24"],
  ["go 1.9", "before go 1.24"],
  ["go 1.24", "since go 1.24"],
  ["go 1.24.0", "since go 1.24"],
  ["go 1.24rc1", "since go 1.24"],
  ["go 1.24foo1", "since go 1.24"],
  ["module m\n\ngo 1.100\n", "since go 1.24"],
  ["go 2.0", "since go 1.24"],
  ["go 10.1", "since go 1.24"],
  ["go 1.99999999999999999999999999", "since go 1.24"],
  // Lax: what follows the two numbers does not matter.
  ["go v1.25", "before go 1.24"],
  ["go v1.25.x", "since go 1.24"],
  ["go 1.25-custom", "since go 1.24"],
  // Valid in a go.mod, but no version to go/version: a candidate of a patch, a candidate with a leading zero.
  ["go 1.25.0rc1", "before go 1.24"],
  ["go 1.25rc01", "before go 1.24"],
  // Where the go command cannot read the file, the rule is the old one.
  ["go 1.25\ngo 1.25", "before go 1.24"],
  ["go 1.25\nrequire x", "before go 1.24"],
  ["go 1.25\n/* comment */", "before go 1.24"],
  ["go 1.25\nfuture directive", "since go 1.24"],
  ["go (\n1.25\n)", "before go 1.24"],
];

for (const [goMod, rule] of goVersions) {
  test(`vendorRuleOf ${JSON.stringify(goMod)} is ${rule}`, () => {
    assert.equal(vendorRuleOf(Buffer.from(goMod)), rule);
  });
}

test("vendorRuleOf a module without go.mod is the old one", () => {
  assert.equal(vendorRuleOf(undefined), "before go 1.24");
});

const paths: readonly (readonly [path: string, before: boolean, since: boolean])[] = [
  ["vendor/modules.txt", false, true],
  ["vendor/x.go", false, false],
  ["vendor/p/x.go", true, true],
  ["vendor", false, false],
  ["vendored/p/x.go", false, false],
  ["a/vendored/p/x.go", false, false],
  ["Vendor/p/x.go", false, false],
  ["pkg/vendor/modules.txt", true, false],
  ["pkg/vendor/vendor.go", true, false],
  ["pkg/vendor/p/x.go", true, true],
  ["a/vendor/x.go", true, false],
  // The first seven bytes do not count, so the slash at the eighth does.
  ["long/path/vendor/x.go", true, false],
  ["/vendor/x.go", false, false],
  ["/vendor/p/x.go", true, true],
  ["a/vendor/b/vendor/x.go", true, true],
  ["vendor/vendor/x.go", true, true],
];

for (const [path, before, since] of paths) {
  test(`isVendored ${path}: ${before} before, ${since} since Go 1.24`, () => {
    assert.equal(isVendored(path, "before go 1.24"), before);
    assert.equal(isVendored(path, "since go 1.24"), since);
  });
}
