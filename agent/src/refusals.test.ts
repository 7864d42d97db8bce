// What is sure to fail is refused in one sentence, before anything is touched: what served goes on as the same process.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { freePort } from "@stoa/blobs/testing";
import { textOf } from "./testing/ask.ts";
import { openMachine, type TestMachine, Tree } from "./testing/delivery.ts";
import { buildPlain, buildPolite, noGo } from "./testing/go-programs.ts";

describe("a machine that cannot run what it should", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-refusals-"));
  let plain = "";
  let polite = "";
  before(() => {
    plain = buildPlain(folder, "1");
    polite = buildPolite(folder, "1");
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const treeIn = (): Tree => new Tree(mkdtempSync(join(folder, "tree-")));

  test("names who has the port, starts nothing, and takes it once it is free", async () => {
    const tree = treeIn();
    await using taken = await takenPort();
    const sockets = [{ name: "http", address: `:${taken.port}` }];
    tree.assign({ notes: tree.publish("notes", "1", plain, { sockets }) });
    await using machine = await openMachine(folder, tree);
    const { sentence } = await machine.until("notes", ({ state }) => state === "failed");
    assert.equal(
      sentence,
      `notes 1: :${taken.port} is taken by ${taken.name}; end that, or give notes another port (stoa.toml: port)`,
    );
    assert.deepEqual(await machine.supervisor.views(), []);

    await taken[Symbol.asyncDispose]();
    tree.assign({ notes: tree.publish("notes", "1", plain, { sockets }) });
    await machine.until("notes", ({ state }) => state === "running");
  });

  test("leaves a service where it is that is to move to a taken port", async () => {
    const tree = treeIn();
    await using taken = await takenPort();
    for (const program of [plain, polite]) {
      tree.assign({ notes: tree.publish("notes", "1", program) });
      await using machine = await openMachine(folder, tree);
      const before = await served(machine);
      const sockets = [{ name: "http", address: `127.0.0.1:${taken.port}` }];
      tree.assign({ notes: tree.publish("notes", "2", program, { sockets }) });
      const { sentence } = await machine.until("notes", ({ state }) => state === "failed");
      assert.match(sentence, /is taken by /);
      assert.equal(await textOf(await machine.urlOf("notes")), before);
    }
  });

  test("says that a user is unknown before it stops what cannot overlap", async () => {
    const tree = treeIn();
    tree.assign({ notes: tree.publish("notes", "1", polite, { handOff: "restart" }) });
    await using machine = await openMachine(folder, tree);
    const before = await served(machine);
    tree.assign({
      notes: tree.publish("notes", "2", polite, { handOff: "restart", user: "nobody-of-here" }),
    });
    const { sentence } = await machine.until("notes", ({ state }) => state === "failed");
    assert.equal(
      sentence,
      "notes 2: there is no user nobody-of-here on this machine; create it, or name another",
    );
    assert.equal(await textOf(await machine.urlOf("notes")), before);
  });

  test("runs no script of a bundle whose scripts cannot all be run", async () => {
    const tree = treeIn();
    const targetRoot = mkdtempSync(join(folder, "machine-"));
    const stopped = join(targetRoot, "stopped");
    const bundleOf = (version: string, hook: string): string =>
      tree.publishBundle("shop", version, {
        "appspec.yml": `version: 0.0
os: linux
hooks:
  ApplicationStop:
    - location: stop.sh
${hook}`,
        "stop.sh": `#!/bin/sh\ntouch ${stopped}\n`,
        "start.sh": "#!/bin/sh\n",
      });
    tree.assign({ shop: bundleOf("1", "") });
    await using machine = await openMachine(folder, tree, { targetRoot });
    await machine.until("shop", ({ state }) => state === "running");
    for (const [version, hook, expected] of [
      ["2", "  AfterInstall:\n    - location: strat.sh\n", /the bundle has no script strat.sh/],
      [
        "3",
        "  AfterInstall:\n    - location: start.sh\n      runas: nobody-of-here\n",
        /AfterInstall: start.sh: there is no user nobody-of-here on this machine; .*nothing was touched/,
      ],
    ] as const) {
      tree.assign({ shop: bundleOf(version, hook) });
      const { sentence } = await machine.until(
        "shop",
        (status) => status.state === "failed" && expected.test(status.sentence),
      );
      assert.match(sentence, expected);
      assert.ok(!existsSync(stopped), "the old revision was stopped");
    }
  });
});

async function served(machine: TestMachine): Promise<string> {
  await machine.until("notes", ({ state }) => state === "running");
  return await textOf(await machine.urlOf("notes"));
}

/** A port that this very process listens on. */
async function takenPort(): Promise<AsyncDisposable & { port: number; name: string }> {
  const server = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, resolve));
  return {
    port,
    name: `${basename(process.execPath)} (process ${process.pid})`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
