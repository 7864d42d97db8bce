// The agent is killed at every step of a hand-over; the next one must find a machine that works, and bring it to its end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { publicKeyLine } from "@stoa/deployment";
import { type Moment, moments } from "./domain/failpoint.ts";
import { textOf, until } from "./testing/ask.ts";
import { openMachine, Tree } from "./testing/delivery.ts";
import { buildPlain, buildPolite, noGo } from "./testing/go-programs.ts";
import { buildReplacing } from "./testing/replacing-program.ts";

describe("an agent that is killed", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-crash-"));
  const programs: Record<string, string> = {};
  before(() => {
    for (const version of ["1", "2"]) {
      programs[`polite-${version}`] = buildPolite(folder, version);
      programs[`plain-${version}`] = buildPlain(folder, version);
      programs[`replacing-${version}`] = buildReplacing(folder, version);
      programs[`binding-${version}`] = buildReplacing(folder, version, { binds: true });
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  for (const kind of ["polite", "plain", "replacing", "binding"]) {
    const replacesItself = kind === "replacing" || kind === "binding";
    const run = replacesItself ? ({ handOff: "sigusr2" } as const) : {};
    // Two plain programs cannot overlap: only then the old one is stopped before.
    const unreached: readonly Moment[] = [
      ...(kind === "plain" ? [] : (["old-stopped"] as const)),
      ...(replacesItself ? [] : (["link-moved"] as const)),
    ];
    const reached = moments.filter((moment) => !unreached.includes(moment));
    for (const moment of reached) {
      test(`at ${moment}, handing over a ${kind} service, leaves one that the next agent brings to its end`, async () => {
        const tree = new Tree(mkdtempSync(join(folder, "tree-")));
        const root = mkdtempSync(join(folder, "root-"));
        const one = tree.publish("notes", "1", programs[`${kind}-1`]!, run);
        const two = tree.publish("notes", "2", programs[`${kind}-2`]!, run);
        tree.assign({ notes: one });
        await using first = await openMachine(folder, tree, { root });
        await first.until("notes", ({ state }) => state === "running");
        await first.stopAgent();

        tree.assign({ notes: two });
        assert.equal(await killed(root, tree, moment), "SIGKILL");
        assertWholeReleases(root, [one, two]);
        if (kind !== "plain")
          assert.match(await textOf(await first.urlOf("notes")), /^hello from [12],/);

        await using second = await first.anotherAgent();
        await second.until("notes", ({ state, running }) => state === "running" && running === two);
        assert.match(await textOf(await first.urlOf("notes")), /^hello from 2,/);
        assert.equal(readlinkSync(join(root, "services", "notes", "current")), `releases/${two}`);
        await until(async () => {
          const alive = (await first.supervisor.views()).filter(({ state }) => state !== "gone");
          return alive.length === 1 && alive[0]?.kept === true && alive[0].release === two;
        });
      });
    }
  }
});

/** Runs an agent until it has killed itself. */
function killed(root: string, tree: Tree, killAt: Moment): Promise<NodeJS.Signals | null> {
  const settings = { root, killAt, tree: tree.folder, key: publicKeyLine(tree.key) };
  const script = join(import.meta.dirname, "testing", "agent-process.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(settings)], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const giveUp = setTimeout(() => child.kill("SIGTERM"), 120_000);
  return new Promise((resolve) => {
    child.once("exit", (_code, signal) => {
      clearTimeout(giveUp);
      resolve(signal);
    });
  });
}

/** Whatever stands under `releases` is one, with its program. */
function assertWholeReleases(root: string, known: readonly string[]): void {
  const releases = join(root, "services", "notes", "releases");
  for (const name of readdirSync(releases)) {
    assert.ok(known.includes(name), `${name} is no release`);
    assert.ok(existsSync(join(releases, name, "bin", "service")), `${name} has no program`);
  }
}
