// Tests of growing-answer.ts, over real sockets.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Sent } from "./answer.ts";
import { sendGrowing } from "./growing-answer.ts";
import { exchange, RawClient } from "./testing/raw-client.ts";
import { serve } from "./testing/serve.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

interface Answering {
  readonly port: number;
  readonly sent: Promise<Sent>;
}

async function serveBody(
  t: TestContext,
  body: AsyncIterable<Uint8Array>,
  size?: number,
): Promise<Answering> {
  const { promise: sent, resolve, reject } = Promise.withResolvers<Sent>();
  sent.catch(() => {});
  const { port } = await serve(t, (request, response) => {
    const content = { size, headers: ["Content-Type", "application/zip"], body };
    sendGrowing(request, response, content).then(resolve, (failure) => {
      response.writeHead(502).end();
      reject(failure);
    });
  });
  return { port, sent };
}

async function* texts(...parts: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (typeof part !== "string") throw part;
    yield Buffer.from(part);
  }
}

test("sendGrowing sends Content-Length when the size is known", async (t) => {
  const { port, sent } = await serveBody(t, texts("01234", "56789"), 10);
  const received = await exchange(t, port, get);
  assert.match(received, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(received, /\r\nContent-Type: application\/zip\r\nContent-Length: 10\r\n/);
  assert.match(received, /\r\n\r\n0123456789$/);
  assert.deepEqual(await sent, { status: 200, bytes: 10, completed: true });
});

test("sendGrowing sends chunks when the size is not known", async (t) => {
  const { port, sent } = await serveBody(t, texts("01234", "", "56789"));
  const received = await exchange(t, port, get);
  assert.match(received, /\r\nTransfer-Encoding: chunked\r\n/);
  assert.match(received, /\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n$/);
  assert.deepEqual(await sent, { status: 200, bytes: 10, completed: true });
});

test("sendGrowing sends an empty body", async (t) => {
  const { port, sent } = await serveBody(t, texts(), 0);
  assert.match(await exchange(t, port, get), /\r\nContent-Length: 0\r\n.*\r\n\r\n$/s);
  assert.deepEqual(await sent, { status: 200, bytes: 0, completed: true });
});

test("sendGrowing lets the client read while the body is still being produced", async (t) => {
  const { promise: mayContinue, resolve: goOn } = Promise.withResolvers<void>();
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("first");
    await mayContinue;
    yield Buffer.from("second");
  }
  const { port } = await serveBody(t, body());
  const client = await RawClient.connect(t, port);
  client.send(get);
  await client.receive(/first/);
  goOn();
  assert.match(await client.untilClosed(), /second\r\n0\r\n\r\n$/);
});

test("sendGrowing lets the body use a chunk's memory again", async (t) => {
  async function* body(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.alloc(1 << 20);
    for (const digit of "0123") {
      buffer.fill(digit);
      yield buffer;
    }
  }
  const { port } = await serveBody(t, body(), 4 << 20);
  const received = await exchange(t, port, get);
  const expected = [..."0123"].map((digit) => digit.repeat(1 << 20)).join("");
  assert.ok(received.endsWith(`\r\n\r\n${expected}`));
});

test("sendGrowing answers HEAD without asking for a chunk", async (t) => {
  let asked = 0;
  let returned = 0;
  const body: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        asked += 1;
        return { done: true, value: undefined };
      },
      return: async () => {
        returned += 1;
        return { done: true, value: undefined };
      },
    }),
  };
  const { port, sent } = await serveBody(t, body, 10);
  const received = await exchange(t, port, get.replace("GET", "HEAD"));
  assert.match(received, /\r\nContent-Length: 10\r\n.*\r\n\r\n$/s);
  assert.deepEqual(await sent, { status: 200, bytes: 0, completed: true });
  assert.deepEqual([asked, returned], [0, 1]);
});

for (const size of [undefined, 10]) {
  test(`sendGrowing never ends a body cleanly that failed (size ${size})`, async (t) => {
    const { port, sent } = await serveBody(t, texts("01234", new Error("upstream is gone")), size);
    const received = await exchange(t, port, get);
    assert.match(received, /01234/);
    assert.doesNotMatch(received, /0\r\n\r\n$/);
    const { completed, bytes, failure } = await sent;
    assert.equal(completed, false);
    assert.equal(bytes, 5);
    assert.match(String(failure), /upstream is gone/);
  });
}

test("sendGrowing resets the connection of an HTTP/1.0 client, who knows no other end", async (t) => {
  const { port } = await serveBody(t, texts("01234", new Error("upstream is gone")));
  const client = await RawClient.connect(t, port);
  client.send("GET / HTTP/1.0\r\n\r\n");
  await client.untilClosed();
  assert.match(String(client.failure), /ECONNRESET/);
});

test("sendGrowing leaves the answer to its caller when the body fails before it begins", async (t) => {
  const { port, sent } = await serveBody(t, texts(new Error("upstream is gone")), 10);
  assert.match(await exchange(t, port, get), /^HTTP\/1\.1 502 /);
  await assert.rejects(sent, /upstream is gone/);
});

test("sendGrowing breaks off a body that is shorter than announced", async (t) => {
  const { port, sent } = await serveBody(t, texts("01234"), 10);
  assert.match(await exchange(t, port, get), /01234$/);
  assert.match(String((await sent).failure), /ended after 5 of 10 bytes/);
});

test("sendGrowing breaks off a body that is longer than announced", async (t) => {
  const { port, sent } = await serveBody(t, texts("01234", "56789", "x"), 10);
  assert.match(await exchange(t, port, get), /\r\n\r\n0123456789$/);
  assert.match(String((await sent).failure), /more than the 10 bytes/);
});

test("sendGrowing calls return at once when the client leaves while a chunk is awaited", async (t) => {
  const { promise: neverWas, resolve: end } = Promise.withResolvers<IteratorResult<Uint8Array>>();
  let asked = 0;
  let returned = 0;
  const body: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        asked += 1;
        return asked === 1
          ? Promise.resolve({ done: false, value: Buffer.from("first") })
          : neverWas;
      },
      return: async () => {
        returned += 1;
        end({ done: true, value: undefined });
        return { done: true, value: undefined };
      },
    }),
  };
  const { port, sent } = await serveBody(t, body);
  const client = await RawClient.connect(t, port);
  client.send(get);
  await client.receive(/first/);
  client.socket.destroy();
  assert.deepEqual(await sent, { status: 200, bytes: 5, completed: false });
  assert.equal(returned, 1);
});

test("sendGrowing stops a body that nobody takes", async (t) => {
  let produced = 0;
  let isCleanedUp = false;
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for (; produced < 1_000; produced += 1) yield Buffer.alloc(1 << 20, "x");
    } finally {
      isCleanedUp = true;
    }
  }
  const { port, sent } = await serveBody(t, body());
  const client = await RawClient.connect(t, port);
  client.send(get);
  await client.receive(/xxxx/);
  client.socket.destroy();
  assert.equal((await sent).completed, false);
  assert.ok(produced < 1_000);
  assert.ok(isCleanedUp);
});

test("sendGrowing takes nothing for a client that has left already", async (t) => {
  const { promise: sent, resolve } = Promise.withResolvers<Sent>();
  const { port } = await serve(t, (request, response) => {
    response.once("close", () => {
      resolve(sendGrowing(request, response, { size: 5, headers: [], body: texts("01234") }));
    });
  });
  const client = await RawClient.connect(t, port);
  client.send(get);
  client.socket.end();
  assert.deepEqual(await sent, { status: 200, bytes: 0, completed: false });
});
