// What people get wrong with `stoa modules …`: one sentence that names the thing, at once, and nothing is written.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fixtureProxy } from "@stoa/proxy/testing";
import { type FinishedProgram, finishedProgram } from "./testing/finished-program.ts";
import { smallModule } from "./testing/proxied-modules.ts";
import { programFile } from "./testing/repository.ts";
import { finishedStoa } from "./testing/stoa-process.ts";
import { filesIn } from "./testing/stored-versions.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

/** What is typed, and what is said about it. */
const slips: readonly (readonly [string, RegExp])[] = [
  ["bundle", /required option '--to <file>'.*stoa modules bundle --help/s],
  ["bundle --to nowhere/x.tar", /nowhere\/x\.tar cannot be written: there is no such folder/],
  ["bundle --to x.tar --key none.key", /none\.key cannot be read: there is no such file/],
  ["bundle --to x.tar --key text", /invalid secret key/],
  ["bundle --to x.tar --since none.tar", /there is no file none\.tar/],
  ["bundle --to x.tar --since text", /text is no bundle, or it is damaged/],
  ["import", /name either a bundle or, with --from, a place/],
  ["import none.tar", /there is no file none\.tar/],
  ["import text", /text is no bundle, or it is damaged/],
  ["import folder", /folder is no bundle, or it is damaged/],
  ["import torn.tar", /torn\.tar is no bundle, or it is damaged/],
  ["import one.tar --trust RWxx", /invalid public key/],
  ["import --from https://127.0.0.1:9 --list none", /none cannot be read: there is no such file/],
  ["seed", /missing required argument 'sources'.*stoa modules seed --help/s],
  ["seed none.mod", /none\.mod is not there/],
  ["seed text --platform linux", /'linux' is invalid\. It must be as in linux-arm64, or none/],
  ["keep add none.sum", /none\.sum cannot be read: there is no such file/],
  ["keep add folder", /folder cannot be read: it is a folder/],
  ["keep remove none", /no list none is registered: see stoa modules keep list/],
  ["retain", /there is no rule: name --age-days, --unused-days or --size/],
  ["retain --size 0.5", /'0\.5' is invalid\. It must be a whole number above zero/],
  ["retain --size 1 --even all", /'all' is invalid\. It must be one or more of registered/],
  ["retain --size 1 --protect a[", /invalid pattern "a\[": a character class or a backslash/],
  ["crawl --modules a,b[", /invalid pattern "b\[": a character class or a backslash/],
  ["crawl --used-days -1", /'-1' is invalid\. It must be a whole number above zero/],
  ["remove nothing", /invalid module path "nothing"/],
  ["restore example.com/never", /example\.com\/never: there is nothing of it in the trash/],
  ["explain no/dot", /invalid module path "no\/dot"/],
  ["check-access nothing", /invalid module path "nothing"/],
  ["queue --limit 0", /'0' is invalid\. It must be a whole number above zero/],
];

describe("slips with modules", () => {
  let folder: TemporaryFolder;
  let stored: readonly string[];
  const env = (): Record<string, string> => ({
    ATHENS_DISK_STORAGE_ROOT: join(folder.path, "kept"),
    GOPROXY: "https://127.0.0.1:9",
  });
  const modules = (...words: string[]): Promise<FinishedProgram> =>
    finishedStoa(["modules", ...words], env(), folder.path);
  before(async () => {
    folder = await temporaryFolder();
    const at = (name: string): string => join(folder.path, name);
    await writeFile(at("text"), "nothing that is meant\n");
    await mkdir(at("folder"));
    await using upstream = await fixtureProxy([await smallModule("example.com/one", "v1.0.0")]);
    await writeFile(at("list"), "example.com/one@v1.0.0\n");
    const seeded = await modules("import", "--from", upstream.url, "--list", "list");
    assert.equal(seeded.code, 0, seeded.stderr);
    const bundled = await modules("bundle", "--to", "one.tar");
    assert.equal(bundled.code, 0, bundled.stderr);
    await writeFile(at("torn.tar"), (await readFile(at("one.tar"))).subarray(0, 700));
    stored = await filesIn(folder.path);
  });
  after(() => folder[Symbol.asyncDispose]());

  for (const [words, sentence] of slips) {
    test(`stoa modules ${words}`, async () => {
      const { code, stdout, stderr } = await modules(...words.split(" "));
      assert.match(stderr, sentence);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.doesNotMatch(stderr, /^ +at |[A-Z]{5,}: |undefined/m);
      const kept = (await filesIn(folder.path)).filter((name) => !name.startsWith("kept/.stoa/"));
      assert.deepEqual(
        kept,
        stored.filter((name) => !name.startsWith("kept/.stoa/")),
      );
    });
  }

  test("a bundle is called as it was named", async () => {
    const { code, stdout } = await modules("import", "one.tar");
    assert.equal(code, 0);
    assert.match(stdout, /^from one\.tar to disk:\S+kept: 1 versions: 1 there already$/m);
  });

  test("patterns that would protect or exempt nothing", async () => {
    for (const name of ["STOA_RETAIN_PROTECT", "STOA_CRAWL_MODULES", "ATHENS_GONOSUM_PATTERNS"]) {
      const { code, stderr } = await finishedStoa(["config", "check"], { [name]: "a.example,b[" });
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`^stoa: ${name}: invalid pattern "b\\[": `));
    }
  });
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
