// Hand-overs under load: a client that never rests, and counts what fails.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openMachine, Tree } from "./testing/delivery.ts";
import { buildPlain, buildPolite, noGo } from "./testing/go-programs.ts";
import { steadyLoad } from "./testing/steady-load.ts";

describe("a hand-over under load", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-load-"));
  const programs: Record<string, string> = {};
  before(() => {
    for (const version of ["1", "2"]) {
      programs[`polite-${version}`] = buildPolite(folder, version);
      programs[`plain-${version}`] = buildPlain(folder, version);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  const manners = [
    { title: "new connections", keepAlive: false, path: "" },
    { title: "kept connections", keepAlive: true, path: "" },
    { title: "slow requests", keepAlive: true, path: "?pause=100ms" },
  ];
  for (const { title, keepAlive, path } of manners) {
    test(`loses no request of a service that drains politely, with ${title}`, async () => {
      const tree = new Tree(mkdtempSync(join(folder, "tree-")));
      const versions = ["1", "2"].map((version) =>
        tree.publish("notes", version, programs[`polite-${version}`]!, { readiness: "fd" }),
      );
      tree.assign({ notes: versions[0]! });
      await using machine = await openMachine(folder, tree);
      await machine.until("notes", ({ state }) => state === "running");
      const load = steadyLoad(`${await machine.urlOf("notes")}${path}`, keepAlive);
      await load.more(1);
      for (let round = 1; round <= 6; round += 1) {
        const wanted = versions[round % 2]!;
        tree.assign({ notes: wanted });
        await machine.until(
          "notes",
          ({ state, running }) => state === "running" && running === wanted,
        );
        await load.more(load.answers() + 20);
      }
      const { answers, failures, versions: seen } = await load.end();
      assert.deepEqual(failures, []);
      assert.ok(answers > 100, `only ${answers} answers`);
      assert.deepEqual([...seen].sort(), ["1", "2"]);
    });
  }

  test("of a plain service refuses connections for a moment, and answers wrongly never", async () => {
    const tree = new Tree(mkdtempSync(join(folder, "tree-")));
    tree.assign({ notes: tree.publish("notes", "1", programs["plain-1"]!) });
    await using machine = await openMachine(folder, tree);
    await machine.until("notes", ({ state }) => state === "running");
    const load = steadyLoad(await machine.urlOf("notes"), false);
    await load.more(1);
    const two = tree.publish("notes", "2", programs["plain-2"]!);
    tree.assign({ notes: two });
    await machine.until("notes", ({ state, running }) => state === "running" && running === two);
    await load.more(load.answers() + 20);
    const { failures, versions } = await load.end();
    assert.deepEqual([...versions].sort(), ["1", "2"]);
    for (const failure of failures) assert.match(failure, /ECONNREFUSED|ECONNRESET|socket hang up/);
  });
});
