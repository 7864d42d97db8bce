import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type GoMod, modulePathOf, parseGoMod, type Retraction, retractionsOf } from "./go-mod.ts";
import { InvalidText } from "./invalid-text.ts";

const modulePaths = [
  ["", ""],
  ["module example.com/x", "example.com/x"],
  ["\n// hello\n\tmodule\texample.com/x // world\r\n", "example.com/x"],
  ['module "example.com/x"\n', "example.com/x"],
  ['module "a\\x2fb"\n', "a/b"],
  ["module `example.com/x`\n", "example.com/x"],
  ["module 'example.com/x'\n", "'example.com/x'"],
  ["go 1.21\nmodule a\nmodule b\n", "a"],
  ["module\nmodule a\n", "a"],
  ["modules a\nmodule b\n", "b"],
  ["module(a)\nmodule b\n", "b"],
  ["module (\n\ta\n)\n", "("],
  ["module a b\n", "a b"],
  ["module // a\n", ""],
  ["//module a\n", ""],
  ['module "a\n', ""],
  ['module "a" b\n', ""],
  ['module "a//b"\n', ""],
  ["module a//b\n", "a"],
  ["module http://x\n", "http:"],
  ["module\u00a0a\n", "a"],
  ["module\u0085a\u3000\n", "a"],
  ["\ufeffmodule a\n", ""],
  ["module é/\ud800\n", "é/\ufffd"],
  ["module a\rmodule b\n", "a\rmodule b"],
  ["/* module a */\nmodule b /* c */\n", "b /* c */"],
] as const;

describe("modulePathOf", () => {
  for (const [text, path] of modulePaths) {
    test(JSON.stringify(text), () => {
      assert.equal(modulePathOf(text), path);
      assert.equal(modulePathOf(Buffer.from(text)), path);
    });
  }

  test("keeps bytes that are no UTF-8 apart", () => {
    assert.equal(
      modulePathOf(Uint8Array.of(...Buffer.from("module a"), 0xe2, 0x82)),
      "a\ufffd\ufffd",
    );
  });
});

const nothing: GoMod = { module: undefined, deprecated: undefined, go: undefined, retractions: [] };

const read: readonly (readonly [text: string, said: Partial<GoMod>])[] = [
  ["", {}],
  ["\n\n// just a comment", {}],
  ["module example.com/x\n\ngo 1.24.0\n", { module: "example.com/x", go: "1.24.0" }],
  ['module "example.com/x"', { module: "example.com/x" }],
  ["module (\n\texample.com/x\n)\n", { module: "example.com/x" }],
  ["go 1.21rc1\n", { go: "1.21rc1" }],
  ["go 1.21.0\n", { go: "1.21.0" }],
  ["go v1.12.x\n", { go: "1.12" }],
  ["go 1.12-beta\n", { go: "1.12" }],
  ["go 1.2.3.4\n", { go: "1.2" }],
  ["go (\n\t1.20\n)\n", {}],
  [
    "toolchain nonsense here\ngodebug x\nexclude x\nreplace x\ntool x y z\nfuture ( [ { , } ] )\n",
    {},
  ],
  ["future stuff (\n\tanything , goes [ here\n)\n(\n)\n[\n", {}],
  ["require example.com/y v1.0.0 // indirect\n", {}],
  [
    "require (\n\ta.b/c/v2 v2.0.0\n\td.e/f v3.0.0+incompatible\n\tgopkg.in/check.v1 v0.0.0-2016\n)\n",
    {},
  ],
  ["require not-a-path v1\n", {}],
  ['ignore ./x\nignore (\n\t"a b"\n)\n', {}],
  ["module a\r\ngo 1.21\r\n", { module: "a", go: "1.21" }],
  ["module a // tail\n", { module: "a" }],
  ["module é日本\n", { module: "é日本" }],
];

describe("parseGoMod reads", () => {
  for (const [text, said] of read) {
    test(JSON.stringify(text), () => {
      assert.deepEqual(parseGoMod(text), { ...nothing, ...said });
      assert.deepEqual(parseGoMod(Buffer.from(text)), { ...nothing, ...said });
    });
  }
});

