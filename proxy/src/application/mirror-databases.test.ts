// What of a checksum database is asked for again, and what is not asked for at all.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ModuleVersion } from "@stoa/gomod";
import type { MirroredDatabase } from "../domain/mirrored-database.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { DatabaseMirror } from "./mirror-databases.ts";

const never = new AbortController().signal;
const lifetimes = { freshMs: 60_000, absentMs: 10_000, patienceMs: 3000, retryMs: 5000 };
const open = { path: "example.com/a", version: "v1.0.0" } as ModuleVersion;
const secret = { path: "corp.example/secret", version: "v1.0.0" } as ModuleVersion;

/** A mirror of a database that grows with each question, and a note of what it was asked over the network. */
function setUp() {
  const clock = { ms: 0 };
  const asked: string[] = [];
  const state: { isDown: boolean; isOffline: boolean } = { isDown: false, isOffline: false };
  const ask = (what: string): Uint8Array => {
    asked.push(what);
    if (state.isDown) throw new ProxyFailure("upstream_unavailable", "it is down");
    return Buffer.from(`${what} ${asked.length}`);
  };
  const database: MirroredDatabase = {
    name: "sum.test",
    latest: async (reach) => (reach === "kept" ? Buffer.from("kept") : ask("latest")),
    record: async (module, reach) => (reach === "kept" ? undefined : ask(module.path)),
    tile: async (_tile, reach) => (reach === "kept" ? undefined : ask("tile")),
  };
  const mirror = new DatabaseMirror({
    databases: [database],
    exempt: "corp.example/secret",
    isOffline: () => state.isOffline,
    lifetimes,
    now: () => clock.ms,
  });
  const latest = async (): Promise<string> => {
    const { value, stale } = await mirror.latest("sum.test", "database", never);
    return `${Buffer.from(value)}${stale ? ", stale" : ""}`;
  };
  return { clock, asked, state, mirror, latest };
}

describe("DatabaseMirror", () => {
  it("asks for the largest tree once in its short lifetime, and gives it as stale when it cannot", async () => {
    const { clock, state, latest } = setUp();
    assert.equal(await latest(), "latest 1");
    clock.ms = lifetimes.freshMs - 1;
    assert.equal(await latest(), "latest 1");
    clock.ms = lifetimes.freshMs;
    assert.equal(await latest(), "latest 2");
    clock.ms *= 2;
    state.isDown = true;
    assert.equal(await latest(), "latest 2, stale");
  });

  it("gives the tree that is kept when it has never reached the database", async () => {
    const { state, latest } = setUp();
    state.isDown = true;
    assert.equal(await latest(), "kept, stale");
  });

  it("asks nobody about a private module, and says what to set", async () => {
    const { asked, mirror } = setUp();
    await assert.rejects(mirror.record("sum.test", secret, "database", never), {
      code: "refused",
      message: /set GONOSUMDB=corp\.example\/secret/,
    });
    assert.deepEqual(asked, []);
    await mirror.record("sum.test", open, "database", never);
    assert.deepEqual(asked, [open.path]);
  });

  it("asks nobody when it is offline", async () => {
    const { asked, state, mirror, latest } = setUp();
    state.isOffline = true;
    assert.equal(await latest(), "kept");
    const refusal = { code: "not_found", message: /offline/ };
    await assert.rejects(mirror.record("sum.test", open, "database", never), refusal);
    assert.deepEqual(asked, []);
  });

  it("knows no other database", async () => {
    await assert.rejects(setUp().mirror.require("sum.other"), {
      code: "not_found",
      message: /it mirrors sum\.test/,
    });
  });
});
