// The agent with a real keeper and real Go programs.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { textOf, until } from "./testing/ask.ts";
import { openMachine, Tree } from "./testing/delivery.ts";
import {
  buildCrashing,
  buildGoagain,
  buildGrace,
  buildPlain,
  buildPolite,
  buildTurning,
  noGo,
} from "./testing/go-programs.ts";
import { steadyLoad } from "./testing/steady-load.ts";

describe("agent", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-agent-"));
  const programs: Record<string, string> = {};
  before(() => {
    for (const version of ["1", "2"]) {
      programs[`polite-${version}`] = buildPolite(folder, version);
      programs[`plain-${version}`] = buildPlain(folder, version);
    }
    programs["crashing"] = buildCrashing(folder, "3");
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const treeIn = (): Tree => new Tree(mkdtempSync(join(folder, "tree-")));

  test("brings a service into being, and the next version takes over its socket", async () => {
    const tree = treeIn();
    const one = tree.publish("notes", "1", programs["polite-1"]!, { readiness: "fd" });
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await machine.until("notes", ({ state, running }) => state === "running" && running === one);
    const url = await machine.urlOf("notes");
    assert.match(await textOf(url), /^hello from 1,/);

    const two = tree.publish("notes", "2", programs["polite-2"]!, { readiness: "fd" });
    tree.assign({ notes: two });
    await machine.until("notes", ({ state, running }) => state === "running" && running === two);
    assert.match(await textOf(url), /^hello from 2,/);
    const service = join(machine.root, "services", "notes");
    assert.equal(readlinkSync(join(service, "current")), `releases/${two}`);
    assert.equal(readlinkSync(join(service, "previous")), `releases/${one}`);
  });

  test("runs a program that knows nothing but $PORT, and replaces it", async () => {
    const tree = treeIn();
    tree.assign({ notes: tree.publish("notes", "1", programs["plain-1"]!) });
    await using machine = await openMachine(folder, tree);
    await machine.until("notes", ({ state }) => state === "running");
    const url = await machine.urlOf("notes");
    assert.match(await textOf(url), /^hello from 1,/);
    const two = tree.publish("notes", "2", programs["plain-2"]!);
    tree.assign({ notes: two });
    await machine.until("notes", ({ state, running }) => state === "running" && running === two);
    assert.match(await textOf(url), /^hello from 2,/);
    assert.ok(
      machine.decisions.some((sentence) =>
        sentence.includes("connections are refused for a moment"),
      ),
    );
  });

  test("a version that crashes is refused with its last words, and the old one serves on untouched", async () => {
    const tree = treeIn();
    const one = tree.publish("notes", "1", programs["plain-1"]!);
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await machine.until("notes", ({ state }) => state === "running");
    const before = await textOf(await machine.urlOf("notes"));
    const three = tree.publish("notes", "3", programs["crashing"]!);
    tree.assign({ notes: three });
    const failed = await machine.until("notes", ({ state }) => state === "failed");
    assert.equal(failed.sentence, "notes 3: the rehearsal ended with exit code 3");
    assert.match(failed.lastLines?.at(-1) ?? "", /3 cannot find its database/);
    assert.equal(failed.running, one);
    assert.equal(await textOf(await machine.urlOf("notes")), before);
  });

  test("what is not signed by the right key changes nothing", async () => {
    const tree = treeIn();
    const one = tree.publish("notes", "1", programs["plain-1"]!);
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await machine.until("notes", ({ state }) => state === "running");
    const stranger = new Tree(tree.folder);
    stranger.assign({});
    stranger.assign({});
    await until(() =>
      machine.decisions.some((sentence) => sentence.includes("not signed by a key that counts")),
    );
    assert.match(await textOf(await machine.urlOf("notes")), /^hello from 1,/);
  });

  test("a killed process is started again, a removed file and a bent link are put right", async () => {
    const tree = treeIn();
    const one = tree.publish("notes", "1", programs["polite-1"]!);
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await machine.until("notes", ({ state }) => state === "running");
    const service = join(machine.root, "services", "notes");
    rmSync(join(service, "current"));
    rmSync(join(service, "releases", one, "bin", "service"), { force: true });
    const [view] = (await machine.supervisor.views()).filter(({ kept }) => kept);
    // Number 0 would be this test and all that runs beside it.
    assert.ok(view !== undefined && view.pid > 0);
    process.kill(view.pid, "SIGKILL");
    await machine.until("notes", ({ restarts }) => restarts > 0);
    await machine.until(
      "notes",
      ({ state, health }) => state === "running" && health === "healthy",
    );
    assert.equal(readlinkSync(join(service, "current")), `releases/${one}`);
    assert.ok(machine.decisions.includes("bin/service of notes was gone and is being restored"));
    assert.match(await textOf(await machine.urlOf("notes")), /^hello from 1,/);
  });

  test("a process that has become another program is replaced", async () => {
    const tree = treeIn();
    tree.assign({ notes: tree.publish("notes", "1", buildTurning(folder, "1")) });
    await using machine = await openMachine(folder, tree);
    await machine.until("notes", ({ state }) => state === "running");
    const url = await machine.urlOf("notes");
    const before = await textOf(url);
    // It answers this with nothing: it has become the other one.
    await textOf(`${url}turn`).catch(() => undefined);
    await until(() =>
      machine.decisions.some((one) =>
        /^process [0-9]+ of notes executes another program than bin\/service and is being replaced$/.test(
          one,
        ),
      ),
    );
    await until(async () => ![before, ""].includes(await textOf(url).catch(() => "")));
    await machine.until("notes", ({ state }) => state === "running");
  });

  for (const [library, buildIt, address] of [
    ["goagain", buildGoagain, "127.0.0.1:0"],
    // It compares addresses, and its own is ":PORT".
    ["facebookgo/grace", buildGrace, ":0"],
  ] as const) {
    test(`a program with ${library} is known by its modules, and shares its socket`, async () => {
      const tree = treeIn();
      const sockets = [{ name: "http", address }];
      const versions = ["1", "2"].map((version) =>
        tree.publish("notes", version, buildIt(folder, version), { sockets }),
      );
      tree.assign({ notes: versions[0]! });
      await using machine = await openMachine(folder, tree);
      await machine.until("notes", ({ state }) => state === "running");
      const load = steadyLoad(await machine.urlOf("notes"), false);
      await load.more(1);
      for (const wanted of [versions[1]!, versions[0]!]) {
        tree.assign({ notes: wanted });
        await machine.until(
          "notes",
          ({ state, running }) => state === "running" && running === wanted,
        );
        await load.more(load.answers() + 20);
      }
      const { failures, versions: seen } = await load.end();
      assert.deepEqual(failures, []);
      assert.deepEqual([...seen].sort(), ["1", "2"]);
    });
  }

  test("a revision with an appspec is installed and started by its own scripts", async () => {
    const tree = treeIn();
    const targetRoot = mkdtempSync(join(folder, "machine-"));
    const bundleOf = (version: string, exitCode: number): string =>
      tree.publishBundle("shop", version, {
        "appspec.yml": `version: 0.0
os: linux
files:
  - source: web
    destination: /srv/shop
hooks:
  ValidateService:
    - location: validate.sh
`,
        web: `version ${version}`,
        "validate.sh": `#!/bin/sh\necho validating ${version}\nexit ${exitCode}\n`,
      });
    const one = bundleOf("1", 0);
    tree.assign({ shop: one });
    await using machine = await openMachine(folder, tree, { targetRoot });
    await machine.until("shop", ({ state, running }) => state === "running" && running === one);
    assert.equal(readFileSync(join(targetRoot, "srv/shop/web"), "utf8"), "version 1");

    tree.assign({ shop: bundleOf("2", 7) });
    const failed = await machine.until("shop", ({ state }) => state === "failed");
    assert.equal(failed.sentence, "shop 2: ValidateService: validate.sh ended with exit code 7");
    assert.match(failed.lastLines?.at(-1) ?? "", /\[stdout\]validating 2$/);

    tree.assign({ shop: one });
    await machine.until("shop", ({ state, running }) => state === "running" && running === one);
    assert.equal(readFileSync(join(targetRoot, "srv/shop/web"), "utf8"), "version 1");
  });

  test("a service that is assigned no more is stopped", async () => {
    const tree = treeIn();
    tree.assign({ notes: tree.publish("notes", "1", programs["polite-1"]!) });
    await using machine = await openMachine(folder, tree);
    await machine.until("notes", ({ state }) => state === "running");
    tree.assign({});
    await machine.until("notes", ({ state }) => state === "stopped");
    await assert.rejects(textOf(await machine.urlOf("notes")));
  });
});
