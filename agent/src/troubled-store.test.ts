// A store that is down, slow, behind or lies: what runs goes on as the same process, and it is said why nothing else does.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { shortId } from "@stoa/deployment";
import { textOf, until } from "./testing/ask.ts";
import { openMachine, type TestMachine, Tree } from "./testing/delivery.ts";
import { buildPolite, noGo } from "./testing/go-programs.ts";

describe("a store in trouble", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-troubled-"));
  const programs: string[] = [];
  before(() => {
    for (const version of ["1", "2"]) programs.push(buildPolite(folder, version));
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const served = async (): Promise<Served> => {
    const tree = new Tree(mkdtempSync(join(folder, "tree-")));
    const [one = "", two = ""] = programs.map((program, at) =>
      tree.publish("notes", String(at + 1), program),
    );
    const store = await startStore(tree);
    tree.assign({ notes: one });
    const machine = await openMachine(folder, tree, {
      source: { kind: "http", url: store.url, machineToken: undefined },
    });
    await machine.until("notes", ({ state }) => state === "running");
    const before = await textOf(await machine.urlOf("notes"));
    return {
      ...{ tree, store, machine, two },
      isUntouched: async () =>
        assert.equal(await textOf(await machine.urlOf("notes")), before, "it was touched"),
      [Symbol.asyncDispose]: async () => {
        store.trouble = "none";
        await machine[Symbol.asyncDispose]();
        store.close();
      },
    };
  };

  for (const [trouble, sentence] of [
    ["error", /it answered 500: out of order; what runs goes on as it is/],
    ["nonsense", /what runs goes on as it is/],
    ["cut", /what runs goes on as it is/],
  ] as const) {
    test(`that answers with ${trouble} changes nothing, and is believed again when it is well`, async () => {
      await using world = await served();
      const { store, tree, machine, two } = world;
      store.trouble = trouble;
      tree.assign({ notes: two });
      await said(machine, sentence);
      await world.isUntouched();
      store.trouble = "none";
      await runs(machine, two);
    });
  }

  test("that is slow, or breaks off while a program is fetched, brings the new version all the same", async () => {
    await using world = await served();
    const { store, tree, machine, two } = world;
    store.trouble = "cut blobs";
    tree.assign({ notes: two });
    await said(machine, /notes 2: the control plane .* cannot be asked: .*; it is tried again in /);
    await world.isUntouched();
    store.trouble = "slow";
    await runs(machine, two);
  });

  test("that is behind is not followed back", async () => {
    await using world = await served();
    const { store, tree, machine, two } = world;
    const path = join(tree.folder, "environments/production/index.json");
    const old = readFileSync(path, "utf8");
    tree.assign({ notes: two });
    await runs(machine, two);
    const before = await textOf(await machine.urlOf("notes"));
    writeFileSync(path, old);
    store.forgetTags();
    await said(machine, /has the serial 1, and 2 was already taken; what runs goes on as it is/);
    assert.equal(await textOf(await machine.urlOf("notes")), before);
  });

  for (const [title, alter, sentence] of [
    ["other bytes", (bytes: Buffer) => flipped(bytes), /other bytes than the revision names/],
    ["more bytes", (bytes: Buffer) => Buffer.concat([bytes, bytes]), /more than the [0-9]+ bytes/],
    ["a part", (bytes: Buffer) => bytes.subarray(0, bytes.length - 7), /only [0-9]+ of the [0-9]+/],
  ] as const) {
    test(`that gives ${title} of a program is refused before anything is touched`, async () => {
      await using world = await served();
      const { tree, machine, two } = world;
      const { files } = tree.revisions.get(two) ?? { files: [] };
      const blob = join(tree.folder, "blobs/sha256", files[0]?.sha256 ?? "");
      writeFileSync(blob, alter(readFileSync(blob)));
      tree.assign({ notes: two });
      await said(machine, sentence);
      await world.isUntouched();
    });
  }
});

interface Served extends AsyncDisposable {
  readonly tree: Tree;
  readonly store: Store;
  readonly machine: TestMachine;
  /** The revision that does not run yet. */
  readonly two: string;
  readonly isUntouched: () => Promise<void>;
}

async function said(machine: TestMachine, sentence: RegExp): Promise<void> {
  await until(() => machine.decisions.some((decision) => sentence.test(decision))).catch(
    (cause) => {
      throw new Error(`${sentence} was not said:\n${machine.decisions.join("\n")}`, { cause });
    },
  );
}

async function runs(machine: TestMachine, revision: string): Promise<void> {
  await machine.until("notes", ({ state, running }) => state === "running" && running === revision);
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[5000] = (copy[5000] ?? 0) ^ 1;
  return copy;
}

type Trouble = "none" | "error" | "nonsense" | "cut" | "cut blobs" | "slow";

interface Store {
  readonly url: string;
  trouble: Trouble;
  /** Gives everything under other tags from now on. */
  readonly forgetTags: () => void;
  readonly close: () => void;
}

/** The tree of a folder over HTTP, as the control plane serves it. */
async function startStore(tree: Tree): Promise<Store> {
  let generation = 0;
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace("/api/v1/", "");
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
    if (!path.startsWith("tree/")) {
      response.writeHead(404).end();
      return;
    }
    void give(response, join(tree.folder, path.slice("tree/".length)), store.trouble, generation);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const store: Store = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    trouble: "none",
    forgetTags: () => {
      generation += 1;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return store;
}

async function give(
  response: ServerResponse,
  file: string,
  trouble: Trouble,
  generation: number,
): Promise<void> {
  if (trouble === "error") {
    response.writeHead(500).end("out of order");
    return;
  }
  const bytes = trouble === "nonsense" ? Buffer.from("<html>") : readFileSync(file);
  const etag = `"${generation}-${bytes.length}-${shortId(bytes.toString("hex", bytes.length - 40))}"`;
  response.writeHead(200, { etag, "content-length": bytes.length });
  const isCut = trouble === "cut" || (trouble === "cut blobs" && file.includes("/blobs/"));
  if (isCut) {
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
    return;
  }
  if (trouble !== "slow") {
    response.end(bytes);
    return;
  }
  for (let at = 0; at < bytes.length; at += 1 << 20) {
    response.write(bytes.subarray(at, at + (1 << 20)));
    await pause(5);
  }
  response.end();
}
