import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { createGzip } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { readGivenBundle } from "./given-bundle.ts";

type Entry = Partial<Header> & Pick<Header, "name">;

interface Folder extends AsyncDisposable {
  readonly path: string;
}

async function folder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "stoa-bundle-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function tarOf(
  place: string,
  entries: readonly (Entry & { readonly text?: string })[],
): Promise<void> {
  const tar = pack();
  for (const { text = "", ...header } of entries) tar.entry(header, text);
  tar.finalize();
  await pipeline(tar, createGzip(), createWriteStream(place));
}

test("readGivenBundle reads a folder and a tar of it alike, in order, without what wraps them", async () => {
  await using work = await folder();
  const source = join(work.path, "source", "shop-1.2");
  await mkdir(join(source, "scripts"), { recursive: true });
  await writeFile(join(source, "appspec.yml"), "version: 0.0\nos: linux\n");
  await writeFile(join(source, "scripts", "stop.sh"), "#!/bin/sh\n");
  await chmod(join(source, "scripts", "stop.sh"), 0o750);
  await tarOf(join(work.path, "shop.tgz"), [
    { name: "shop-1.2/scripts/stop.sh", mode: 0o750, text: "#!/bin/sh\n" },
    { name: "shop-1.2/appspec.yml", mode: 0o644, text: "version: 0.0\nos: linux\n" },
  ]);
  const fromFolder = await readGivenBundle(join(work.path, "source"), join(work.path, "a"));
  const fromTar = await readGivenBundle(join(work.path, "shop.tgz"), join(work.path, "b"));
  const described = (files: typeof fromTar): unknown => files.map(({ place: _, ...file }) => file);
  assert.deepEqual(described(fromTar), described(fromFolder));
  assert.deepEqual(
    fromTar.map(({ path, mode }) => [path, mode]),
    [
      ["appspec.yml", 0o644],
      ["scripts/stop.sh", 0o750],
    ],
  );
  assert.equal(await readFile(fromTar[1]?.place ?? "", "utf8"), "#!/bin/sh\n");
});

const hostile: readonly (readonly [what: string, header: Entry, sentence: RegExp])[] = [
  ["a path that leaves the bundle", { name: "../evil" }, /the path "..\/evil" has the part \.\./],
  ["an absolute path", { name: "/etc/passwd" }, /is absolute/],
  [
    "a symbolic link",
    { name: "a", type: "symlink", linkname: "/etc/passwd" },
    /links are not deployed/,
  ],
  ["a hard link", { name: "a", type: "link", linkname: "/etc/passwd" }, /links are not deployed/],
  ["a device", { name: "a", type: "character-device" }, /is no plain file/],
];

for (const [what, header, sentence] of hostile) {
  test(`readGivenBundle refuses ${what}`, async () => {
    await using work = await folder();
    const place = join(work.path, "bad.tar.gz");
    await tarOf(place, [{ ...header, ...(header.type === undefined ? { text: "x" } : {}) }]);
    await assert.rejects(readGivenBundle(place, join(work.path, "out")), sentence);
  });
}

test("readGivenBundle refuses a name that comes twice, a link in a folder, and what is no archive", async () => {
  await using work = await folder();
  const place = join(work.path, "twice.tgz");
  await tarOf(place, [
    { name: "a", text: "1" },
    { name: "a", text: "2" },
  ]);
  await assert.rejects(readGivenBundle(place, join(work.path, "out")), /holds "a" twice/);
  await mkdir(join(work.path, "linked"));
  await symlink("/etc/passwd", join(work.path, "linked", "a"));
  await assert.rejects(
    readGivenBundle(join(work.path, "linked"), join(work.path, "out2")),
    /links are not deployed/,
  );
  await writeFile(join(work.path, "text"), "just text");
  await assert.rejects(
    readGivenBundle(join(work.path, "text"), join(work.path, "out3")),
    /neither a program nor a zip, tar, tar.gz, deb or folder/,
  );
});

