// From what systemctl says to what the agent sees.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Launch } from "./launch.ts";
import { parseSystemdRecord, systemdRecordText } from "./systemd-record.ts";
import { parseUnits } from "./unit-state.ts";
import { viewOf, type Within } from "./unit-view.ts";

const launch: Launch = {
  id: "0123-1",
  release: "0123",
  program: "/bin/true",
  arguments: [],
  environment: {},
  directory: "/",
  sockets: [{ name: "http", address: ":8080" }],
  readiness: "none",
  rehearsal: false,
  ownIdVariables: [],
  parent: "any",
  log: "/tmp/log",
  stopSignal: "SIGTERM",
  stopGraceMs: 1_000,
};
const unit = { service: "shop", slot: "a", launch, kept: true, stopping: false };
const around = { isReady: true, hasSockets: true, nowMs: 1_000_000, monotonicMs: 10_000 };

describe("what systemctl says about a unit", () => {
  const units = parseUnits(`Id=stoa-shop.a.service
ActiveState=active
SubState=running
MainPID=42
NRestarts=2
ExecMainCode=0
ExecMainStatus=0
ExecMainStartTimestampMonotonic=4000000

Id=stoa-shop.b.service
ActiveState=activating
SubState=auto-restart
MainPID=0
ExecMainCode=2
ExecMainStatus=9
ExecMainStartTimestampMonotonic=4000000

Id=stoa-shop.c.service
LoadState=not-found
ActiveState=inactive
ExecMainCode=1
ExecMainStatus=3
ExecMainStartTimestampMonotonic=0
`);

  test("is taken apart by unit", () => {
    const view = viewOf(unit, units.get("stoa-shop.a.service"), around);
    assert.equal(view.state, "running");
    assert.equal(view.pid, 42);
    assert.equal(view.restarts, 2);
    assert.equal(view.lastExit, undefined);
    assert.equal(view.startedAtMs, 994_000);
  });

  test("a process that has not said it is ready is starting; one that was asked to end is stopping", () => {
    const found = units.get("stoa-shop.a.service");
    assert.equal(viewOf(unit, found, { ...around, isReady: false }).state, "starting");
    assert.equal(viewOf({ ...unit, stopping: true }, found, around).state, "stopping");
  });

  test("one that systemd was asked to start, and has not come to yet, is not gone", () => {
    const found = { Id: "stoa-shop.a.service", ActiveState: "inactive", Job: "731" };
    assert.equal(viewOf(unit, found, around).state, "starting");
    assert.equal(viewOf(unit, { ...found, Job: "" }, around).state, "gone");
  });

  test("one that waits for its restart, and one that is gone, say how they ended", () => {
    const waiting = viewOf(unit, units.get("stoa-shop.b.service"), around);
    assert.deepEqual(
      [waiting.state, waiting.sentence],
      ["waiting", "was ended by SIGKILL; systemd starts it again"],
    );
    const gone = viewOf(unit, units.get("stoa-shop.c.service"), around);
    assert.deepEqual([gone.state, gone.sentence], ["gone", "ended with exit code 3"]);
    assert.equal(viewOf(unit, undefined, around).state, "gone");
  });

  test("one whose start is asked for and has not begun is starting", () => {
    const text = "Id=stoa-shop.r.service\nActiveState=inactive\nSubState=dead\nJob=77\n";
    const found = parseUnits(text).get("stoa-shop.r.service");
    assert.equal(viewOf(unit, found, around).state, "starting");
  });

  test("where systemd does not hold the socket any more, it cannot be shared", () => {
    assert.equal(viewOf(unit, undefined, { ...around, hasSockets: false }).adopted, true);
    assert.equal(viewOf(unit, undefined, around).adopted, false);
  });

  describe("of processes that replace themselves, looks at the one that is meant", () => {
    const alone = { pid: 7, isAwaited: false, leads: true, isReplaced: false };
    const left = "ActiveState=active\nMainPID=0";
    const cases: readonly [string, Partial<Within>, string, string][] = [
      ["the main process", {}, "ActiveState=active\nMainPID=7", "running 7"],
      ["one that systemd does not take for the main process", {}, left, "running 7"],
      [
        "one that was started a moment ago",
        { pid: 0 },
        "ActiveState=active\nMainPID=8",
        "running 8",
      ],
      ["one that left something behind", { pid: 0 }, left, "gone 0"],
      [
        "one that is started again",
        { pid: 0 },
        "ActiveState=activating\nSubState=auto-restart",
        "waiting 0",
      ],
      ["one that another has replaced", { pid: 0, isReplaced: true }, left, "waiting 0"],
      ["one that is to be started", { pid: 0, leads: false, isAwaited: true }, left, "starting 0"],
      ["one that was started by another", { pid: 9, leads: false }, left, "running 9"],
      ["one that was started by another, and has ended", { pid: 0, leads: false }, left, "gone 0"],
    ];
    for (const [title, more, text, expected] of cases) {
      test(title, () => {
        const found = parseUnits(`Id=stoa-shop.a.service\n${text}\n`).get("stoa-shop.a.service");
        const { state, pid } = viewOf(unit, found, { ...around, within: { ...alone, ...more } });
        assert.equal(`${state} ${pid}`, expected);
      });
    }
  });

  test("the record of units survives, and a damaged one is refused", () => {
    const text = systemdRecordText({
      units: [unit],
      sockets: { shop: [{ name: "stoa-shop.socket", address: ":8080" }] },
    });
    assert.deepEqual(parseSystemdRecord(text, "units.json").units, [unit]);
    assert.throws(
      () => parseSystemdRecord(text.replace("0123-1", "0123-2"), "units.json"),
      /units\.json is damaged/,
    );
  });
});
