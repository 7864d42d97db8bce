// The keeper with real sockets and real Go programs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { freePort } from "@stoa/blobs/testing";
import { keeperClient } from "../adapters/keeper-client/keeper-client.ts";
import type { AgentFailure } from "../domain/agent-failure.ts";
import { keeperRecordText, parseKeeperRecord } from "../domain/keeper-record.ts";
import type { Launch, ProcessView } from "../domain/launch.ts";
import { layoutOf } from "../domain/layout.ts";
import type { Supervisor } from "../domain/supervisor.ts";
import { openKeeper } from "../keeper.ts";
import { textOf, until } from "../testing/ask.ts";
import { buildCrashing, buildPlain, buildPolite, noGo } from "../testing/go-programs.ts";

describe("keeper", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-keeper-"));
  let polite = "";
  before(() => {
    polite = buildPolite(folder, "1");
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  test("gives a socket to a process, and the next process shares it without a refused connection", async () => {
    await using fleet = await openFleet(folder);
    const { supervisor } = fleet;
    const first = await supervisor.launch("notes", launch("a", polite, { sockets: onAnyPort }));
    assert.equal((await supervisor.wait("notes", "a", "ready", 60_000)).state, "running");
    const own = urlOf(first);
    assert.match(await textOf(own), /^hello from 1, process \d+\n$/);

    const shared = [{ name: "http", address: `127.0.0.1:${await freePort()}` }];
    const b = await supervisor.launch("notes", launch("b", polite, { sockets: shared }));
    await supervisor.wait("notes", "b", "ready", 60_000);
    const c = await supervisor.launch("notes", launch("c", polite, { sockets: shared }));
    await supervisor.wait("notes", "c", "ready", 60_000);
    assert.notEqual(b.pid, c.pid);
    await supervisor.stop("notes", "b", {});
    assert.equal((await supervisor.wait("notes", "b", "gone", 60_000)).state, "gone");
    assert.match(await textOf(urlOf(c)), new RegExp(`process ${c.pid}\n`));
  });

  test("starts the kept process again when it is killed, behind the same socket", async () => {
    await using fleet = await openFleet(folder);
    const { supervisor } = fleet;
    const sockets = [{ name: "http", address: `127.0.0.1:${await freePort()}` }];
    const view = await supervisor.launch("notes", launch("a", polite, { sockets }));
    await supervisor.keep("notes", "a");
    process.kill(view.pid, "SIGKILL");
    // The connection waits in the queue of the socket until there is somebody again.
    const answer = await textOf(urlOf(view));
    assert.doesNotMatch(answer, new RegExp(`process ${view.pid}\n`));
    const [again] = await supervisor.views();
    assert.equal(again?.restarts, 1);
    assert.deepEqual(again?.lastExit, { signal: "SIGKILL" });
  });

  test("a process that crashes at once is gone, with its last words in the log", async () => {
    await using fleet = await openFleet(folder);
    const crashing = buildCrashing(folder, "2");
    await fleet.supervisor.launch("notes", launch("a", crashing, { readiness: "none" }));
    const view = await fleet.supervisor.wait("notes", "a", "gone", 60_000);
    assert.equal(view.sentence, "ended with exit code 3");
    assert.match(readFileSync(view.log, "utf8"), /2 cannot find its database/);
  });

  test("a taken port is refused in a sentence", async () => {
    await using fleet = await openFleet(folder);
    const address = `127.0.0.1:${await freePort()}`;
    await fleet.supervisor.launch(
      "notes",
      launch("a", polite, { sockets: [{ name: "http", address }] }),
    );
    await assert.rejects(
      fleet.supervisor.launch(
        "other",
        launch("a", polite, { sockets: [{ name: "http", address }] }),
      ),
      ({ code, message }: AgentFailure) =>
        code === "address_in_use" && message.startsWith(`${address} cannot be listened on`),
    );
  });

  test("plain programs are told a port and nothing of sockets", async () => {
    await using fleet = await openFleet(folder);
    const plain = buildPlain(folder, "1");
    const port = String(await freePort());
    const view = await fleet.supervisor.launch(
      "notes",
      launch("a", plain, { readiness: "none", environment: { PORT: port } }),
    );
    const told = (): string =>
      readFileSync(`/proc/${view.pid}/environ`, "utf8").split("\0").filter(Boolean).join();
    // Before it is the program, the process has the environment of whoever started it.
    await until(() => told() === `PORT=${port}`);
  });

  test("services survive the keeper being killed, and the next keeper takes charge of them", async () => {
    const root = mkdtempSync(join(folder, "root-"));
    const sockets = [{ name: "http", address: `127.0.0.1:${await freePort()}` }];
    const first = await spawnKeeper(root);
    const view = await first.supervisor.launch("notes", launch("a", polite, { sockets, root }));
    await first.supervisor.wait("notes", "a", "ready", 60_000);
    await first.supervisor.keep("notes", "a");
    await first.kill();
    assert.match(await textOf(urlOf(view)), new RegExp(`process ${view.pid}\n`));

    await using fleet = await openFleet(folder, root);
    const [adopted] = await fleet.supervisor.views();
    assert.equal(adopted?.pid, view.pid);
    assert.equal(adopted?.adopted, true);
    process.kill(view.pid, "SIGKILL");
    await until(async () => {
      const [again] = await fleet.supervisor.views();
      return again?.restarts === 1 && again.state === "running";
    });
    assert.doesNotMatch(await textOf(urlOf(view)), new RegExp(`process ${view.pid}\n`));
  });

  test("a process that the keeper has started, and had no time to write down, is found by the next one", async () => {
    const root = mkdtempSync(join(folder, "root-"));
    const sockets = [{ name: "http", address: `127.0.0.1:${await freePort()}` }];
    const first = await spawnKeeper(root);
    const view = await first.supervisor.launch("notes", launch("a", polite, { sockets, root }));
    await first.supervisor.wait("notes", "a", "ready", 60_000);
    await first.supervisor.keep("notes", "a");
    await first.kill();
    const { keeperRecord } = layoutOf(root);
    const record = parseKeeperRecord(readFileSync(keeperRecord, "utf8"));
    writeFileSync(
      keeperRecord,
      keeperRecordText(
        record.map(({ service, process: known }) => ({
          service,
          process: { ...known, identity: undefined },
        })),
      ),
    );

    await using fleet = await openFleet(folder, root);
    const [adopted] = await fleet.supervisor.views();
    assert.deepEqual([adopted?.pid, adopted?.adopted, adopted?.kept], [view.pid, true, true]);
    assert.match(await textOf(urlOf(view)), new RegExp(`process ${view.pid}\n`));
  });

  test("a second keeper on the same root is refused", async () => {
    await using fleet = await openFleet(folder);
    await assert.rejects(openKeeper(fleet.root), /control\.sock/);
  });
});

const onAnyPort = [{ name: "http", address: "127.0.0.1:0" }];

function launch(
  id: string,
  program: string,
  more: Partial<Launch> & { root?: string } = {},
): Launch {
  const { root = mkdtempSync(join(tmpdir(), "stoa-log-")), ...rest } = more;
  return {
    id,
    release: "0".repeat(64),
    program,
    arguments: [],
    environment: {},
    directory: "/",
    sockets: [],
    readiness: "fd",
    rehearsal: false,
    ownIdVariables: [],
    parent: "any",
    log: join(root, "service.log"),
    stopSignal: "SIGTERM",
    stopGraceMs: 10_000,
    ...rest,
  };
}

interface Fleet extends AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly root: string;
}

async function openFleet(
  folder: string,
  root = mkdtempSync(join(folder, "root-")),
): Promise<Fleet> {
  const keeper = await openKeeper(root);
  const supervisor = keeperClient(keeper.socketPath);
  return {
    supervisor,
    root,
    [Symbol.asyncDispose]: async () => {
      for (const { service, id } of await supervisor.views()) {
        await supervisor.stop(service, id, { graceMs: 0 });
        await supervisor.wait(service, id, "gone", 60_000);
      }
      await keeper[Symbol.asyncDispose]();
    },
  };
}

async function spawnKeeper(
  root: string,
): Promise<{ supervisor: Supervisor; kill: () => Promise<void> }> {
  const script = `import { openKeeper } from ${JSON.stringify(join(import.meta.dirname, "../keeper.ts"))};
const { socketPath } = await openKeeper(${JSON.stringify(root)});
process.stdout.write(socketPath);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const path = await new Promise<string>((resolve) => {
    child.stdout.once("data", (bytes) => resolve(String(bytes)));
  });
  return {
    supervisor: keeperClient(path),
    kill: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  };
}

function urlOf({ sockets }: ProcessView): string {
  return `http://${sockets[0]?.address}/`;
}
