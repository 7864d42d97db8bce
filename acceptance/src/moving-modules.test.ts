// stoa modules import, export, remove and reindex: modules come in and go out, checked, continued, and said what was not.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { escapePath, escapeVersion } from "@stoa/gomod";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import { athensSaves } from "./testing/athens-disk.ts";
import { until } from "./testing/bounded-wait.ts";
import type { FinishedProgram } from "./testing/finished-program.ts";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { own } from "./testing/owned-processes.ts";
import { filePath, largeModule, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { programFile } from "./testing/repository.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";
import { filesIn, isWhole, versionsIn } from "./testing/stored-versions.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

/** Runs `stoa modules …` on a storage folder. */
function modules(root: string, ...words: readonly string[]): Promise<FinishedProgram> {
  return finishedStoa(["modules", ...words], { ATHENS_DISK_STORAGE_ROOT: root });
}

async function succeed(root: string, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await modules(root, ...words);
  assert.equal(code, 0, `stoa modules ${words.join(" ")}:\n${stdout}${stderr}`);
  return stdout;
}

function smallModules(): Promise<ModuleFixture[]> {
  return Promise.all([
    smallModule("github.com/ACME/Loud", "v1.0.0-RC1"),
    smallModule("example.com/m", "v1.0.0"),
    smallModule("example.com/m", "v1.1.0"),
    smallModule("example.com/m/v2", "v2.0.0"),
  ]);
}

/** The versions whose keeping has been noted, and not its end. */
function keptNotes(root: string): unknown[] {
  const state = new DatabaseSync(join(root, ".stoa", "state.sqlite"), {
    readOnly: true,
    timeout: 60_000,
  });
  try {
    const rows = state.prepare("SELECT version FROM stoa_keeping").all();
    return rows.map(({ version }) => version);
  } finally {
    state.close();
  }
}

/** Writes what a module cache has: the names of URLs, and some that are none. */
async function cacheSaves(
  tree: string,
  { module, ...files }: ModuleFixture,
  kinds: readonly ("info" | "mod" | "zip")[] = ["info", "mod", "zip"],
): Promise<void> {
  const base = join(tree, escapePath(module.path), "@v", escapeVersion(module.version));
  await mkdir(dirname(base), { recursive: true });
  for (const kind of kinds) await writeFile(`${base}.${kind}`, files[kind]);
  await writeFile(`${base}.lock`, "");
  await writeFile(join(dirname(base), "list"), `${module.version}\n`);
}

async function versionNames(root: string): Promise<string[]> {
  const versions = await versionsIn(root);
  assert.ok(versions.every(isWhole));
  return versions.map(({ folder }) => folder).sort();
}

function foldersOf(fixtures: readonly ModuleFixture[]): string[] {
  return fixtures.map(({ module }) => `${module.path}/${module.version}`).sort();
}

describe("stoa modules import", () => {
  test("brings in an Athens' disk without writing to it, says what is torn or no version, and does it once", async () => {
    await using athens = await temporaryFolder();
    await using kept = await temporaryFolder();
    const fixtures = await smallModules();
    for (const fixture of fixtures) await athensSaves(athens.path, fixture);
    await rm(join(athens.path, "example.com/m/v1.1.0/source.zip"));
    await mkdir(join(athens.path, "example.com/m/branch"));
    await writeFile(join(athens.path, "example.com/m/branch/go.mod"), "module example.com/m\n");
    const before = await filesIn(athens.path);

    const first = await succeed(kept.path, "import", "--from", `disk:${athens.path}`);
    assert.match(first, /^skipped: example.com\/m\/v1.1.0: it is torn: it lacks source.zip$/m);
    assert.match(first, /^skipped: example.com\/m\/branch: its folder is not named after .+$/m);
    assert.match(first, /: 5 versions: 3 moved, 2 skipped\n$/);
    assert.deepEqual(await filesIn(athens.path), before);
    const moved = fixtures.filter(({ module }) => module.version !== "v1.1.0");
    assert.deepEqual(await versionNames(kept.path), foldersOf(moved));

    const second = await succeed(kept.path, "import", "--from", athens.path);
    assert.match(second, /: 5 versions: 3 there already, 2 skipped\n$/);
    const thorough = await succeed(kept.path, "import", "--from", athens.path, "--compare");
    assert.match(thorough, /: 5 versions: 3 there already, 2 skipped\n$/);
  });

  test("brings in a module cache, also what it has only the go.mod of", async () => {
    await using cache = await temporaryFolder();
    await using kept = await temporaryFolder();
    const tree = join(cache.path, "cache", "download");
    const [loud, whole, noInfo, noZip] = (await smallModules()) as [
      ModuleFixture,
      ModuleFixture,
      ModuleFixture,
      ModuleFixture,
    ];
    await cacheSaves(tree, loud);
    await cacheSaves(tree, whole);
    await cacheSaves(tree, noInfo, ["mod", "zip"]);
    await cacheSaves(tree, noZip, ["info", "mod"]);
    await writeFile(join(tree, "example.com/m/@v/main.info"), whole.info);

    const said = await succeed(kept.path, "import", "--from", cache.path);
    assert.match(
      said,
      /^skipped: example.com\/m\/@v\/v1.1.0: its .info is not there; go mod download/m,
    );
    assert.match(
      said,
      /^skipped: example.com\/m\/@v\/main: it is not named after a canonical version$/m,
    );
    assert.match(said, /: 5 versions: 2 moved, 1 without a zip, of which .+, 2 skipped\n$/);
    assert.deepEqual(await versionNames(kept.path), foldersOf([loud, whole]));
    const again = await succeed(kept.path, "import", "--from", `file://${tree}`);
    assert.match(again, /: 5 versions: 3 there already, 2 skipped\n$/);

    const env = { ATHENS_NETWORK_MODE: "offline" };
    await using stoa = await startStoa({ goproxy: "off", root: kept.path, env });
    for (const [fixture, kind] of [
      [loud, "zip"],
      [noZip, "mod"],
      [noZip, "info"],
    ] as const) {
      const { body } = await ask(`${stoa.url}${filePath(fixture, kind)}`);
      assert.deepEqual(body, Buffer.from(fixture[kind]));
    }
  });

  test("asks a proxy for what a list names, of which a go.sum is one", async () => {
    await using kept = await temporaryFolder();
    const fixtures = await smallModules();
    await using upstream = await fixtureProxy(fixtures);
    const list = join(kept.path, "list");
    await writeFile(
      list,
      [
        "# what we use",
        "github.com/ACME/Loud@v1.0.0-RC1",
        "example.com/m v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "example.com/m v1.0.0/go.mod h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "example.com/m v1.1.0/go.mod h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "example.com/main-module",
        "example.com/m@main",
        "example.com/m@v1.9.0",
        "example.com/m@",
        "",
      ].join("\n"),
    );
    const root = join(kept.path, "kept");
    const { code, stdout } = await modules(root, "import", "--from", upstream.url, "--list", list);
    assert.equal(code, 1);
    assert.match(stdout, /^skipped: line 7 of the list: .+$/m);
    assert.match(stdout, /^skipped: line 9 of the list: .+$/m);
    assert.match(stdout, /^failed: example.com\/m@v1.9.0: .+$/m);
    assert.match(stdout, /: 6 versions: 2 moved, 1 without a zip, .+, 2 skipped, 1 failed\n$/);
    assert.deepEqual(await versionNames(root), foldersOf(fixtures.slice(0, 2)));
    const zips = upstream.requests.filter(({ path }) => path.endsWith(".zip")).length;
    await modules(root, "import", "--from", upstream.url, "--list", list);
    // Only the one that could not be had is asked for again.
    const again = upstream.requests.filter(({ path }) => path.endsWith(".zip")).length - zips;
    assert.ok(again <= 1, `${again} zips were asked for again`);

    const without = await modules(root, "import", "--from", upstream.url);
    assert.equal(without.code, 1);
    assert.match(without.stderr, /^stoa: .+ name a list with --list FILE .+\n$/);
  });

  test("never replaces what is there by other bytes, keeps nothing unsound, and ends with 1", async () => {
    await using athens = await temporaryFolder();
    await using kept = await temporaryFolder();
    const [altered, unsound, otherMod, good] = (await smallModules()) as [
      ModuleFixture,
      ModuleFixture,
      ModuleFixture,
      ModuleFixture,
    ];
    await athensSaves(kept.path, altered);
    const { path, version } = altered.module;
    const other = await moduleFixture(
      `module ${path}@${version}\n-- go.mod --\nmodule ${path}\n\ngo 1.18\n-- other.go --\npackage small\n`,
    );
    await athensSaves(athens.path, { ...other, mod: altered.mod });
    await athensSaves(athens.path, { ...unsound, zip: unsound.zip.slice(0, -30) });
    await athensSaves(athens.path, { ...otherMod, mod: Buffer.from("module example.com/other\n") });
    await athensSaves(athens.path, good);

    const { code, stdout } = await modules(kept.path, "import", "--from", athens.path, "--json");
    assert.equal(code, 1);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const outcomes = Object.fromEntries(
      lines.map((line) => [`${line.path}@${line.version}`, line.outcome]),
    );
    assert.deepEqual(outcomes, {
      "github.com/ACME/Loud@v1.0.0-RC1": "altered",
      "example.com/m@v1.0.0": "refused",
      "example.com/m@v1.1.0": "refused",
      "example.com/m/v2@v2.0.0": "moved",
    });
    assert.deepEqual(await versionNames(kept.path), foldersOf([altered, good]));
    const zip = await readFile(join(kept.path, path, version, "source.zip"));
    assert.deepEqual(zip, Buffer.from(altered.zip));
  });

  test("notices that a Stoa's store was damaged since it was kept there", async () => {
    await using from = await temporaryFolder();
    await using kept = await temporaryFolder();
    const fixture = await smallModule("example.com/m", "v1.0.0");
    {
      await using scene = await proxiedModules([fixture], { root: from.path });
      await ask(`${scene.stoa.url}${filePath(fixture, "zip")}`);
      await scene.stoa.stop();
    }
    const other = await moduleFixture(
      "module example.com/m@v1.0.0\n-- go.mod --\nmodule example.com/m\n\ngo 1.18\n-- b.go --\npackage b\n",
    );
    await writeFile(join(from.path, "example.com/m/v1.0.0/source.zip"), other.zip);
    const { code, stdout } = await modules(kept.path, "import", "--from", from.path);
    assert.equal(code, 1);
    assert.match(stdout, /its zip has h1:.+, but had h1:.+ when it was kept/);
    assert.deepEqual(await versionNames(kept.path), []);
  });

  test("works on the store of a running Stoa, which serves, lists and indexes what came", async () => {
    await using athens = await temporaryFolder();
    const fixtures = await smallModules();
    for (const fixture of fixtures) await athensSaves(athens.path, fixture);
    const env = { ATHENS_NETWORK_MODE: "offline" };
    await using stoa = await startStoa({ goproxy: "off", env });
    await succeed(stoa.root, "import", "--from", athens.path);
    for (const fixture of fixtures) {
      assert.equal((await ask(`${stoa.url}${filePath(fixture, "zip")}`)).status, 200);
    }
    const { text } = await ask(`${stoa.url}/index`);
    assert.equal(text.trim().split("\n").length, fixtures.length);
    assert.equal((await ask(`${stoa.url}/example.com/m/@v/list`)).text, "v1.0.0\nv1.1.0\n");
  });

  test("can be interrupted, says how to go on, and goes on", async () => {
    await using athens = await temporaryFolder();
    await using kept = await temporaryFolder();
    const fixtures = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        largeModule(`example.com/m${index}`, "v1.0.0", 200_000),
      ),
    );
    for (const fixture of fixtures) await athensSaves(athens.path, fixture);
    const interrupted = await interruptedImport(athens, kept.path);
    assert.equal(interrupted.code, 130, interrupted.stderr);
    assert.match(
      interrupted.stderr,
      /^stoa: interrupted; .*\d+ moved.*\. Nothing is half done: run the same command again/m,
    );
    const half = await versionNames(kept.path);
    assert.ok(half.length > 0 && half.length < 60, `${half.length} of 60`);
    const said = await succeed(kept.path, "import", "--from", athens.path);
    const [, moved = "", there = ""] =
      /: 60 versions: (\d+) moved, (\d+) there already\n$/.exec(said) ?? [];
    assert.equal(Number(moved) + Number(there), 60);
    assert.equal(Number(there), half.length);
    assert.deepEqual(await versionNames(kept.path), foldersOf(fixtures));
    assert.deepEqual(await readdir(join(kept.path, ".stoa", "incoming")), []);
    assert.deepEqual(keptNotes(kept.path), []);
  });

  test("says in one sentence what cannot be", async () => {
    await using folder = await temporaryFolder();
    const kept = join(folder.path, "kept");
    for (const [words, sentence] of [
      [["--from", "s4://bucket"], /s4: is no kind of place; there are disk:PATH/],
      [["--from", join(folder.path, "absent")], /there is no storage folder .+absent: /],
      [["--from", `disk:${kept}`], /is both ends of the move/],
      [
        ["--from", folder.path, "--to", "https://proxy.example"],
        /is a module proxy, and takes no modules/,
      ],
      [["--from", "file://elsewhere/tree"], /is no URL that can be used/],
      [
        ["--from", "https://proxy.example", "--list", join(folder.path, "none")],
        /the list .+none cannot be read/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await modules(kept, "import", ...words);
      assert.equal(code, 1, words.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, sentence);
      assert.match(stderr, /^stoa: .+\n$/);
    }
  });
});

/** Sends SIGINT as soon as the first version is said to have been moved. */
async function interruptedImport(from: TemporaryFolder, root: string): Promise<FinishedProgram> {
  const words = ["modules", "import", "--from", from.path, "--json"];
  const child = own(
    spawn(process.execPath, [programFile, ...words], {
      env: {
        PATH: process.env["PATH"],
        GOENV: "off",
        GOSUMDB: "off",
        ATHENS_DISK_STORAGE_ROOT: root,
      },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    if (said.stdout === "") child.kill("SIGINT");
    said.stdout += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said.stderr += chunk;
  });
  const [code] = await once(child, "close");
  return { code, ...said };
}

describe("stoa modules export", () => {
  test("makes a tree that the go command builds from", { skip: goIsMissing() }, async () => {
    await using kept = await temporaryFolder();
    await using out = await temporaryFolder();
    const fixtures = await smallModules();
    for (const fixture of fixtures) await athensSaves(kept.path, fixture);
    const to = `file://${join(out.path, "tree")}`;
    assert.match(await succeed(kept.path, "export", "--to", to), /: 4 versions: 4 moved\n$/);
    assert.match(
      await succeed(kept.path, "export", "--to", to),
      /: 4 versions: 4 there already\n$/,
    );
    await using go = await goCommand({ goproxy: to });
    for (const { module, ...fixture } of fixtures) {
      const json = JSON.parse(
        await go.succeed(["mod", "download", "-json", `${module.path}@${module.version}`]),
      );
      assert.deepEqual(await readFile(json.Zip), Buffer.from(fixture.zip));
      assert.equal(await readFile(json.Zip.replace(/zip$/, "ziphash"), "utf8"), json.Sum);
    }
    const versions = await go.succeed(["list", "-m", "-versions", "example.com/m"]);
    assert.equal(versions, "example.com/m v1.0.0 v1.1.0\n");
    const latest = await go.succeed(["list", "-m", "example.com/m@latest"]);
    assert.equal(latest, "example.com/m v1.1.0\n");
    assert.deepEqual((await readdir(join(out.path, "tree"))).sort(), ["example.com", "github.com"]);
  });

  test("makes a tree whose hashes the go command takes for those of its own cache, and that comes back in", async () => {
    await using kept = await temporaryFolder();
    await using out = await temporaryFolder();
    await using back = await temporaryFolder();
    const fixtures = await smallModules();
    for (const fixture of fixtures) await athensSaves(kept.path, fixture);
    await succeed(kept.path, "export", "--to", `file://${out.path}`);
    const hash = "example.com/m/@v/v1.0.0.ziphash";
    assert.match(await readFile(join(out.path, hash), "utf8"), /^h1:[A-Za-z0-9+/]{43}=$/);
    assert.equal(
      await readFile(join(out.path, "example.com/m/@v/list"), "utf8"),
      "v1.0.0\nv1.1.0\n",
    );
    await succeed(back.path, "import", "--from", `file://${out.path}`);
    assert.deepEqual(await versionNames(back.path), foldersOf(fixtures));
  });

  test("never replaces a file of a tree by other bytes", async () => {
    await using kept = await temporaryFolder();
    await using out = await temporaryFolder();
    const fixture = await smallModule("example.com/m", "v1.0.0");
    await athensSaves(kept.path, fixture);
    const other = await moduleFixture(
      "module example.com/m@v1.0.0\n-- go.mod --\nmodule example.com/m\n\ngo 1.18\n-- b.go --\npackage b\n",
    );
    await cacheSaves(out.path, other);
    const { code, stdout } = await modules(kept.path, "export", "--to", `file://${out.path}`);
    assert.equal(code, 1);
    assert.match(stdout, /^ALTERED: example.com\/m@v1.0.0: .+$/m);
    const zip = await readFile(join(out.path, "example.com/m/@v/v1.0.0.zip"));
    assert.deepEqual(zip, Buffer.from(other.zip));
  });
});

describe("stoa modules remove", () => {
  test("says first what it would do, and then removes a version with everything about it", async () => {
    const fixtures = await smallModules();
    await using folder = await temporaryFolder();
    const looseOnly = await smallModule("example.com/loose", "v1.0.0");
    await using scene = await proxiedModules([...fixtures, looseOnly], { root: folder.path });
    for (const fixture of fixtures) await ask(`${scene.stoa.url}${filePath(fixture, "zip")}`);
    await ask(`${scene.stoa.url}${filePath(looseOnly, "mod")}`);
    await until("all notes to be done with", () => keptNotes(folder.path).length === 0);
    // The server closes its state when it has not used it for a second.
    const files = async (): Promise<string[]> =>
      (await filesIn(folder.path)).filter((name) => !/\.sqlite-(wal|shm)$/.test(name));
    const names = ["example.com/m@v1.0.0", "example.com/loose"];
    // Whoever looks gives what lingers in the server's log its place.
    await succeed(folder.path, "remove", ...names);
    const before = await files();

    const dry = await succeed(folder.path, "remove", ...names);
    assert.match(dry, /^would remove example.com\/m@v1.0.0 \(whole, \d+ bytes\)$/m);
    assert.match(dry, /^would remove example.com\/loose@v1.0.0 \(loose mod\)$/m);
    assert.match(dry, /^2 versions; nothing has been removed: add --yes to do it$/m);
    assert.deepEqual(await files(), before);

    const done = await succeed(folder.path, "remove", ...names, "--yes");
    assert.match(done, /^removed example.com\/m@v1.0.0 /m);
    const left = await filesIn(folder.path);
    assert.deepEqual(
      left.filter((name) => /(^|\/)m\/v1.0.0|loose\/v1|@v1.0.0/.test(name)),
      [],
    );
    const kept = fixtures.filter(({ module }) => module.version !== "v1.0.0");
    assert.deepEqual(await versionNames(folder.path), foldersOf(kept));
    const { text } = await ask(`${scene.stoa.url}/index`);
    assert.doesNotMatch(text, /"example.com\/m","Version":"v1.0.0"/);
    assert.match(text, /"example.com\/m","Version":"v1.1.0"/);

    // It is fetched anew when it is asked for.
    assert.equal((await ask(`${scene.stoa.url}${filePath(fixtures[1]!, "zip")}`)).status, 200);
    assert.deepEqual(await versionNames(folder.path), foldersOf(fixtures));
  });

  test("of a module means all its versions, and none of longer paths; of nothing it is told", async () => {
    await using kept = await temporaryFolder();
    const fixtures = await smallModules();
    for (const fixture of fixtures) await athensSaves(kept.path, fixture);
    const torn = join(kept.path, "example.com/m/v1.5.0");
    await mkdir(torn);
    await writeFile(join(torn, "go.mod"), "module example.com/m\n");
    const { code, stdout, stderr } = await modules(
      kept.path,
      ...["remove", "--yes", "--json", "example.com/m", "example.com/absent@v1.0.0"],
    );
    assert.equal(code, 1);
    assert.equal(stderr, "stoa: example.com/absent@v1.0.0: there is nothing of it\n");
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ path, version, state, removed }) => [path, version, state, removed]),
      [
        ["example.com/m", "v1.0.0", "whole", true],
        ["example.com/m", "v1.1.0", "whole", true],
        ["example.com/m", "v1.5.0", "torn", true],
      ],
    );
    const left = fixtures.filter(({ module }) => module.path !== "example.com/m");
    assert.deepEqual(await versionNames(kept.path), foldersOf(left));
    const wrong = await modules(kept.path, "remove", "--yes", "github.com/ACME/Loud", "no module!");
    assert.equal(wrong.code, 1);
    assert.deepEqual(await versionNames(kept.path), foldersOf(left));
  });
});

