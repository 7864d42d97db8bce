import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidText } from "./invalid-text.ts";
import { checkImportPath, isModulePath, parseModulePath, splitPathVersion } from "./module-path.ts";

/** For each text whether it is a module path and whether it is an import path. */
const paths: readonly (readonly [text: string, isModule: boolean, isImport: boolean])[] = [
  ["example.com", true, true],
  ["x.y/z", true, true],
  ["x.y", true, true],
  ["1.2", true, true],
  ["example.com/A-b_c.d~e/F9", true, true],
  ["x-y.z/-a", true, true],
  ["github.com/!azure", false, false],
  ["", false, false],
  ["/", false, false],
  ["/x.y/z", false, false],
  ["x.y/z/", false, false],
  ["x.y//z", false, false],
  [".", false, false],
  ["..", false, false],
  ["./x.y", false, false],
  ["x.y/..", false, false],
  ["x.y/.../z", false, false],
  ["x.y/.z", false, true],
  [".x.y/z", false, true],
  ["x.y/z.", false, false],
  ["x.y./z", false, false],
  ["x.y/a..b", true, true],
  ["x.y/a+b", false, true],
  ["-x.y/z", false, false],
  ["-", false, false],
  ["x/y.z", false, true],
  ["x", false, true],
  ["X.y/z", false, true],
  ["x_a.y/z", false, true],
  ["x~.y/z", false, true],
  ["x.y/z w", false, false],
  ["x.y/z@v1", false, false],
  ["x.y/z:w", false, false],
  ["x.y/z\\w", false, false],
  ["x.y/z%20", false, false],
  ["x.y/z?w", false, false],
  ["x.y/z\0", false, false],
  ["x.y/z\n", false, false],
  ["x.y/é", false, false],
  ["x.y/日本", false, false],
  ["x.y/\ud800", false, false],
  ["\udc00.y", false, false],
  ["x.y/con", false, false],
  ["x.y/CoN", false, false],
  ["x.y/con.go", false, false],
  ["x.y/con.tar.gz", false, false],
  ["x.y/xcon", true, true],
  ["x.y/go.con", true, true],
  ["con.y/x", false, false],
  ["x.y/prn", false, false],
  ["x.y/aux", false, false],
  ["x.y/NUL/z", false, false],
  ["x.y/com1", false, false],
  ["x.y/Com9.x", false, false],
  ["x.y/com0", true, true],
  ["x.y/com10", true, true],
  ["x.y/com", true, true],
  ["x.y/lpt1", false, false],
  ["x.y/lpt", true, true],
  ["x.y/conin$", false, false],
  ["x.y/a~1", false, false],
  ["x.y/a~01", false, false],
  ["x.y/~1", false, false],
  ["x.y/a~1.go", false, false],
  ["x.y/a.go~1", true, true],
  ["x.y/a~", true, true],
  ["x.y/a~1b", true, true],
  ["x.y/a~1~b", true, true],
  ["x.y/a~b~1", false, false],
  ["x.y/v2", true, true],
  ["x.y/v1", false, true],
  ["x.y/v0", false, true],
  ["x.y/v02", false, true],
  ["x.y/v2.0", false, true],
  ["x.y/v2/sub", true, true],
  ["x.y/v1/sub", true, true],
  ["x.y/v", true, true],
  ["x.y/v2x", true, true],
  [`x.y/v1${"0".repeat(1000)}`, true, true],
  ["gopkg.in/yaml.v3", true, true],
  ["gopkg.in/yaml.v0", true, true],
  ["gopkg.in/user/yaml.v1", true, true],
  ["gopkg.in/yaml.v2-unstable", true, true],
  ["gopkg.in/yaml", false, true],
  ["gopkg.in/yaml/v2", false, true],
  ["gopkg.in/yaml.v01", false, true],
  ["gopkg.in/yaml.v0-unstable", false, true],
  ["gopkg.in/yaml.v2.1", false, true],
  ["gopkg.in", true, true],
];

for (const [text, isModule, isImport] of paths) {
  const name = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  test(`${name} is ${isModule ? "a" : "no"} module path`, () => {
    assert.equal(isModulePath(text), isModule);
    if (isModule) assert.equal(parseModulePath(text), text);
    else assert.throws(() => parseModulePath(text), refusal("module path", text));
  });
  test(`${name} is ${isImport ? "an" : "no"} import path`, () => {
    if (isImport) checkImportPath(text);
    else assert.throws(() => checkImportPath(text), refusal("import path", text));
  });
}

const splits: readonly (readonly [path: string, prefix?: string, pathMajor?: string])[] = [
  ["x.y/z", "x.y/z", ""],
  ["x.y/z/v2", "x.y/z", "/v2"],
  ["x.y/z/v10", "x.y/z", "/v10"],
  ["x.y/v2/v3", "x.y/v2", "/v3"],
  ["/v2", "", "/v2"],
  ["v2", "v2", ""],
  ["", "", ""],
  ["x.y/zv2", "x.y/zv2", ""],
  ["x.y/z.v2", "x.y/z.v2", ""],
  ["x.y/v", "x.y/v", ""],
  ["x.y/v2/", "x.y/v2/", ""],
  ["x.y/V2", "x.y/V2", ""],
  ["x.y/v0"],
  ["x.y/v1"],
  ["x.y/v01"],
  ["x.y/v2.1"],
  ["x.y/v."],
  ["x.y/v.2"],
  ["gopkg.in/yaml.v2", "gopkg.in/yaml", ".v2"],
  ["gopkg.in/yaml.v0", "gopkg.in/yaml", ".v0"],
  ["gopkg.in/yaml.v1", "gopkg.in/yaml", ".v1"],
  ["gopkg.in/yaml.v2-unstable", "gopkg.in/yaml", ".v2-unstable"],
  ["gopkg.in/yaml.v-unstable", "gopkg.in/yaml", ".v-unstable"],
  ["gopkg.in/yaml.v"],
  ["gopkg.in/yaml.v00"],
  ["gopkg.in/yaml.v02"],
  ["gopkg.in/yaml.v0-unstable"],
  ["gopkg.in/yaml/v2"],
  ["gopkg.in/yaml"],
  ["gopkg.in/"],
  ["gopkg.in", "gopkg.in", ""],
];

describe("splitPathVersion", () => {
  for (const [path, prefix, pathMajor] of splits) {
    test(JSON.stringify(path), () => {
      const expected = prefix === undefined ? undefined : { prefix, pathMajor };
      assert.deepEqual(splitPathVersion(path), expected);
    });
  }
});

test("a refusal says what is wrong with the path", () => {
  assert.throws(() => parseModulePath("example/x"), { message: /"example" has no dot/ });
  assert.throws(() => parseModulePath("x.y/a b"), { message: /the character " " is not allowed/ });
  assert.throws(() => parseModulePath("x.y/nul.c"), {
    message: /"nul" is a device name on Windows/,
  });
});

function refusal(kind: string, text: string): (failure: unknown) => boolean {
  return (failure) =>
    failure instanceof InvalidText && failure.kind === kind && failure.text === text;
}
