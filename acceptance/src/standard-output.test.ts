// What commands print on a terminal, into a pipe, to nobody and to a full disk.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fixtureProxy } from "@stoa/proxy/testing";
import { finishedProgram } from "./testing/finished-program.ts";
import { smallModule } from "./testing/proxied-modules.ts";
import { programFile } from "./testing/repository.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { noTerminal, shownProgram } from "./testing/terminal.ts";

test("on a terminal seeding shows a bar, and elsewhere none", {
  skip: noTerminal,
}, async () => {
  await using folder = await temporaryFolder();
  await using upstream = await fixtureProxy([await smallModule("example.com/one", "v1.0.0")]);
  await writeFile(join(folder.path, "list"), "example.com/one@v1.0.0\n");
  const words = [programFile, "modules", "seed", "list"];
  const env = {
    PATH: process.env["PATH"],
    HOME: folder.path,
    GOENV: "off",
    GOSUMDB: "off",
    GOPROXY: upstream.url,
    ATHENS_DISK_STORAGE_ROOT: join(folder.path, "kept"),
  };
  const place = { cwd: folder.path, env };
  const seen = await shownProgram(process.execPath, words, place);
  assert.equal(seen.code, 0, seen.written);
  assert.deepEqual(seen.passing, [`[${"#".repeat(20)}] 1 of 1, 0 missing: example.com/one@v1.0.0`]);
  assert.deepEqual(seen.lines, ["1 fetched, 0 there already, 0 missing"]);
  const piped = await finishedProgram(process.execPath, words, place);
  assert.deepEqual([piped.stdout, piped.stderr], ["0 fetched, 1 there already, 0 missing\n", ""]);
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
