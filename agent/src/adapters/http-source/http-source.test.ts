import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { AgentFailure } from "../../domain/agent-failure.ts";
import { httpSource } from "./http-source.ts";
import { wakeStream } from "./wake-stream.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

interface Plane extends AsyncDisposable {
  readonly url: string;
  /** The connections that were ever made to it. */
  readonly sockets: readonly Socket[];
}

async function startPlane(handler: Handler): Promise<Plane> {
  const sockets: Socket[] = [];
  const server = createServer(handler).on("connection", (socket) => sockets.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function sourceAt({ url }: Plane): ReturnType<typeof httpSource> {
  return httpSource({ url, machineToken: "secret" });
}

function refusal(says: RegExp): (failure: unknown) => boolean {
  return (failure) => {
    assert.ok(failure instanceof AgentFailure);
    assert.equal(failure.code, "source_unavailable");
    assert.match(failure.message, says);
    return true;
  };
}

test("documents are asked for with the token and the entity tag, on connections that are kept", async () => {
  let asked = 0;
  await using plane = await startPlane(({ url, headers }, response) => {
    asked += 1;
    assert.equal(headers.authorization, "Bearer secret");
    if (url === "/api/v1/tree/gone") response.writeHead(404).end("gone");
    else if (headers["if-none-match"] === '"1"') response.writeHead(304).end();
    else response.writeHead(200, { etag: '"1"' }).end("text");
  });
  const source = sourceAt(plane);
  assert.deepEqual(await source.read("a"), { status: "read", body: "text", etag: '"1"' });
  assert.deepEqual(await source.read("a", '"1"'), { status: "same" });
  assert.deepEqual(await source.read("gone"), { status: "absent" });
  assert.equal(await source.open("gone"), undefined);
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await source.open("b")) ?? []) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), "text");
  await source.report("web-1", "status");
  assert.ok(
    plane.sockets.length < asked,
    `${plane.sockets.length} connections for ${asked} questions`,
  );
});

test("a question on a kept connection that was closed meanwhile is put again on another", async () => {
  const asked: string[] = [];
  await using plane = await startPlane(({ url = "", socket }, response) => {
    asked.push(url);
    // As a server does whose patience with an idle connection is over in the very moment of the question.
    if (asked.length === 2) socket.resetAndDestroy();
    else response.end("text");
  });
  const source = sourceAt(plane);
  await source.read("a");
  assert.equal((await source.read("b")).status, "read");
  assert.deepEqual(
    asked.map((url) => url.slice(-1)),
    ["a", "b", "b"],
  );
});

test("a question that is cut off on a new connection is not put again", async () => {
  let asked = 0;
  await using plane = await startPlane(({ socket }) => {
    asked += 1;
    socket.resetAndDestroy();
  });
  await assert.rejects(sourceAt(plane).read("a"), refusal(/cannot be asked: /));
  assert.equal(asked, 1);
});

test("what is no answer of a control plane is an outage, in a sentence", async () => {
  await using plane = await startPlane(({ url }, response) => {
    if (url?.endsWith("elsewhere") === true) {
      response.writeHead(302, { location: "/api/v1/tree/a" }).end();
    } else response.writeHead(503).end("the disk is full\n");
  });
  const source = sourceAt(plane);
  await assert.rejects(source.read("elsewhere"), refusal(/it answered 302/));
  await assert.rejects(source.read("a"), refusal(/it answered 503: the disk is full$/));
  await assert.rejects(source.open("a"), refusal(/it answered 503/));
  await assert.rejects(source.report("web-1", "x"), refusal(/it answered 503/));
});

test("nobody there is an outage that names the address", async () => {
  const plane = await startPlane(() => undefined);
  await plane[Symbol.asyncDispose]();
  await assert.rejects(sourceAt(plane).read("a"), refusal(/ECONNREFUSED 127\.0\.0\.1/));
});

test("an answer that breaks off is an outage", async () => {
  await using plane = await startPlane((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  });
  const source = sourceAt(plane);
  await assert.rejects(source.read("a"), refusal(/cannot be asked: /));
  const flow = await source.open("a");
  await assert.rejects(
    async () => {
      for await (const _ of flow ?? []);
    },
    refusal(/cannot be asked: /),
  );
});

test("a document that is too large is refused before all of it is there", async () => {
  await using plane = await startPlane((_, response) => {
    const piece = Buffer.alloc(1 << 20);
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
      response.once("drain", more);
    };
    more();
  });
  await assert.rejects(sourceAt(plane).read("a"), refusal(/too large/));
});

test("a stop ends a question and a transfer", async () => {
  await using plane = await startPlane((_, response) => {
    response.writeHead(200);
    response.write("begun");
  });
  const stop = new AbortController();
  const reading = sourceAt(plane).read("a", undefined, stop.signal);
  const flow = await sourceAt(plane).open("a", stop.signal);
  stop.abort();
  await assert.rejects(reading, refusal(/cannot be asked/));
  await assert.rejects(
    async () => {
      for await (const _ of flow ?? []);
    },
    refusal(/cannot be asked/),
  );
});

test("the wake stream tells of events, passes over what keeps it alive, and ends without a failure", async () => {
  await using plane = await startPlane((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": hello\n\n", () => response.end('event: changed\ndata: {"serial":1}\n\n'));
  });
  const signal = new AbortController().signal;
  let heard = 0;
  for await (const _ of wakeStream({ ...plane, machineToken: "secret" }).follow("a", signal)) {
    heard += 1;
  }
  assert.equal(heard, 1);
});
