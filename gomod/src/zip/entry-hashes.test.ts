// Entries that are unpacked together have the hashes, and the faults, that they have one by one.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { InvalidText } from "../invalid-text.ts";
import { type ForgedEntry, forgeZip } from "../testing/forged-zip.ts";
import { RandomNumbers } from "../testing/random-numbers.ts";
import { memorySource } from "./byte-source.ts";
import { hashEntries } from "./entry-hashes.ts";
import { ZipContents } from "./zip-content.ts";
import { readZipDirectory } from "./zip-directory.ts";

/** `name sha256` of each entry, in any order; or what is wrong with the archive. */
type Hashes = ReadonlySet<string> | "refused";

async function together(zip: Buffer): Promise<Hashes> {
  const contents = new ZipContents(memorySource(zip));
  const { entries } = readZipDirectory(memorySource(zip));
  const located = entries.values().map((entry) => contents.locate(entry));
  return hashesOr(async () => await hashEntries(contents, located));
}

async function oneByOne(zip: Buffer): Promise<Hashes> {
  const contents = new ZipContents(memorySource(zip));
  const { entries } = readZipDirectory(memorySource(zip));
  return hashesOr(() =>
    Promise.all(
      entries.map(async (entry) => ({
        rawName: entry.rawName,
        sha256: await contents.sha256(contents.locate(entry)),
      })),
    ),
  );
}

async function hashesOr(
  hash: () => Promise<readonly { rawName: string; sha256: string }[]>,
): Promise<Hashes> {
  try {
    return new Set((await hash()).map(({ rawName, sha256 }) => `${rawName} ${sha256}`));
  } catch (failure) {
    if (failure instanceof InvalidText) return "refused";
    throw failure;
  }
}

const text = (name: string): ForgedEntry => ({ name, content: `package ${name}\n`.repeat(50) });

/** An entry whose data is not what its content says. */
function forged(name: string, content: string, data: Uint8Array): ForgedEntry {
  return {
    name,
    data,
    directory: { crc32: crc32(content), uncompressedSize: content.length },
    local: { crc32: crc32(content), uncompressedSize: content.length },
  };
}

/** The end of a gzip member. */
function trailer(content: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(crc32(content), 0);
  bytes.writeUInt32LE(content.length, 4);
  return bytes;
}

test("entries of all sizes have the same hashes together and one by one", async () => {
  const sizes = [0, 1, 100, 65_535, 65_536, 65_537, 200_000, 5_000_000, 10, 0, 40_000];
  const entries = sizes.flatMap((size, index): ForgedEntry[] => [
    { name: `text${index}`, content: Buffer.alloc(size, "text ") },
    { name: `random${index}`, content: randomBytes(size), descriptor: "signed" },
    { name: `stored${index}`, content: randomBytes(size), method: "stored" },
  ]);
  const many = Array.from({ length: 3000 }, (_, index) => text(`f${index}`));
  const zip = forgeZip([...entries, ...many]);
  const found = await together(zip);
  assert.notEqual(found, "refused");
  assert.deepEqual(found, await oneByOne(zip));
});

const deflated = deflateRawSync("content");
/** As long as an entry with "content" and the one behind it. */
const ofTwo = `content${"x".repeat(text("behind").content!.length)}`;
const member = gzipSync("content");
const emptyMember = gzipSync("");

/** Data that is, or pretends to be, more than one gzip member. */
const tricks: readonly (readonly [title: string, entries: readonly ForgedEntry[]])[] = [
  [
    "an empty content before the true one",
    [
      forged(
        "a",
        "content",
        Buffer.concat([deflateRawSync(""), trailer(""), member.subarray(0, -8)]),
      ),
    ],
  ],
  [
    "members that have the content of two entries in one",
    [
      forged("a", "content", Buffer.concat([deflated, trailer("content"), emptyMember])),
      forged("b", "content", deflated),
    ],
  ],
  [
    "an end of all members behind the content of two entries",
    [
      forged(
        "a",
        "content",
        Buffer.concat([deflateRawSync(ofTwo), trailer(ofTwo), Buffer.alloc(3)]),
      ),
    ],
  ],
  [
    "an entry that runs into the next one",
    [
      forged("a", "x", Buffer.from([0, 28, 0, 227, 255])),
      forged("b", "content", deflated),
      text("c"),
    ],
  ],
  [
    "a mark of a member in stored bytes",
    [
      {
        name: "a",
        content: Buffer.concat([member, member]),
        data: deflateRawSync(Buffer.concat([member, member]), { level: 0 }),
      },
    ],
  ],
  ["bytes behind the data", [forged("a", "content", Buffer.concat([deflated, Buffer.alloc(20)]))]],
  ["a whole member behind the data", [forged("a", "content", Buffer.concat([deflated, member]))]],
  ["a member as data", [forged("a", "content", member)]],
  ["a directory with content", [text("b"), text("a/")]],
  ["a wrong checksum", [text("b"), { ...text("a"), directory: { crc32: 7 }, local: { crc32: 7 } }]],
  ["a checksum left out", [{ ...text("a"), directory: { crc32: 0 }, local: { crc32: 0 } }]],
  ["a size too small", [text("b"), { ...text("a"), directory: { uncompressedSize: 4 } }]],
  ["a size too large", [{ ...text("a"), directory: { uncompressedSize: 4000 } }, text("b")]],
  [
    "sizes that add up, each wrong",
    [forged("a", "conten", deflated), forged("b", "content!", deflated)],
  ],
  ["data that is cut off", [forged("a", "content", deflated.subarray(0, -1)), text("b")]],
];

for (const [title, entries] of tricks) {
  test(`${title} is judged together as it is alone`, async () => {
    const zip = forgeZip([text("before"), ...entries, text("behind")]);
    assert.deepEqual(await together(zip), await oneByOne(zip));
  });
}

test("whatever entries are made of, they are judged together as they are alone", async () => {
  const numbers = new RandomNumbers(Number(process.env["FUZZ_SEED"] ?? 1));
  const contents = ["content", "x", "", "content".repeat(9)];
  const pieces = [
    ...contents.flatMap((content) => [
      deflateRawSync(content),
      trailer(content),
      gzipSync(content),
    ]),
    gzipSync("content").subarray(0, 10),
    Buffer.from([0x1f]),
    Buffer.from([0x8b, 8]),
    Buffer.from([0, 28, 0, 227, 255]),
    Buffer.from([0, 10, 0, 245, 255]),
    Buffer.alloc(1),
  ];
  const oneOf = <T>(list: readonly T[]): T => list[numbers.below(list.length)]!;
  const ends = ["", "", "", ".go", ".mod", "/"];
  let accepted = 0;
  for (let round = 0; round < 2000; round++) {
    const entries = Array.from({ length: 1 + numbers.below(4) }, (_, index) => {
      const data = Array.from({ length: numbers.below(5) }, () => oneOf(pieces));
      return forged(
        `f${index}${oneOf(ends)}`,
        oneOf(contents),
        Buffer.concat([oneOf(pieces), ...data]),
      );
    });
    const zip = forgeZip(entries);
    const alone = await oneByOne(zip);
    assert.deepEqual(await together(zip), alone, `round ${round}: ${zip.toString("base64")}`);
    if (alone !== "refused") accepted += 1;
  }
  assert.ok(accepted > 10, `only ${accepted} archives were accepted`);
});
