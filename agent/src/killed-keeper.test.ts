// The keeper is killed at the steps of a hand-over in which it has work to do; the agent starts another and comes to the end.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import type { Moment } from "./domain/failpoint.ts";
import { textOf, until } from "./testing/ask.ts";
import { openMachine, Tree } from "./testing/delivery.ts";
import { buildPlain, buildPolite, noGo } from "./testing/go-programs.ts";
import { killKeeper } from "./testing/keeper-kill.ts";
import { buildReplacing } from "./testing/replacing-program.ts";

describe("a keeper that is killed", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-killed-keeper-"));
  const programs: Record<string, string> = {};
  before(() => {
    for (const version of ["1", "2"]) {
      programs[`polite-${version}`] = buildPolite(folder, version);
      programs[`plain-${version}`] = buildPlain(folder, version);
      programs[`replacing-${version}`] = buildReplacing(folder, version);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  for (const [kind, moments] of [
    ["polite", ["journal-begun", "new-started", "new-validated", "journal-committed", "new-kept"]],
    ["plain", ["rehearsed", "old-stopped", "new-started", "journal-committed"]],
    ["replacing", ["link-moved", "new-started", "new-validated", "journal-committed", "new-kept"]],
  ] as const satisfies readonly (readonly [string, readonly Moment[]])[]) {
    for (const killAt of moments) {
      test(`at ${killAt}, handing over a ${kind} service, is replaced, and the new version serves`, async () => {
        const tree = new Tree(mkdtempSync(join(folder, "tree-")));
        const root = mkdtempSync(join(folder, "root-"));
        const [one, two] = ["1", "2"].map((version) =>
          tree.publish(
            "notes",
            version,
            programs[`${kind}-${version}`]!,
            kind === "replacing" ? { handOff: "sigusr2" } : {},
          ),
        ) as [string, string];
        const script = join(import.meta.dirname, "testing", "keeper-process.ts");
        let isArmed = false;
        tree.assign({ notes: one });
        await using _ended = { [Symbol.asyncDispose]: () => killKeeper(root) };
        await using machine = await openMachine(folder, tree, {
          root,
          supervision: { kind: "keeper", words: [process.execPath, script, root] },
          failpoint: async (moment) => {
            if (!isArmed || moment !== killAt) return;
            isArmed = false;
            await killKeeper(root);
          },
        });
        await machine.until("notes", ({ state }) => state === "running");
        isArmed = true;
        tree.assign({ notes: two });
        await machine.until(
          "notes",
          ({ state, running }) => state === "running" && running === two,
        );
        assert.equal(isArmed, false, "the moment was never reached");
        assert.match(await textOf(await machine.urlOf("notes")), /^hello from 2,/);
        await until(async () => {
          const alive = (await machine.supervisor.views()).filter(({ state }) => state !== "gone");
          return alive.length === 1 && alive[0]?.kept === true && alive[0].release === two;
        });
      });
    }
  }
});
