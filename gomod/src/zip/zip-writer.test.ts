import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidText } from "../invalid-text.ts";
import type { ModuleVersion } from "../module-version.ts";
import { memorySource } from "./byte-source.ts";
import { checkModuleZip } from "./check-module-zip.ts";
import { readZipDirectory } from "./zip-directory.ts";
import { type ReadableModuleFile, writeModuleZip } from "./zip-writer.ts";

const module = { path: "example.com/a", version: "v1.0.0" } as ModuleVersion;

test("writeModuleZip writes what checkModuleZip accepts", async () => {
  const zip = await written([
    file("go.mod", "module example.com/a\n"),
    file("empty", ""),
    file("ünï.go", "package a\n"),
    file("large", Buffer.alloc(3 * 2 ** 20 + 1, "abc")),
  ]);
  const checked = await checkModuleZip(memorySource(zip), module);
  assert.equal(Buffer.from(checked.goMod ?? "").toString(), "module example.com/a\n");
  assert.equal(checked.files, 4);
  assert.equal(checked.uncompressedSize, 21 + 10 + 3 * 2 ** 20 + 1);
});

test("writeModuleZip says what checkModuleZip finds", async () => {
  for (const files of [
    [],
    [file("ünï.go", "package a\n"), file("a/b.go", "x"), file("large", Buffer.alloc(2 ** 21, "x"))],
    [file("b", ""), file("go.mod", "module example.com/a\n"), file("vendor/x/y.go", "x")],
  ]) {
    const zip = writeModuleZip(module, files);
    const chunks: Uint8Array[] = [];
    let step = await zip.next();
    for (; !step.done; step = await zip.next()) chunks.push(step.value);
    const { goMod, ...found } = step.value;
    const checked = await checkModuleZip(memorySource(Buffer.concat(chunks)), module);
    assert.deepEqual({ ...found, goMod: goMod && new Uint8Array(goMod) }, checked);
  }
});

test("writeModuleZip of nothing is an empty archive", async () => {
  assert.equal((await written([])).toString("latin1"), `PK\u0005\u0006${"\u0000".repeat(18)}`);
});

test("writeModuleZip leaves out what does not belong to the module", async () => {
  const zip = await written([
    file("go.mod", "module example.com/a\n\ngo 1.24\n"),
    file("vendor/modules.txt", "x"),
    file("pkg/vendor/x.go", "x"),
    file("nested/go.mod", ""),
    { ...file("link", "x"), kind: "symlink", read: () => assert.fail("it was read") },
  ]);
  assert.deepEqual(names(zip), [
    "example.com/a@v1.0.0/go.mod",
    "example.com/a@v1.0.0/pkg/vendor/x.go",
  ]);
});

test("writeModuleZip gives the same bytes however the files are cut", async () => {
  const content = Buffer.from(
    Array.from({ length: 2_500_000 }, (_, index) => (index * index) >> 7),
  );
  const whole = await written([file("a", content), file("b", content.subarray(0, 1000))]);
  for (const chunkBytes of [997, 65_536, 2 ** 20, 2 ** 20 + 1]) {
    const cut = async function* (bytes: Buffer): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        yield bytes.subarray(at, at + chunkBytes);
      }
    };
    const same = await written([
      { ...file("a", content), read: () => cut(content) },
      { ...file("b", content.subarray(0, 1000)), read: () => cut(content.subarray(0, 1000)) },
    ]);
    assert.ok(same.equals(whole), `in chunks of ${chunkBytes}`);
  }
});

test("writeModuleZip writes no time and marks names that are not ASCII", async () => {
  const zip = await written([file("a", "x"), file("é", "x")]);
  const [ascii, other] = readZipDirectory(memorySource(zip)).entries;
  assert.equal(ascii?.flags, 0x0008);
  assert.equal(other?.flags, 0x0808);
  assert.equal(zip.readUInt32LE(10), 0);
});

test("writeModuleZip writes more files than 16 bits can count", async () => {
  const files = Array.from({ length: 65_536 }, (_, number) => file(`${number}`, ""));
  const zip = await written(files);
  assert.equal(names(zip).length, 65_536);
  assert.equal((await checkModuleZip(memorySource(zip), module)).files, 65_536);
});

const refused: readonly (readonly [title: string, files: ReadableModuleFile[], reason: RegExp])[] =
  [
    ["a bad name", [file("a:b", "")], /^invalid module zip "example.com\/a@v1.0.0": a:b: /],
    ["names that differ in case", [file("a", ""), file("A", "")], /differ only in case/],
    [
      "a file larger than announced",
      [{ ...file("a", "xx"), sizeBytes: 1 }],
      /larger than the 1 bytes/,
    ],
    [
      "a file smaller than announced",
      [{ ...file("a", "x"), sizeBytes: 2 }],
      /smaller than the 2 bytes/,
    ],
    ["an empty file announced otherwise", [{ ...file("a", ""), sizeBytes: 2 }], /smaller/],
    ["a name too long for a zip", [file("a".repeat(65_530), "")], /too long/],
    [
      "files too large together",
      [{ ...file("a", ""), sizeBytes: 500 * 2 ** 20 }, file("b", "x")],
      /add up to more/,
    ],
    [
      "a go.mod too large",
      [{ ...file("go.mod", ""), sizeBytes: 16 * 2 ** 20 + 1 }],
      /go\.mod: .*larger/,
    ],
  ];

for (const [title, files, reason] of refused) {
  test(`writeModuleZip refuses ${title}`, async () => {
    await assert.rejects(written(files), (failure) => {
      assert.ok(failure instanceof InvalidText);
      assert.equal(failure.kind, "module zip");
      assert.match(failure.message, reason);
      return true;
    });
  });
}

test("writeModuleZip refuses a path and a version that do not fit", async () => {
  const impossible = { ...module, version: "v2.0.0" } as ModuleVersion;
  await assert.rejects(Array.fromAsync(writeModuleZip(impossible, [])), InvalidText);
});

for (const sizeBytes of [10, 5 * 2 ** 20]) {
  test(`writeModuleZip passes on a failure to read a file of ${sizeBytes} bytes`, async () => {
    const gone = new Error("the disk is gone");
    const read = async function* (): AsyncGenerator<Uint8Array> {
      for (let left = sizeBytes; left > 5; left = Math.ceil(left / 2)) {
        yield Buffer.alloc(Math.floor(left / 2));
      }
      throw gone;
    };
    const broken: ReadableModuleFile = { path: "a", kind: "regular", sizeBytes, read };
    await assert.rejects(written([broken]), (failure) => failure === gone);
  });
}

test("writeModuleZip lets go of a file when its reader leaves", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const read = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from(Array.from({ length: 2 ** 20 }, (_, index) => (index ** 2) >> 3));
    } finally {
      resolve();
    }
  };
  const endless: ReadableModuleFile = { path: "a", kind: "regular", sizeBytes: 2 ** 28, read };
  let chunks = 0;
  for await (const _ of writeModuleZip(module, [endless])) if (++chunks === 3) break;
  await closed;
});

function file(path: string, content: string | Buffer): ReadableModuleFile {
  const bytes = Buffer.from(content);
  return { path, kind: "regular", sizeBytes: bytes.length, read: () => [bytes] };
}

async function written(files: readonly ReadableModuleFile[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeModuleZip(module, files)));
}

function names(zip: Buffer): string[] {
  return readZipDirectory(memorySource(zip)).entries.map((entry) => entry.rawName);
}
