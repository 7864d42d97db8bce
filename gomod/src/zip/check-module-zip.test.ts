import assert from "node:assert/strict";
import { test } from "node:test";
import { hashGoMod } from "../directory-hash.ts";
import { InvalidText } from "../invalid-text.ts";
import type { ModuleVersion } from "../module-version.ts";
import {
  type ForgedArchive,
  type ForgedEntry,
  forgeZip,
  zip64Extra,
} from "../testing/forged-zip.ts";
import { memorySource } from "./byte-source.ts";
import { checkModuleZip } from "./check-module-zip.ts";
import { hashZip } from "./hash-zip.ts";

const module = { path: "example.com/a", version: "v1.0.0" } as ModuleVersion;
const prefix = "example.com/a@v1.0.0/";
const mebibyte = 2 ** 20;
const huge = 0xffff_ffff;

/** Entries by their path in the module. */
type Files = readonly (string | ForgedEntry)[];

const sound: readonly (readonly [title: string, files: Files, archive?: ForgedArchive])[] = [
  ["an empty archive", []],
  ["a module without go.mod", ["a.go"]],
  [
    "every descriptor",
    [
      { name: "go.mod", descriptor: "signed" },
      { name: "a", descriptor: "bare" },
    ],
  ],
  ["directories", ["", "d/", "d/", "d/x", "e/go.mod/"]],
  ["a directory called go.mod", ["x/go.mod/y.go", "GO.mod/z.go"]],
  ["files that begin with go.mod", ["go.mod.txt", "x/go.modx"]],
  ["letters of all scripts", ["ünï/中文.go", "\u{10400}.go"]],
  ["zip64 records", ["a.go"], { zip64: true }],
  ["bytes around it", ["a.go"], { before: Buffer.alloc(9), comment: "c", after: Buffer.alloc(9) }],
  ["a go.mod of 16 MiB", [{ name: "go.mod", content: Buffer.alloc(16 * mebibyte, "\n") }]],
  [
    "sizes in 64 bits",
    [
      {
        name: "a",
        content: "hello",
        method: "stored",
        local: { compressedSize: huge, uncompressedSize: huge, extra: zip64Extra(5n, 5n) },
        directory: { compressedSize: huge, uncompressedSize: huge, extra: zip64Extra(5n, 5n) },
      },
    ],
  ],
];

for (const [title, files, archive] of sound) {
  test(`checkModuleZip accepts ${title}`, async () => {
    const source = memorySource(forgeZip(files.map(inModule), archive));
    const checked = await checkModuleZip(source, module);
    assert.equal(checked.hash, await hashZip(source));
  });
}

test("checkModuleZip tells the hash, the go.mod and what there is", async () => {
  const goMod = "module example.com/a\n";
  const files = [
    { name: "go.mod", content: goMod },
    "d/",
    { name: "d/x.go", content: "package x" },
  ];
  const checked = await checkModuleZip(memorySource(forgeZip(files.map(inModule))), module);
  assert.equal(Buffer.from(checked.goMod ?? "").toString(), goMod);
  assert.equal(checked.files, 2);
  assert.equal(checked.uncompressedSize, goMod.length + "package x".length);
  assert.match(checked.hash, /^h1:.{43}=$/);
  assert.notEqual(checked.hash, hashGoMod(Buffer.from(goMod)));
});

