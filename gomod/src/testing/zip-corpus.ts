// Zip archives worth trying: sound ones, and those that have been trouble somewhere.
import { deflateRawSync } from "node:zlib";
import type { ModuleVersion } from "../module-version.ts";
import { type ForgedArchive, type ForgedEntry, forgeZip, zip64Extra } from "./forged-zip.ts";

/** An archive, and what is special about it. Whether it is a sound module zip is for the reader to find out. */
export interface CorpusZip {
  readonly title: string;
  readonly bytes: Buffer;
}

/** What the archives of the corpus are, or pretend to be. */
export const corpusModule = { path: "example.com/a", version: "v1.0.0" } as ModuleVersion;

const huge = 0xffff_ffff;
const prefix = `${corpusModule.path}@${corpusModule.version}/`;
const garbage = Buffer.from("garbage");
const hello = deflateRawSync("hello");

/** Entries by their path in the module, one archive for each list. */
const names: readonly (readonly string[])[] = [
  [],
  [""],
  ["", ""],
  ["go.mod", "a.go", "b/c.go"],
  ["d/", "d/", "d/x", "e/f/"],
  ["x/go.mod/y.go"],
  ["GO.mod/z.go"],
  ["x/go.mod/"],
  ["x/go.mod"],
  ["x/Go.Mod"],
  ["GO.MOD"],
  ["go.mod", "GO.MOD"],
  ["go.mod.txt", "x/go.modx"],
  ["LICENSE", "license.txt"],
  ["ünï/中文.go", "\u{10400}.go"],
  ["\u1c89.go"],
  ["\u{2ebf0}.go"],
  ["vendor/modules.txt", "vendor/p/x.go", ".hg_archival.txt", ".git/HEAD"],
  ["../b"],
  ["x/../b"],
  ["./b"],
  ["b/."],
  ["/b"],
  ["b//c"],
  ["/"],
  ["b//"],
  ["//"],
  ["b\\c"],
  ["b:c"],
  ["b:/"],
  ["b/nul.go"],
  ["CON/x"],
  ["b."],
  ["..."],
  ["b\nc"],
  ["b\u0000"],
  ["e\u0301"],
  ["\ufeff"],
  ["\ufffd"],
  ["b", "b"],
  ["b", "b/"],
  ["b/", "b"],
  ["b/c", "b"],
  ["b", "b/c"],
  ["b", "b/c/d"],
  ["README", "readme"],
  ["A/x", "a/y"],
  ["A/", "a/y"],
  ["A/x/", "A/X"],
  ["k", "\u212a"],
  ["s", "ſ"],
  ["ß", "ẞ"],
  ["ß", "ss"],
  ["i", "ı"],
  ["ﬅ", "ﬆ"],
  ["σ", "ς"],
];

/** Names by their bytes, prefix included. */
const rawNames: readonly string[] = [
  "",
  "/",
  "a",
  "example.com/a@v1.0.0",
  "example.com/a@v1.0.1/b",
  "Example.com/a@v1.0.0/b",
  `${prefix}\u00ff`,
  `${prefix}\u00c3`,
  `${prefix}\u00ed\u00a0\u0080`,
  `${prefix}\u00f4\u0090\u0080\u0080`,
  `${prefix}\u00c0\u00af`,
  `${prefix}\u00ef\u00bb\u00bf`,
];