const deprecations: readonly (readonly [text: string, deprecated: string | undefined])[] = [
  ["// Deprecated: use y.\nmodule a\n", "use y."],
  ["module a // Deprecated: use y.\n", "use y."],
  ["//Deprecated:use y.\nmodule a\n", "use y."],
  ["// Deprecated:    use y,\n//   or z.\nmodule a\n", "use y,\nor z."],
  ["// About a.\n//\n// Deprecated: use y.\n//\n// More.\nmodule a\n", "use y."],
  ["// Deprecated: one\n//\n// Deprecated: two\nmodule a\n", "one"],
  ["// Deprecated: one\nmodule a // two\n", "one\ntwo"],
  ["// About.\n//\nmodule a // Deprecated: here\n", "here"],
  ["// About.\nmodule a // Deprecated: here\n", undefined],
  ["// About.\n// Deprecated: not a paragraph\nmodule a\n", undefined],
  ["// deprecated: lower case\nmodule a\n", undefined],
  ["// Deprecated: far away\n\nmodule a\n", undefined],
  ["// Deprecated:\nmodule a\n", undefined],
  ["//\n//\n//\n// Deprecated: x\nmodule a\n", "x"],
  ["// Deprecated: block\nmodule (\n\ta\n)\n", "block"],
  ["// Deprecated: block\nmodule (\n\ta // Deprecated: line\n)\n", "line"],
  ["// Deprecated: block\nmodule (\n\t// Deprecated: above\n\ta\n)\n", "above"],
  ["// Deprecated: block\nmodule (\n\t// far\n\n\ta\n)\n", undefined],
  ["// Deprecated: block\nmodule (\n\n\ta\n)\n", "block"],
  ["module a\n// Deprecated: below\n", undefined],
];

describe("parseGoMod finds the deprecation", () => {
  for (const [text, deprecated] of deprecations) {
    test(JSON.stringify(text), () => {
      assert.deepEqual(parseGoMod(text), { ...nothing, module: "a", deprecated });
    });
  }
});

const retractions: readonly (readonly [text: string, ...retracted: Retraction[]])[] = [
  ["retract v1.0.0\n", one("v1.0.0")],
  ["retract v1.0.0 // oops\n", one("v1.0.0", "oops")],
  ["// above\n//  and more\nretract v1.0.0 // behind\n", one("v1.0.0", "above\nand more\nbehind")],
  ["// far\n\nretract v1.0.0\n", one("v1.0.0")],
  ["retract [v1.0.0, v1.9.9] // range\n", { low: "v1.0.0", high: "v1.9.9", rationale: "range" }],
  ["retract [v1.0.0,v1.9.9]\n", { low: "v1.0.0", high: "v1.9.9", rationale: "" }],
  ['retract [ "v1.0.0" , "v1.9.9" ]\n', { low: "v1.0.0", high: "v1.9.9", rationale: "" }],
  ["retract v1\nretract nonsense\n", one("v1"), one("nonsense")],
  ["retract v1.0.0 and something new\n", one("v1.0.0")],
  [
    "retract [v1.0.0, v1.1.0] and something new\n",
    { low: "v1.0.0", high: "v1.1.0", rationale: "" },
  ],
  ["retract [v1.0.0, v1.1.0)\nretract [v1.0.0 v1.1.0]\nretract [v1.0.0]\nretract [\nretract\n"],
  ["retract `v1.0.0`\nretract 'v1.0.0'\nretract \"v1.0\\q\"\n"],
  ["retract (v1.0.0)\nretract ( )\nretract {\n", one("{")],
  ["retract >v1.0.0\nretract ]\n", one(">v1.0.0"), one("]")],
  [
    "// all\nretract (\n\tv1.0.0\n\tv1.1.0 // one\n\n\t// two\n\tv1.2.0\n\n\tv1.3.0\n)\n",
    one("v1.0.0", "all"),
    one("v1.1.0", "one"),
    one("v1.2.0", "two"),
    one("v1.3.0"),
  ],
  ["retract ( // open\n\tv1.0.0\n) // close\n", one("v1.0.0")],
  ["retract (\n\tv1.0.0 )\n\tv1.1.0\n)\n", one("v1.0.0"), one("v1.1.0")],
  ["retract now (\n\tv1.0.0\n)\n"],
  // A comment behind something that spans lines goes to what comes before it.
  ['retract v1.0.0\nretract "v1.1.0\\\n" // lost\n', one("v1.0.0", "lost")],
  ['retract v1.0.0 // mine\nx "\\\n" // lost\n', one("v1.0.0", "mine\nlost")],
  ['retract v1.0.0\n// alone\n\nx "\\\n" // lost\n', one("v1.0.0")],
  ['retract v1.0.0\n"\\\n" ( ) // lost\n', one("v1.0.0")],
];