const refused: readonly (readonly [title: string, files: Files, reason: RegExp])[] = [
  ["a name outside the module", [{ name: "\u0000" }], /not begin with example.com\/a@v1.0.0\//],
  ["a name that leads out", ["../b"], /consists of dots/],
  ["a name that leads out and in again", ["x/../b"], /consists of dots/],
  ["an absolute name", ["/b"], /starts with a slash/],
  ["two slashes", ["b//c"], /two slashes/],
  ["a directory without a name", ["/"], /empty/],
  ["a backslash", ["b\\c"], /not allowed/],
  ["a device name", ["b/nul.go"], /Windows/],
  ["a bad directory name", ["b:/"], /not allowed/],
  ["a name that is not UTF-8", [raw(`${prefix}\u00ff`)], /not valid UTF-8/],
  ["a name with half a surrogate", [raw(`${prefix}\u00ed\u00a0\u0080`)], /not valid UTF-8/],
  ["a letter that Go does not know yet", ["\u1c89"], /U\+|Go|character/],
  ["a file twice", ["b", "b"], /occurs twice/],
  ["a file and a directory", ["b", "b/"], /both a file and a directory/],
  ["a file with files in it", ["b/c", "b"], /both a file and a directory/],
  ["names that differ in case", ["README", "readme"], /differ only in case/],
  ["directories that differ in case", ["A/x", "a/y"], /differ only in case/],
  ["a nested go.mod", ["x/go.mod"], /only in the root/],
  ["a nested go.mod in capitals", ["x/Go.Mod"], /only in the root/],
  ["a root go.mod in capitals", ["GO.MOD"], /lower case/],
  ["a go.mod above 16 MiB", [ofSize("go.mod", 16 * mebibyte + 1)], /larger than 16777216 bytes/],
  ["a LICENSE above 16 MiB", [ofSize("LICENSE", 16 * mebibyte + 1)], /larger than 16777216 bytes/],
  [
    "more than 500 MiB in all",
    [ofSize("b", 300 * mebibyte), ofSize("c", 200 * mebibyte + 1)],
    /unpacks to more than 524288000 bytes/,
  ],
  [
    "sizes that overflow",
    [{ name: "b", directory: { uncompressedSize: huge, extra: zip64Extra(2n ** 64n - 1n) } }],
    /unpacks to more/,
  ],
  ["a wrong checksum", [{ name: "b", content: "hello", directory: { crc32: 1 } }], /checksum/],
  ["a directory with content", [{ name: "b/", content: "x" }], /directory with content/],
  ["another local name", [{ name: "b", local: { rawName: `${prefix}c` } }], /another name/],
  ["another local method", [{ name: "b", local: { method: 0 } }], /another method/],
  [
    "another local checksum",
    [{ name: "b", content: "x", local: { crc32: 7 } }],
    /another checksum/,
  ],
  [
    "another local size",
    [{ name: "b", content: "x", local: { compressedSize: 7 } }],
    /another comp/,
  ],
  [
    "another local true size",
    [{ name: "b", content: "x", local: { uncompressedSize: 7 } }],
    /another uncompressed size/,
  ],
  [
    "two entries in one place",
    ["b", { ...inModule("b"), directory: { headerOffset: 0 } }],
    /twice/,
  ],
  [
    "an entry that reaches into the next",
    [{ name: "b", content: "x", method: "stored", directory: { compressedSize: 9 } }, "c"],
    /another compressed size|overlaps/,
  ],
  [
    "an entry that reaches into the directory",
    [
      {
        name: "b",
        content: "x",
        local: { compressedSize: huge },
        directory: { compressedSize: 90 },
      },
    ],
    /overlaps the directory/,
  ],
  [
    "an entry within another",
    [
      {
        name: "b",
        content: Buffer.from("x"),
        local: { compressedSize: huge },
        directory: { compressedSize: 60 },
      },
      "c",
      "d",
    ],
    /overlaps another entry/,
  ],
];

for (const [title, files, reason] of refused) {
  test(`checkModuleZip refuses ${title}`, async () => {
    await assert.rejects(
      checkModuleZip(memorySource(forgeZip(files.map(inModule))), module),
      (failure) => {
        assert.ok(failure instanceof InvalidText);
        assert.equal(failure.kind, "module zip");
        assert.equal(failure.text, "example.com/a@v1.0.0");
        assert.match(failure.message, reason);
        return true;
      },
    );
  });
}

test("checkModuleZip names the entry and the rule in one sentence", async () => {
  await assert.rejects(checkModuleZip(memorySource(forgeZip([inModule("x/nul")])), module), {
    message:
      'invalid module zip "example.com/a@v1.0.0": invalid zip entry "example.com/a@v1.0.0/x/nul": ' +
      '"nul" is a device name on Windows',
  });
});

test("checkModuleZip refuses more than a million directories, which take few bytes to name", async () => {
  const deep = Array.from({ length: 31 }, (_, number) =>
    inModule(`${number}/${"d/".repeat(32_600)}`),
  );
  await assert.rejects(
    checkModuleZip(memorySource(forgeZip(deep)), module),
    /more than 1000000 files and directories/,
  );
});

test("checkModuleZip refuses a file above 500 MiB without reading it", async () => {
  const source = {
    size: 500 * mebibyte + 1,
    read: () => assert.fail("it was read"),
  };
  await assert.rejects(checkModuleZip(source, module), /larger than 524288000 bytes/);
});

for (const [path, version] of [
  ["example.com/a", "v2.0.0"],
  ["example.com/a", "v1.0"],
  ["example.com/a/v2", "v1.0.0"],
  ["example", "v1.0.0"],
]) {
  test(`checkModuleZip refuses to be asked for ${path}@${version}`, async () => {
    const impossible = { path, version } as ModuleVersion;
    await assert.rejects(checkModuleZip(memorySource(forgeZip([])), impossible), InvalidText);
  });
}

test("checkModuleZip passes on what the source throws", async () => {
  const gone = new Error("the disk is gone");
  const source = {
    size: 1000,
    read: () => {
      throw gone;
    },
  };
  await assert.rejects(checkModuleZip(source, module), (failure) => failure === gone);
});

function inModule(file: string | ForgedEntry): ForgedEntry {
  if (typeof file === "string") return { name: prefix + file };
  if (file.name === "\u0000" || file.name.startsWith(prefix)) return file;
  return { ...file, name: prefix + file.name };
}

/** An entry whose name is these bytes. */
function raw(rawName: string): ForgedEntry {
  return { name: `${prefix}raw`, local: { rawName }, directory: { rawName } };
}

/** An entry that says it is so large. */
function ofSize(name: string, uncompressedSize: number): ForgedEntry {
  return { name, local: { uncompressedSize }, directory: { uncompressedSize } };
}
