import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidText } from "../invalid-text.ts";
import {
  type ForgedArchive,
  type ForgedEntry,
  forgeZip,
  zip64Extra,
} from "../testing/forged-zip.ts";
import { memorySource } from "./byte-source.ts";
import { readZipDirectory } from "./zip-directory.ts";

const two: readonly ForgedEntry[] = [{ name: "a", content: "x" }, { name: "b/é" }];
const rawNames = ["a", "b/\u00c3\u00a9"];
const endSignature = Buffer.from("PK\u0005\u0006");

const sound: readonly (readonly [title: string, archive: ForgedArchive])[] = [
  ["as it comes", {}],
  ["with a comment", { comment: "no comment" }],
  ["with the longest comment", { comment: "c".repeat(0xffff) }],
  ["with zip64 records", { zip64: true }],
  ["with zip64 records and a comment", { zip64: true, comment: "c".repeat(2000) }],
  ["with bytes in front", { before: Buffer.from("#!/bin/sh\n") }],
  [
    "with bytes in front that the offsets count",
    { before: Buffer.alloc(99), countsFromStart: true },
  ],
  ["with bytes behind", { after: Buffer.alloc(500) }],
  ["with another number of entries modulo 65536", { zip64: true, end: { entries: 2 + 0x30000 } }],
  ["with a wrong size in front of which everything shifts", { end: { size: 80 } }],
];

for (const [title, archive] of sound) {
  test(`readZipDirectory reads an archive ${title}`, () => {
    const { entries } = readZipDirectory(memorySource(forgeZip(two, archive)));
    assert.deepEqual(
      entries.map((entry) => entry.rawName),
      rawNames,
    );
  });
}

const faulty: readonly (readonly [title: string, bytes: Buffer])[] = [
  ["nothing", Buffer.alloc(0)],
  ["one byte", Buffer.from("P")],
  ["zeros", Buffer.alloc(100_000)],
  ["an archive without its last byte", forgeZip(two).subarray(0, -1)],
  ["an archive without its end", forgeZip(two).subarray(0, -22)],
  ["a comment that is cut off", forgeZip(two, { end: { commentLength: 1 } })],
  ["too few entries", forgeZip(two, { end: { entries: 3 } })],
  ["too many entries", forgeZip(two, { end: { entries: 1 } })],
  ["a directory outside", forgeZip(two, { end: { size: 100_000 } })],
  ["too much behind the end", forgeZip(two, { after: Buffer.alloc(65 * 1024) })],
  [
    "an end signature in what follows the end",
    forgeZip(two, { after: Buffer.concat([endSignature, Buffer.alloc(18, 0xff)]) }),
  ],
  [
    "sizes of 64 bits without the field for them",
    forgeZip([{ name: "a", directory: { compressedSize: 0xffff_ffff } }]),
  ],
  [
    "sizes of 64 bits with half a field",
    forgeZip([
      {
        name: "a",
        directory: {
          compressedSize: 0xffff_ffff,
          uncompressedSize: 0xffff_ffff,
          extra: zip64Extra(7n),
        },
      },
    ]),
  ],
  [
    "a zip64 locator that points nowhere",
    (() => {
      const bytes = forgeZip(two, { zip64: true });
      bytes.writeBigUInt64LE(3n, bytes.length - 22 - 20 + 8);
      return bytes;
    })(),
  ],
];

for (const [title, bytes] of faulty) {
  test(`readZipDirectory refuses ${title}`, () => {
    assert.throws(
      () => readZipDirectory(memorySource(bytes)),
      (failure) => failure instanceof InvalidText && failure.kind === "zip record",
    );
  });
}

test("readZipDirectory takes sizes from the zip64 field only where they are asked for", () => {
  const asked = { uncompressedSize: 0xffff_ffff, extra: zip64Extra(2n ** 33n) };
  const notAsked = { extra: zip64Extra(2n ** 33n) };
  const { entries } = readZipDirectory(
    memorySource(
      forgeZip([
        { name: "a", content: "abc", method: "stored", directory: asked },
        { name: "b", content: "abc", method: "stored", directory: notAsked },
      ]),
    ),
  );
  assert.deepEqual(
    entries.map(({ compressedSize, uncompressedSize }) => [compressedSize, uncompressedSize]),
    [
      [3, 2 ** 33],
      [3, 3],
    ],
  );
});

test("readZipDirectory reads the zip64 field behind other extra fields", () => {
  const other = Buffer.from([0x55, 0x54, 1, 0, 9]);
  const extra = Buffer.concat([other, zip64Extra(5n, 6n, 7n)]);
  const large = 0xffff_ffff;
  const directory = { extra, uncompressedSize: large, compressedSize: large, headerOffset: large };
  const [entry] = readZipDirectory(memorySource(forgeZip([{ name: "a", directory }]))).entries;
  assert.deepEqual(
    [entry?.uncompressedSize, entry?.compressedSize, entry?.headerOffset],
    [5, 6, 7],
  );
});

test("readZipDirectory reads more entries than 16 bits can count, once with zip64 and once without", () => {
  const entries = Array.from({ length: 70_000 }, (_, number) => ({
    name: `${number}`,
    method: "stored" as const,
  }));
  for (const zip64 of [true, false]) {
    const directory = readZipDirectory(memorySource(forgeZip(entries, { zip64 })));
    assert.equal(directory.entries.length, 70_000);
    assert.equal(directory.entries.at(-1)?.rawName, "69999");
  }
});

test("readZipDirectory stops at the limit of its caller", () => {
  const source = memorySource(forgeZip(two));
  assert.equal(readZipDirectory(source, 2).entries.length, 2);
  assert.throws(() => readZipDirectory(source, 1), /more than 1 entries/);
});

test("readZipDirectory passes on what the source throws", () => {
  const broken = new Error("the disk is gone");
  const source = {
    size: 1000,
    read: () => {
      throw broken;
    },
  };
  assert.throws(
    () => readZipDirectory(source),
    (failure) => failure === broken,
  );
});

test("readZipDirectory refuses a source that turns out shorter than it said", () => {
  const bytes = forgeZip(two);
  const source = { size: bytes.length, read: memorySource(bytes.subarray(0, -30)).read };
  assert.throws(() => readZipDirectory(source), InvalidText);
});