/** One entry each, between two sound ones. */
const entries: Readonly<Record<string, ForgedEntry>> = {
  stored: { name: "b", content: "hello", method: "stored" },
  deflated: { name: "b", content: "hello" },
  "signed descriptor": { name: "b", content: "hello", descriptor: "signed" },
  "bare descriptor": { name: "b", content: "hello", descriptor: "bare" },
  "stored with a descriptor": {
    name: "b",
    content: "hello",
    method: "stored",
    descriptor: "signed",
  },
  "wrong checksum": { name: "b", content: "hello", directory: { crc32: 1 }, local: { crc32: 1 } },
  "no checksum": { name: "b", content: "hello", directory: { crc32: 0 }, local: { crc32: 0 } },
  "no checksum with a descriptor": {
    name: "b",
    content: "hello",
    descriptor: "signed",
    descriptorCrc32: 0,
    directory: { crc32: 0 },
  },
  "wrong checksum in the descriptor": {
    name: "b",
    content: "hello",
    descriptor: "bare",
    descriptorCrc32: 1,
  },
  "descriptor only in the local flags": { name: "b", content: "hello", local: { flags: 8 } },
  "descriptor only in the directory flags": {
    name: "b",
    content: "hello",
    directory: { flags: 8 },
  },
  encrypted: { name: "b", content: "hello", directory: { flags: 1 }, local: { flags: 1 } },
  larger: { name: "b", content: "hello", directory: { uncompressedSize: 4 } },
  smaller: { name: "b", content: "hello", directory: { uncompressedSize: 6 } },
  "stored smaller": {
    name: "b",
    content: "hello",
    method: "stored",
    directory: { compressedSize: 4 },
  },
  "stored larger": {
    name: "b",
    content: "hello",
    method: "stored",
    directory: { compressedSize: 6 },
  },
  "more data than needed": { name: "b", content: "hello", data: Buffer.concat([hello, garbage]) },
  "less data than needed": { name: "b", content: "hello", data: hello.subarray(0, -1) },
  "no data": { name: "b", data: Buffer.alloc(0) },
  "no deflate stream": { name: "b", data: garbage },
  "empty stream with garbage": { name: "b", data: Buffer.concat([deflateRawSync(""), garbage]) },
  "unknown method": { name: "b", directory: { method: 12 }, local: { method: 12 } },
  "other local name": { name: "b", local: { rawName: `${prefix}c` } },
  "other local method": { name: "b", local: { method: 0 } },
  "other local checksum": { name: "b", local: { crc32: 7 } },
  "other local size": { name: "b", local: { uncompressedSize: 7 } },
  "local extra field": { name: "b", content: "hello", local: { extra: Buffer.alloc(40) } },
  "comment and extra field": {
    name: "b",
    content: "hello",
    directory: { comment: "comment", extra: Buffer.from([0x55, 0x54, 1, 0, 9]) },
  },
  "broken extra field": { name: "b", directory: { extra: Buffer.from([1, 0, 9, 0, 1]) } },
  "reaching into the next": {
    name: "b",
    content: "hello",
    local: { compressedSize: huge },
    directory: { compressedSize: 60 },
  },
  "reaching into the directory": {
    name: "b",
    content: "hello",
    local: { compressedSize: huge },
    directory: { compressedSize: 120 },
  },
  "reaching behind the archive": {
    name: "b",
    content: "hello",
    local: { compressedSize: huge },
    directory: { compressedSize: 100_000 },
  },
  "in the place of the first": { name: "b", directory: { headerOffset: 0 } },
  "header one byte off": { name: "b", directory: { headerOffset: 1 } },
  "header outside": { name: "b", directory: { headerOffset: 0x7fff_ffff } },
  "directory with content": { name: "b/", content: "x" },
  "directory with data": {
    name: "b/",
    data: Buffer.from("jar"),
    directory: { method: 8 },
    local: { method: 8 },
  },
  "go.mod too large": ofSize("go.mod", 16 * 2 ** 20 + 1),
  "LICENSE too large": ofSize("LICENSE", 16 * 2 ** 20 + 1),
  "all too large": ofSize("b", 500 * 2 ** 20),
  "zip64 sizes": {
    name: "b",
    content: "hello",
    method: "stored",
    local: { compressedSize: huge, uncompressedSize: huge, extra: zip64Extra(5n, 5n) },
    directory: { compressedSize: huge, uncompressedSize: huge, extra: zip64Extra(5n, 5n) },
  },
  "zip64 sizes not asked for": {
    name: "b",
    content: "hello",
    directory: { extra: zip64Extra(7n, 7n, 7n) },
  },
  "zip64 sizes without a field": { name: "b", directory: { compressedSize: huge } },
  "zip64 true size without a field": { name: "b", directory: { uncompressedSize: huge } },
  "zip64 field too short": {
    name: "b",
    directory: { compressedSize: huge, uncompressedSize: huge, extra: zip64Extra(5n) },
  },
  "zip64 true size beyond 2**63": {
    name: "b",
    directory: { uncompressedSize: huge, extra: zip64Extra(2n ** 64n - 1n) },
  },
  "zip64 packed size beyond 2**63": {
    name: "b",
    content: "hello",
    local: { compressedSize: huge },
    directory: { compressedSize: huge, extra: zip64Extra(2n ** 64n - 5n) },
  },
  "zip64 packed size just below 2**63": {
    name: "b",
    content: "hello",
    local: { compressedSize: huge },
    directory: { compressedSize: huge, extra: zip64Extra(2n ** 63n - 1n) },
  },
  "zip64 offset before the archive": {
    name: "b",
    directory: { headerOffset: huge, extra: zip64Extra(2n ** 64n - 9n) },
  },
};

