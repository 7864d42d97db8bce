// How a machine hears that something else should run: by asking for what is new alone, and by being woken.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "./testing/ask.ts";
import { openMachine, Tree } from "./testing/delivery.ts";
import { buildPlain, noGo } from "./testing/go-programs.ts";

const indexPath = "environments/production/index.json";

describe("a machine and its control plane", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-polling-"));
  let program = "";
  before(() => {
    program = buildPlain(folder, "1");
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  test("asks for the index with the tag of the one it has, and is answered with nothing", async () => {
    const tree = new Tree(mkdtempSync(join(folder, "tree-")));
    await using plane = await startPlane(tree);
    tree.assign({ notes: tree.publish("notes", "1", program) });
    await using machine = await openMachine(folder, tree, { source: plane.source });
    await machine.until("notes", ({ state }) => state === "running");
    const tag = tagOf(readFileSync(join(tree.folder, indexPath)));
    await until(() => plane.asked.filter((one) => one === tag).length >= 3);
    assert.deepEqual(plane.asked.slice(0, 2), ["", tag], "the first time it has none");

    const two = tree.publish("notes", "2", program);
    tree.assign({ notes: two });
    await machine.until("notes", ({ state, running }) => state === "running" && running === two);
    const next = tagOf(readFileSync(join(tree.folder, indexPath)));
    await until(() => plane.asked.at(-1) === next);
  });

  test("is woken when something changes, and does not wait for its time to ask", async () => {
    const tree = new Tree(mkdtempSync(join(folder, "tree-")));
    await using plane = await startPlane(tree);
    tree.assign({ notes: tree.publish("notes", "1", program) });
    // It would ask again tomorrow.
    await using machine = await openMachine(folder, tree, {
      source: plane.source,
      pollMs: 24 * 3_600_000,
    });
    await until(() => plane.listeners.size === 1);
    await machine.until("notes", ({ state }) => state === "running");
    const two = tree.publish("notes", "2", program);
    tree.assign({ notes: two });
    plane.wake();
    await machine.until("notes", ({ state, running }) => state === "running" && running === two);
  });
});

/** The tree of a folder as the control plane serves it, with its stream of changes. */
async function startPlane(tree: Tree) {
  const asked: string[] = [];
  const listeners = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace("/api/v1/", "").split("?")[0] ?? "";
    if (path === "wake") {
      listeners.add(response.writeHead(200, { "content-type": "text/event-stream" }));
      response.write(": hello\n\n");
      request.on("close", () => listeners.delete(response));
      return;
    }
    if (request.method === "PUT") {
      let body = "";
      request.on("data", (chunk) => {
        body += String(chunk);
      });
      request.on("end", () => {
        tree.write(`${path}.json`, body);
        response.writeHead(204).end();
      });
      return;
    }
    const file = join(tree.folder, path.replace("tree/", ""));
    if (!path.startsWith("tree/") || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const bytes = readFileSync(file);
    const etag = tagOf(bytes);
    const has = request.headers["if-none-match"] ?? "";
    if (path.endsWith("index.json")) asked.push(has);
    if (has === etag) response.writeHead(304, { etag }).end();
    else response.writeHead(200, { etag, "content-length": bytes.length }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    source: { kind: "http", url: `http://127.0.0.1:${port}`, machineToken: undefined } as const,
    /** The tags with which the index was asked for, in turn; empty for none. */
    asked,
    listeners,
    wake: () => {
      for (const listener of listeners) listener.write("event: index\ndata: {}\n\n");
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function tagOf(bytes: Uint8Array): string {
  return `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
}
