import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { hashFiles, hashRawFiles } from "../directory-hash.ts";
import { InvalidText } from "../invalid-text.ts";
import { type ForgedEntry, forgeZip, zip64Extra } from "../testing/forged-zip.ts";
import { memorySource } from "./byte-source.ts";
import { hashZip } from "./hash-zip.ts";

/** Above the size up to which an entry is unpacked in one go. */
const large = Buffer.alloc(5 * 2 ** 20, "large content ");

const sound: readonly (readonly [title: string, entry: ForgedEntry])[] = [
  ["deflated content", { name: "a", content: "hello" }],
  ["stored content", { name: "a", content: "hello", method: "stored" }],
  ["a signed data descriptor", { name: "a", content: "hello", descriptor: "signed" }],
  ["a bare data descriptor", { name: "a", content: "hello", descriptor: "bare" }],
  [
    "a checksum left out",
    { name: "a", content: "hello", local: { crc32: 0 }, directory: { crc32: 0 } },
  ],
  [
    "a local header that lies",
    { name: "a", content: "hello", local: { rawName: "z", method: 99, compressedSize: 1 } },
  ],
  [
    "more data than the packed content takes",
    {
      name: "a",
      content: "hello",
      data: Buffer.concat([deflateRawSync("hello"), Buffer.from("garbage")]),
    },
  ],
  ["large deflated content", { name: "a", content: large }],
  ["large stored content", { name: "a", content: large, method: "stored", descriptor: "signed" }],
  [
    "more large data than the packed content takes",
    { name: "a", content: "hello", data: Buffer.concat([deflateRawSync("hello"), large]) },
  ],
];

for (const [title, entry] of sound) {
  test(`hashZip reads ${title}`, async () => {
    const sha256 = hash("sha256", entry.content ?? "", "hex");
    const bytes = forgeZip([{ name: "before", content: "x" }, entry, { name: "behind" }]);
    assert.equal(
      await hashZip(memorySource(bytes)),
      hashFiles([
        { name: "before", sha256: hash("sha256", "x", "hex") },
        { name: "a", sha256 },
        { name: "behind", sha256: hash("sha256", "", "hex") },
      ]),
    );
  });
}

const faulty: readonly (readonly [title: string, entry: ForgedEntry])[] = [
  ["a wrong checksum", { name: "a", content: "hello", directory: { crc32: 1 } }],
  [
    "a wrong checksum in the descriptor",
    { name: "a", content: "hello", descriptor: "bare", descriptorCrc32: 1 },
  ],
  [
    "a checksum left out in spite of a descriptor",
    {
      name: "a",
      content: "hello",
      descriptor: "signed",
      descriptorCrc32: 0,
      directory: { crc32: 0 },
    },
  ],
  ["more content than stated", { name: "a", content: "hello", directory: { uncompressedSize: 4 } }],
  ["less content than stated", { name: "a", content: "hello", directory: { uncompressedSize: 6 } }],
  [
    "content of a file stated to be empty",
    { name: "a", content: "hello", directory: { uncompressedSize: 0 } },
  ],
  ["data that is no deflate stream", { name: "a", content: "hello", data: Buffer.from("\u0007") }],
  ["no data", { name: "a", content: "", data: Buffer.alloc(0) }],
  [
    "deflated data that is cut off",
    { name: "a", content: "hello", data: deflateRawSync("hello").subarray(0, -1) },
  ],
  ["an unknown method", { name: "a", content: "hello", directory: { method: 12 } }],
  ["a local header elsewhere", { name: "a", content: "hello", directory: { headerOffset: 1 } }],
  [
    "a local header before the archive",
    { name: "a", directory: { headerOffset: 0xffff_ffff, extra: zip64Extra(2n ** 64n - 1n) } },
  ],
  ["a local header outside", { name: "a", directory: { headerOffset: 0x7fff_ffff } }],
  ["a directory with content", { name: "a/", content: "hello" }],
  [
    "large content that is larger",
    { name: "a", content: large, directory: { uncompressedSize: 9 } },
  ],
  [
    "large content that is smaller",
    { name: "a", content: large, directory: { uncompressedSize: large.length + 1 } },
  ],
  ["large content with a wrong checksum", { name: "a", content: large, directory: { crc32: 1 } }],
  ["a name with a newline", { name: "a\nb" }],
];

for (const [title, entry] of faulty) {
  test(`hashZip refuses ${title}`, async () => {
    await assert.rejects(hashZip(memorySource(forgeZip([entry]))), InvalidText);
  });
}

test("hashZip stops at the first byte too many of a bomb", async () => {
  const bomb = deflateRawSync(Buffer.alloc(64 * 2 ** 20));
  for (const uncompressedSize of [10, 5 * 2 ** 20]) {
    const entry = { name: "a", data: bomb, directory: { uncompressedSize } };
    await assert.rejects(
      hashZip(memorySource(forgeZip([entry]))),
      /more than the \d+ bytes stated/,
    );
  }
});

test("hashZip counts directories as empty files, whatever their data", async () => {
  const empty = hash("sha256", "", "hex");
  const bytes = forgeZip([
    { name: "d/" },
    { name: "d/", data: Buffer.from("jar"), directory: { method: 8 } },
  ]);
  const directory = { name: "d/", sha256: empty };
  assert.equal(await hashZip(memorySource(bytes)), hashFiles([directory, directory]));
});

test("hashZip takes the last of several entries of one name for all of them", async () => {
  const bytes = forgeZip([
    { name: "a", content: "first", directory: { crc32: 1 } },
    { name: "a", content: "last" },
  ]);
  const last = { name: "a", sha256: hash("sha256", "last", "hex") };
  assert.equal(await hashZip(memorySource(bytes)), hashFiles([last, last]));
});

test("hashZip keeps the bytes of names that are not UTF-8", async () => {
  const bytes = forgeZip([
    { name: "x", local: { rawName: "\u00ff" }, directory: { rawName: "\u00ff" } },
  ]);
  const sha256 = hash("sha256", "", "hex");
  assert.equal(await hashZip(memorySource(bytes)), hashRawFiles([{ rawName: "\u00ff", sha256 }]));
});

test("hashZip passes on what the source throws in the middle of large content", async () => {
  const data = deflateRawSync(large, { level: 0 });
  const bytes = forgeZip([{ name: "a", content: large, data }]);
  const gone = new Error("the disk is gone");
  let reads = 0;
  const source = {
    size: bytes.length,
    read(position: number, into: Uint8Array): number {
      if (++reads > 3) throw gone;
      return memorySource(bytes).read(position, into);
    },
  };
  await assert.rejects(hashZip(source), (failure) => failure === gone);
});
