// What commands print on a terminal, into a pipe, to nobody and to a full disk.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fixtureProxy } from "@stoa/proxy/testing";
import { finishedProgram } from "./testing/finished-program.ts";
import { smallModule } from "./testing/proxied-modules.ts";
import { programFile } from "./testing/repository.ts";
import { finishedStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const noTerminal =
  spawnSync("script", ["--version"]).error !== undefined && "there is no script(1) here";

test("on a terminal seeding shows a bar, and elsewhere none", {
  skip: noTerminal,
}, async () => {
  await using folder = await temporaryFolder();
  await using upstream = await fixtureProxy([await smallModule("example.com/one", "v1.0.0")]);
  await writeFile(join(folder.path, "list"), "example.com/one@v1.0.0\n");
  const words = [process.execPath, programFile, "modules", "seed", "list"];
  const env = {
    PATH: process.env["PATH"],
    HOME: folder.path,
    GOENV: "off",
    GOSUMDB: "off",
    GOPROXY: upstream.url,
    ATHENS_DISK_STORAGE_ROOT: join(folder.path, "kept"),
  };
  const place = { cwd: folder.path, env };
  const seen = await finishedProgram("script", ["-qec", words.join(" "), "/dev/null"], place);
  assert.equal(seen.code, 0, seen.stdout);
  assert.match(seen.stdout, /\[#{20}\] 1 of 1, 0 missing: example\.com\/one@v1\.0\.0/);
  assert.match(seen.stdout, /\[K1 fetched, 0 there already, 0 missing/);
  const [node = "", ...rest] = words;
  const piped = await finishedProgram(node, rest, place);
  assert.deepEqual([piped.stdout, piped.stderr], ["0 fetched, 1 there already, 0 missing\n", ""]);
});

test("on a terminal a crawl shows how far it is", { skip: noTerminal }, async () => {
  await using folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  await using upstream = await fixtureProxy([
    await smallModule("example.com/one", "v1.0.0"),
    await smallModule("example.com/one", "v1.1.0"),
  ]);
  await writeFile(at("list"), "example.com/one@v1.0.0\n");
  const env = { GOPROXY: upstream.url, ATHENS_DISK_STORAGE_ROOT: at("kept") };
  const seeded = await finishedStoa(["modules", "seed", at("list")], env);
  assert.equal(seeded.code, 0, seeded.stderr);
  const words = [process.execPath, programFile, "modules", "crawl"].join(" ");
  const seen = await finishedProgram("script", ["-qec", words, "/dev/null"], {
    cwd: folder.path,
    env: { PATH: process.env["PATH"], HOME: folder.path, GOENV: "off", GOSUMDB: "off", ...env },
  });
  assert.equal(seen.code, 0, seen.stdout);
  assert.match(seen.stdout, /\[K1 modules, 0 fetched, 0 failed: example\.com\/one/);
  assert.match(seen.stdout, /fetched example\.com\/one@v1\.1\.0/);
});

describe("standard output", () => {
  test("nobody reads it: the program ends without a word", async () => {
    await using folder = await temporaryFolder();
    // The reader is gone before the program begins.
    const script = 'exec 3> >(:); wait $!; exec "$@" >&3';
    const words = ["-c", script, "bash", process.execPath, programFile, "serve", "--help"];
    const { code, stderr } = await finishedProgram("bash", words, {
      cwd: folder.path,
      env: { PATH: process.env["PATH"] },
    });
    assert.deepEqual([code, stderr], [141, ""]);
  });

  test("a full disk is a sentence", {
    skip: !existsSync("/dev/full") && "no /dev/full",
  }, async () => {
    await using folder = await temporaryFolder();
    const words = ["-c", 'exec "$@" > /dev/full', "sh", process.execPath, programFile, "--help"];
    const { code, stderr } = await finishedProgram("sh", words, {
      cwd: folder.path,
      env: { PATH: process.env["PATH"] },
    });
    assert.equal(code, 1);
    assert.match(stderr, /^stoa: standard output cannot be written to: ENOSPC[^\n]*\n$/);
  });
});