describe("the index", () => {
  const lines = async (url: string): Promise<string[]> =>
    (await ask(`${url}/index`)).text.split("\n").filter(Boolean);

  test("is not filled anew at a start; reindex finds what others have put there and lets go of what is gone", async () => {
    await using folder = await temporaryFolder();
    const [first, second] = (await smallModules()) as [ModuleFixture, ModuleFixture];
    {
      await using scene = await proxiedModules([first], { root: folder.path });
      await ask(`${scene.stoa.url}${filePath(first, "zip")}`);
      await until("its line", async () => (await lines(scene.stoa.url)).length === 1);
      await scene.stoa.stop();
    }
    await athensSaves(folder.path, second);
    await rm(join(folder.path, first.module.path, first.module.version), { recursive: true });
    await using stoa = await startStoa({ goproxy: "off", root: folder.path });
    const [before = ""] = await lines(stoa.url);
    assert.match(before, /ACME/);
    const said = await succeed(folder.path, "reindex");
    assert.equal(said, "the index has 1 versions; 1 that are gone were removed\n");
    const [after = "", ...more] = await lines(stoa.url);
    assert.match(after, /"example.com\/m"/);
    assert.deepEqual(more, []);
    assert.equal(
      await succeed(folder.path, "reindex"),
      "the index has 1 versions; 0 that are gone were removed\n",
    );
    assert.deepEqual(await lines(stoa.url), [after]);
  });

  test("and the loose files are put right at the start for a version whose keeper was killed", async () => {
    await using folder = await temporaryFolder();
    const [first, second] = (await smallModules()) as [ModuleFixture, ModuleFixture];
    {
      await using scene = await proxiedModules([first, second], { root: folder.path });
      await ask(`${scene.stoa.url}${filePath(first, "zip")}`);
      await ask(`${scene.stoa.url}${filePath(second, "mod")}`);
      await until("its line", async () => (await lines(scene.stoa.url)).length === 1);
      await scene.stoa.stop();
    }
    const loose = join(folder.path, ".stoa", "loose", "example.com/m/v1.0.0@mod");
    await readFile(loose);
    // What a process leaves that is killed between the version and its records: of one that was kept, and of one that was
    // not; and of one whose process may still live.
    await athensSaves(folder.path, second);
    const state = new DatabaseSync(join(folder.path, ".stoa", "state.sqlite"), {
      timeout: 60_000,
    });
    const note = state.prepare("INSERT INTO stoa_keeping VALUES ('example.com/m', ?, ?)");
    note.run("v1.0.0", 0);
    note.run("v1.0.7", 0);
    note.run("v1.0.8", Date.now());
    state.close();
    await using stoa = await startStoa({ goproxy: "off", root: folder.path });
    await until("one note", () => keptNotes(folder.path).length === 1);
    assert.deepEqual(keptNotes(folder.path), ["v1.0.8"]);
    assert.deepEqual((await lines(stoa.url)).map((line) => JSON.parse(line).Path).sort(), [
      "example.com/m",
      "github.com/ACME/Loud",
    ]);
    await assert.rejects(readFile(loose), { code: "ENOENT" });
  });
});
