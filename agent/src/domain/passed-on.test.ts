// What a process passes on to the one that it starts in its place.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Launch } from "./launch.ts";
import { differencesOf, type PassedOn, passedOn } from "./passed-on.ts";

const launch: Launch = {
  id: "0123-1",
  release: "0123",
  program: "/srv/current/bin/service",
  arguments: ["-v"],
  environment: { COLOUR: "red" },
  directory: "/srv",
  sockets: [{ name: "http", address: ":80" }],
  readiness: "none",
  rehearsal: false,
  ownIdVariables: [],
  parent: "any",
  log: "/log",
  stopSignal: "SIGTERM",
  stopGraceMs: 1_000,
  succession: { file: "/srv/releases/0123/bin/service" },
};
const passed = (more: Partial<Launch>): PassedOn => {
  const result = passedOn({ ...launch, ...more });
  assert.ok(result !== undefined);
  return result;
};

describe("what a process passes on", () => {
  const cases: readonly [Partial<Launch>, readonly string[]][] = [
    [{}, []],
    [{ release: "4567", id: "4567-2", succession: { file: "/x", after: "0123-1" } }, []],
    [{ readiness: "notify", stopGraceMs: 5 }, []],
    [{ arguments: [] }, ["arguments"]],
    [{ environment: { COLOUR: "blue" }, user: "www" }, ["settings", "user"]],
    [{ sockets: [{ name: "http", address: ":81" }] }, ["sockets"]],
    [{ limits: { openFiles: 5 } }, ["limits"]],
    [{ program: "/srv/current/bin/other" }, ["program"]],
  ];
  for (const [more, expected] of cases) {
    test(`differs in ${expected.join(" and ") || "nothing"}: ${JSON.stringify(more)}`, () => {
      assert.deepEqual(differencesOf(passed({}), passed(more)), expected);
    });
  }

  test("is nothing where it does not start any", () => {
    const { succession: _, ...others } = launch;
    assert.equal(passedOn(others), undefined);
  });
});