describe("parseGoMod finds the retractions", () => {
  for (const [text, ...retracted] of retractions) {
    test(JSON.stringify(text), () => {
      assert.deepEqual(parseGoMod(text), { ...nothing, retractions: retracted });
    });
  }
});

const refused = [
  "module a\nmodule b\n",
  "module (\n\ta\n\tb\n)\n",
  "module\n",
  "module a b\n",
  "module not/a valid//path\n",
  "module 'a'\n",
  "module `a`\n",
  'module "a\\q"\n',
  "go 1.20\ngo 1.21\n",
  "go\n",
  "go 1.20 1.21\n",
  "go 1\n",
  "go 01.2\n",
  "go 1.02\n",
  "go latest\n",
  'go "1.20"\n',
  "require a.b/c\n",
  "require a.b/c v1.0.0 v1.1.0\n",
  "require a.b/c latest\n",
  "require a.b/c v2.0.0\n",
  "require a.b/c/v2 v1.0.0\n",
  "require a.b/c/v1 v1.0.0\n",
  "require 'a.b/c' v1.0.0\n",
  'require a.b/c "v1.0.0\\q"\n',
  "require (\n\ta.b/c\n)\n",
  "ignore\n",
  "ignore a b\n",
  "ignore 'a'\n",
  "module a /* b */\n",
  "/* b */\n",
  "module a/*b\n",
  'x "a\n"',
  'x "a',
  'x "a\\',
  "x `a",
  "x `a\n`",
  "x (\n",
  "x (",
  "x (\n\ty\n) z\n",
  "x (\n) )\n",
  "\ufeffmodule a\n",
  "module a\0\n",
  "module a\u00a0\n",
  "module a\u007f\n",
  "module a\v\n",
  "module a\u200b\n",
  "module \u2028\n",
  "module \ue000\n",
  "module \u1c89\n",
  "module \u{10ffff}\n",
];

describe("parseGoMod refuses", () => {
  for (const text of refused) {
    test(JSON.stringify(text), () => assert.throws(() => parseGoMod(text), refusal));
  }

  test("with the number of the line", () => {
    assert.throws(() => parseGoMod("module a\n\nx /* y */\n"), { message: /: line 3: comments/ });
    assert.throws(() => parseGoMod("module a\n\nx (\n"), { message: /: line 3: the block/ });
  });
});

const covered = [
  ["v0.9.0", []],
  ["v1.0.0", ["one", "range"]],
  ["v1.5.0-rc.1", ["range"]],
  ["v1.9.9", ["range"]],
  ["v1.9.9+incompatible", ["range"]],
  ["v2.0.0", []],
] as const;

describe("retractionsOf", () => {
  const list: readonly Retraction[] = [
    one("v1.0.0", "one"),
    { low: "v1.0.0", high: "v1.9.9", rationale: "range" },
    { low: "v3.0.0", high: "v0.1.0", rationale: "upside down" },
    { low: "v3.0.0", high: "nonsense", rationale: "no end" },
  ];
  for (const [version, rationales] of covered) {
    test(version, () => {
      const found = retractionsOf(version, list).map(({ rationale }) => rationale);
      assert.deepEqual(found, rationales);
    });
  }
});

function one(version: string, rationale = ""): Retraction {
  return { low: version, high: version, rationale };
}

function refusal(failure: unknown): boolean {
  return failure instanceof InvalidText && failure.kind === "go.mod";
}
