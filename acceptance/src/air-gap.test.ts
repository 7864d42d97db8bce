// A bundle and a Stoa without a network: builds with the checksum database on, and nothing that is not proven.
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { moduleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import {
  buildChecksumDatabase,
  ChecksumDatabaseProgram,
} from "./checksum-database/checksum-database.ts";
import { buildCutOff, cutIsMissing } from "./testing/cut-off-build.ts";
import { finishedProgram } from "./testing/finished-program.ts";
import { goCommand } from "./testing/go-command.ts";
import {
  hermeticModules,
  program,
  programOutput,
  untaggedVersion,
  wantedModules,
} from "./testing/hermetic-modules.ts";
import { smallModule } from "./testing/proxied-modules.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const built = buildChecksumDatabase();
const skip = typeof built === "string" ? built : false;
const databaseProgram = built as ChecksumDatabaseProgram;
after(() => built instanceof ChecksumDatabaseProgram && built[Symbol.dispose]());

/** Nobody listens there. */
const nowhere = "http://127.0.0.1:9";

describe("a bundle", { skip }, () => {
  test("carries modules and proofs to where no network is; what came later follows in another", async () => {
    await using work = await temporaryFolder();
    const at = (name: string): string => join(work.path, name);
    await using upstream = await fixtureProxy([
      ...(await Promise.all(hermeticModules.map(moduleFixture))),
      await smallModule("example.com/later", "v1.0.0"),
    ]);
    await using database = await databaseProgram.start(upstream.url);
    await database.grow(300);
    for (const [name, text] of Object.entries(program)) await writeFile(at(name), text);
    await using first = await goCommand({ goproxy: upstream.url });
    const wanted = wantedModules.map((one) => one.replace("@main", `@${untaggedVersion}`));
    await first.succeed(["get", ...wanted], work.path);
    await first.succeed(["mod", "tidy"], work.path);

    const made = await finishedStoa(["key", "make", at("team.key")], {});
    assert.equal(made.code, 0, made.stderr);
    const connected = {
      GOPROXY: upstream.url,
      GOSUMDB: database.gosumdb,
      ATHENS_DISK_STORAGE_ROOT: at("connected"),
    };
    const cutOff = {
      GOPROXY: nowhere,
      GOSUMDB: `${database.key} ${nowhere}`,
      ATHENS_DISK_STORAGE_ROOT: at("cut-off"),
    };
    const modules = async (env: Record<string, string>, ...words: string[]): Promise<string> => {
      const { code, stdout, stderr } = await finishedStoa(["modules", ...words], env);
      assert.equal(code, 0, `${words.join(" ")}:\n${stdout}${stderr}`);
      return stdout;
    };
    await modules(connected, "seed", at("go.mod"));
    const said = await modules(connected, "bundle", "--to", at("one.tar"), "--key", at("team.key"));
    const publicKey = /signed by (\S+)/.exec(said)?.[1] ?? assert.fail(said);
    assert.equal(made.stdout, `${publicKey}\n`);

    assert.match(await modules(cutOff, "import", at("one.tar"), "--trust", publicKey), / moved/);
    assert.match(
      await modules(cutOff, "import", at("one.tar"), "--trust", publicKey),
      / there already/,
    );

    await using stoa = await startStoa({ goproxy: nowhere, root: at("cut-off"), env: cutOff });
    const build = async (goproxy: string): Promise<void> => {
      await rm(at("go.sum"), { force: true });
      await using go = await goCommand({ goproxy, gosumdb: database.key });
      assert.equal(await go.succeed(["run", "."], work.path), programOutput);
    };
    await build(stoa.url);

    await test("is enough in a network of its own, in which nothing else is", {
      skip: cutIsMissing(),
    }, async () => {
      await rm(at("go.sum"), { force: true });
      await buildCutOff({
        bundle: at("one.tar"),
        trust: publicKey,
        gosumdb: { stoa: cutOff.GOSUMDB, go: database.key },
        folder: work.path,
        main: ".",
        output: at("built"),
        outside: upstream.url,
      });
      const { stdout } = await finishedProgram(at("built"), [], { cwd: work.path, env: {} });
      assert.equal(stdout, programOutput);
    });

    await test("is a file:// GOPROXY when it is unpacked, with the checksum database on", async () => {
      await using unpacked = await temporaryFolder();
      const { spawnSync } = await import("node:child_process");
      assert.equal(spawnSync("tar", ["xf", at("one.tar"), "-C", unpacked.path]).status, 0);
      await build(`file://${unpacked.path}`);
    });

    await database.grow(300);
    await writeFile(at("list"), "example.com/later@v1.0.0\n");
    await modules(connected, "seed", at("list"));
    const more = await modules(
      connected,
      "bundle",
      "--to",
      at("two.tar"),
      "--since",
      at("one.tar"),
    );
    assert.match(more, /: 1 versions, /);
    await modules(cutOff, "import", at("two.tar"));
    await build(stoa.url);
    await using go = await goCommand({ goproxy: stoa.url, gosumdb: database.key });
    await go.succeed(["mod", "download", "example.com/later@v1.0.0"]);

    // What was changed on the way, or is signed by nobody who is trusted, is not taken in.
    await finishedStoa(["key", "make", at("other.key")], {});
    await modules(connected, "bundle", "--to", at("other.tar"), "--key", at("other.key"));
    const refused = await finishedStoa(
      ["modules", "import", at("other.tar"), "--trust", publicKey],
      cutOff,
    );
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is not signed by the key that is trusted\n$/);
    const bytes = await readFile(at("one.tar"));
    // Behind the 512 bytes of the first header.
    bytes.write("X", 514);
    await writeFile(at("damaged.tar"), bytes);
    const damaged = await finishedStoa(["modules", "import", at("damaged.tar")], cutOff);
    assert.equal(damaged.code, 1);
    assert.match(damaged.stderr, /is damaged: /);
  });
});

test("toolchains travel in bundles", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  const version = "v0.0.1-go1.99.1.linux-amd64";
  const toolchain = await smallModule("golang.org/toolchain", version);
  await using upstream = await fixtureProxy([toolchain]);
  await writeFile(at("list"), `golang.org/toolchain@${version}\n`);
  const there = { GOPROXY: upstream.url, ATHENS_DISK_STORAGE_ROOT: at("there") };
  const here = { GOPROXY: "off", ATHENS_DISK_STORAGE_ROOT: at("here") };
  for (const [env, ...words] of [
    [there, "seed", at("list")],
    [there, "bundle", "--to", at("one.tar")],
    [here, "import", at("one.tar")],
  ] as const) {
    const { code, stdout, stderr } = await finishedStoa(["modules", ...words], env);
    assert.equal(code, 0, `${words.join(" ")}: ${stdout}${stderr}`);
  }
  const kept = join(at("here"), "golang.org/toolchain", version, "source.zip");
  assert.deepEqual(await readFile(kept), Buffer.from(toolchain.zip));
});