/** Several entries each. */
const groups: Readonly<Record<string, readonly ForgedEntry[]>> = {
  "unreadable directory hidden by another": [
    { name: "d/", directory: { headerOffset: 1 } },
    { name: "d/" },
  ],
  "directory with content hidden by another": [{ name: "d/", content: "x" }, { name: "d/" }],
  "unreadable file hidden by another": [
    { name: "b", directory: { headerOffset: 1 } },
    { name: "b" },
  ],
};

const archives: Readonly<Record<string, ForgedArchive>> = {
  comment: { comment: "comment" },
  "comment with an end signature": { comment: `PK\u0005\u0006${"\u0000".repeat(18)}` },
  "comment with half an end": { comment: "PK\u0005\u0006" },
  "comment too long": { comment: "c", end: { commentLength: 2 } },
  "comment too short": { comment: "comment", end: { commentLength: 2 } },
  "bytes in front": { before: garbage },
  "bytes in front that count": { before: garbage, countsFromStart: true },
  "bytes behind": { after: garbage },
  "an end signature behind": { after: Buffer.from("PK\u0005\u0006") },
  "another end behind": { after: Buffer.from(`PK\u0005\u0006${"\u0000".repeat(18)}`) },
  zip64: { zip64: true },
  "zip64 with bytes in front": { zip64: true, before: garbage },
  "zip64 with another number of entries": { zip64: true, end: { entries: 0x30002 } },
  "no entries": { end: { entries: 0 } },
  "one entry more": { end: { entries: 3 } },
  "size 0": { end: { size: 0 } },
  "size 65535": { end: { size: 0xffff } },
  "size too large": { end: { size: 100_000 } },
  "offset 0": { end: { offset: 0 } },
  "offset beyond the end": { end: { offset: 100_000 } },
};

/** The archives, with as many sound ones as it takes to reach every rule by damaging them. */
export function zipCorpus(): readonly CorpusZip[] {
  const sound = [inModule("go.mod", "module example.com/a\n"), inModule("x.go", "package a\n")];
  const [first, last] = sound as [ForgedEntry, ForgedEntry];
  return [
    ...names.map((paths) => ({
      title: `names ${JSON.stringify(paths)}`,
      bytes: forgeZip(paths.map((path) => inModule(path, path))),
    })),
    ...rawNames.map((rawName) => ({
      title: `raw name ${JSON.stringify(rawName)}`,
      bytes: forgeZip([first, { name: "", local: { rawName }, directory: { rawName } }, last]),
    })),
    ...Object.entries(entries).map(([title, entry]) => ({
      title,
      bytes: forgeZip([first, { ...entry, name: prefix + entry.name }, last]),
    })),
    ...Object.entries(groups).map(([title, group]) => ({
      title,
      bytes: forgeZip(group.map((entry) => ({ ...entry, name: prefix + entry.name }))),
    })),
    ...Object.entries(archives).map(([title, archive]) => ({
      title,
      bytes: forgeZip(sound, archive),
    })),
    ...[0, 1, 3, 21, 22, 50].map((length) => ({
      title: `${length} bytes less`,
      bytes: forgeZip(sound).subarray(0, forgeZip(sound).length - length),
    })),
  ];
}

function inModule(path: string, content: string): ForgedEntry {
  return { name: prefix + path, content: path.endsWith("/") || path === "" ? "" : content };
}

/** An entry that says it is so large. */
function ofSize(name: string, uncompressedSize: number): ForgedEntry {
  return { name, local: { uncompressedSize }, directory: { uncompressedSize } };
}