test("readGivenBundle gives up at the first byte too many of a bomb, and at the first file too many", async () => {
  await using work = await folder();
  const place = join(work.path, "bomb.tgz");
  await tarOf(place, [
    { name: "a", text: "1".repeat(600) },
    { name: "b", text: "0".repeat(2 ** 20) },
  ]);
  assert.ok((await stat(place)).size < 3_000);
  const out = join(work.path, "out");
  await assert.rejects(
    readGivenBundle(place, out, { files: 2, bytes: 1_000 }),
    /bomb\.tgz unpacks to more than 1000 bytes$/,
  );
  const written = await Promise.all((await readdir(out)).map((name) => stat(join(out, name))));
  assert.ok(written.reduce((sum, { size }) => sum + size, 0) <= 1_000);
  await assert.rejects(
    readGivenBundle(place, join(work.path, "out2"), { files: 1, bytes: 2 ** 21 }),
    /bomb\.tgz holds more than 1 files$/,
  );
});

// Made with Python's zipfile: appspec.yml with mode 0644 and run.sh, which begins with #!, without any.
const plainZip =
  "UEsDBBQAAAAIAAAAIVCHuodkGQAAABcAAAALAAAAYXBwc3BlYy55bWwrSy0qzszPs1Iw0DPgyi+2UsjJzCut4AIAUEsDBBQAAAAIAAAAIVAdnfsEDAAAAAoAAAAGAAAAcnVuLnNoU1bUT8rM0y/O4AIAUEsBAhQDFAAAAAgAAAAhUIe6h2QZAAAAFwAAAAsAAAAAAAAAAAAAAKSBAAAAAGFwcHNwZWMueW1sUEsBAhQAFAAAAAgAAAAhUB2d+wQMAAAACgAAAAYAAAAAAAAAAAAAAIABQgAAAHJ1bi5zaFBLBQYAAAAAAgACAG0AAAByAAAAAAA=";
/** Holds `a`, a symbolic link to /etc/passwd. */
const linkZip =
  "UEsDBBQAAAAIAAAAIVAKuR8pDQAAAAsAAAABAAAAYdNPLUnWL0gsLi5PAQBQSwECFAMUAAAACAAAACFQCrkfKQ0AAAALAAAAAQAAAAAAAAAAAAAA/6EAAAAAYVBLBQYAAAAAAQABAC8AAAAsAAAAAAA=";
/** Holds `../evil`. */
const evilZip =
  "UEsDBBQAAAAIAAAAIVCDFtyMAwAAAAEAAAAHAAAALi4vZXZpbKsAAFBLAQIUAxQAAAAIAAAAIVCDFtyMAwAAAAEAAAAHAAAAAAAAAAAAAACkgQAAAAAuLi9ldmlsUEsFBgAAAAABAAEANQAAACgAAAAAAA==";

test("readGivenBundle reads a zip, and makes executable what can be run where the zip does not say", async () => {
  await using work = await folder();
  const place = join(work.path, "shop.zip");
  await writeFile(place, Buffer.from(plainZip, "base64"));
  const files = await readGivenBundle(place, join(work.path, "out"));
  assert.deepEqual(
    files.map(({ path, mode, size }) => [path, mode, size]),
    [
      ["appspec.yml", 0o644, 23],
      ["run.sh", 0o755, 10],
    ],
  );
});

test("readGivenBundle refuses links and paths that leave it in a zip too, and a zip cut short", async () => {
  await using work = await folder();
  const place = join(work.path, "bad.zip");
  const refused = async (bytes: Buffer, sentence: RegExp): Promise<void> => {
    await writeFile(place, bytes);
    await assert.rejects(readGivenBundle(place, join(work.path, "out")), sentence);
  };
  await refused(Buffer.from(linkZip, "base64"), /links are not deployed/);
  await refused(Buffer.from(evilZip, "base64"), /bad\.zip.*\.\.\/evil/);
  await refused(Buffer.from(plainZip, "base64").subarray(0, 100), /is damaged/);
});
