// A service whose next revision listens elsewhere, in part or altogether, run by the keeper.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { freePort } from "@stoa/blobs/testing";
import type { Run } from "@stoa/deployment";
import { textOf, until } from "./testing/ask.ts";
import { openMachine, type TestMachine, Tree } from "./testing/delivery.ts";
import { noGo } from "./testing/go-programs.ts";
import { buildSeveral } from "./testing/several-sockets.ts";
import { steadyLoad } from "./testing/steady-load.ts";

describe("a service that is to listen elsewhere", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-sockets-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const published = (tree: Tree, version: string, sockets: Run["sockets"]): string =>
    tree.publish("notes", version, buildSeveral(folder, version), {
      sockets,
      health: { kind: "listening", deadlineMs: 60_000, minimumHealthyMs: 0 },
    });

  test("keeps some of its addresses and changes others without a refused connection", async () => {
    const tree = new Tree(join(folder, "some"));
    const [kept, left, fresh] = [await freePort(), await freePort(), await freePort()];
    const at = (name: string, port: number): Run["sockets"][number] => ({
      name,
      address: `127.0.0.1:${port}`,
    });
    const one = published(tree, "1", [at("http", kept), at("admin", left)]);
    const two = published(tree, "2", [at("admin", fresh), at("http", kept)]);
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await serves(machine, one);
    const load = steadyLoad(`http://127.0.0.1:${kept}/`, false);
    tree.assign({ notes: two });
    await serves(machine, two);
    await load.more(load.answers() + 20);
    const { failures } = await load.end();
    assert.deepEqual(failures, []);
    for (const [name, port] of [
      ["admin", fresh],
      ["http", kept],
    ] as const) {
      assert.equal(
        await textOf(`http://127.0.0.1:${port}/`),
        `hello from 2, ${name} at 127.0.0.1:${port} of admin:http\n`,
      );
    }
    await until(async () => (await textOf(`http://127.0.0.1:${left}/`).catch(() => "")) === "");
  });

  test("goes from an address to all of the same port one after the other, and back, and says so", async () => {
    const tree = new Tree(join(folder, "all"));
    const port = await freePort();
    const one = published(tree, "1", [{ name: "http", address: `127.0.0.1:${port}` }]);
    const two = published(tree, "2", [{ name: "http", address: `:${port}` }]);
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await serves(machine, one);
    for (const revision of [two, one]) {
      tree.assign({ notes: revision });
      await serves(machine, revision);
      const version = revision === one ? "1" : "2";
      assert.match(
        await textOf(`http://127.0.0.1:${port}/`),
        new RegExp(`^hello from ${version},`),
      );
    }
    const said = machine.decisions.filter((sentence) => sentence.includes("at the same time"));
    assert.deepEqual(said, [
      `notes is to listen on :${port} instead of 127.0.0.1:${port}, and not all of that can be open at the same time: its old process ends before, and connections are refused for a moment`,
      `notes is to listen on 127.0.0.1:${port} instead of :${port}, and not all of that can be open at the same time: its old process ends before, and connections are refused for a moment`,
    ]);
  });
});

async function serves(machine: TestMachine, revision: string): Promise<void> {
  await machine.until(
    "notes",
    ({ state, running, step }) => state === "running" && running === revision && step === undefined,
  );
}
