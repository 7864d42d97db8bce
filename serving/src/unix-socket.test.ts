import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { listen } from "./listen.ts";
import { sendText } from "./text-answer.ts";

const skip = process.platform === "win32" && "unix sockets have no file here";

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "stoa-socket-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function listenOn(t: TestContext, socketPath: string) {
  const listening = await listen((_request, response) => sendText(response, 200, "hello"), {
    port: 0,
    socketPath,
  });
  t.after(() => listening.drain(0));
  return listening;
}

async function statusAt(socketPath: string): Promise<number | undefined> {
  const asked = httpRequest({ socketPath, path: "/", agent: false });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

test("listen serves on a unix socket, and takes it away at the end", { skip }, async (t) => {
  const path = join(folderFor(t), "a.sock");
  const listening = await listenOn(t, path);
  assert.equal(listening.url, `unix:${path}`);
  assert.equal(listening.port, 0);
  assert.equal(await statusAt(path), 200);
  await listening.drain(1_000);
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
});

test("listen replaces a socket whose process has died", { skip }, async (t) => {
  const path = join(folderFor(t), "a.sock");
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await once(spawn(process.execPath, ["-e", script]), "close");
  assert.ok(statSync(path).isSocket());
  await listenOn(t, path);
  assert.equal(await statusAt(path), 200);
});

test("listen leaves a socket alone on which somebody listens", { skip }, async (t) => {
  const path = join(folderFor(t), "a.sock");
  await listenOn(t, path);
  await assert.rejects(listenOn(t, path), {
    message: `cannot listen on the unix socket ${path}: another program listens there, or something else has that name; name another path`,
  });
  assert.equal(await statusAt(path), 200);
});

test("listen leaves a file alone that is no socket", { skip }, async (t) => {
  const path = join(folderFor(t), "a.sock");
  writeFileSync(path, "mine");
  await assert.rejects(listenOn(t, path), /cannot listen on the unix socket .*another path$/);
  assert.ok(statSync(path).isFile());
});

test("listen says that the folder of a socket is missing", { skip }, async (t) => {
  const path = join(folderFor(t), "no", "a.sock");
  await assert.rejects(listenOn(t, path), /the folder is missing, .*; create it, or name another$/);
});
