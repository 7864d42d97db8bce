// Hand-overs under load: a client that never rests, and counts what fails.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openMachine, Tree } from "./testing/delivery.ts";
import { buildPlain, buildPolite, noGo } from "./testing/go-programs.ts";

describe("a hand-over under load", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-load-"));
  const programs: Record<string, string> = {};
  before(() => {
    for (const version of ["1", "2"]) {
      programs[`polite-${version}`] = buildPolite(folder, version);
      programs[`plain-${version}`] = buildPlain(folder, version);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

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
      for (let round = 1; round <= 6; round += 1) {
        const wanted = versions[round % 2]!;
        const soFar = load.answers();
        tree.assign({ notes: wanted });
        await machine.until(
          "notes",
          ({ state, running }) => state === "running" && running === wanted,
        );
        await load.more(soFar + 20);
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
    const two = tree.publish("notes", "2", programs["plain-2"]!);
    tree.assign({ notes: two });
    await machine.until("notes", ({ state, running }) => state === "running" && running === two);
    await load.more(load.answers() + 20);
    const { failures, versions } = await load.end();
    assert.deepEqual([...versions].sort(), ["1", "2"]);
    for (const failure of failures) assert.match(failure, /ECONNREFUSED|ECONNRESET|socket hang up/);
  });
});

const clients = 8;

interface Load {
  readonly answers: () => number;
  /** Waits until so many were answered. */
  readonly more: (answers: number) => Promise<void>;
  readonly end: () => Promise<{
    answers: number;
    failures: readonly string[];
    versions: ReadonlySet<string>;
  }>;
}

/** Eight clients, each of which asks again as soon as it is answered. None of them tries a request twice. */
function steadyLoad(url: string, keepAlive: boolean): Load {
  const agent = new Agent({ keepAlive, maxSockets: clients });
  const failures: string[] = [];
  const versions = new Set<string>();
  let answers = 0;
  let ended = false;
  const client = async (): Promise<void> => {
    while (!ended) {
      try {
        const version = /^hello from (\d),/.exec(await ask(url, agent))?.[1] ?? "nobody";
        versions.add(version);
        answers += 1;
      } catch (failure) {
        failures.push(String((failure as NodeJS.ErrnoException).code ?? failure));
      }
    }
  };
  const all = Array.from({ length: clients }, client);
  return {
    answers: () => answers,
    more: async (wanted) => {
      while (answers < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    end: async () => {
      ended = true;
      await Promise.all(all);
      agent.destroy();
      return { answers, failures, versions };
    },
  };
}

function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += String(chunk);
      });
      response.on("end", () => resolve(body));
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}
