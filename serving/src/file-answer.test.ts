// Tests of file-answer.ts, over real sockets.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import type { Sent } from "./answer.ts";
import { buffers } from "./buffer-pool.ts";
import { sendFile } from "./file-answer.ts";
import { FakeContent } from "./testing/fake-content.ts";
import { RawClient } from "./testing/raw-client.ts";
import { serve } from "./testing/serve.ts";

const digits = Buffer.from("0123456789");
const headers = ["Content-Type", "application/zip", "Cache-Control", "public"];

/** Far more than the system's socket buffers hold, so that a client that does not read stops the transfer. */
const large = Buffer.alloc(64 << 20, "0123456789abcdef\n");

interface Answering {
  readonly port: number;
  /** The outcome of the next answer. */
  readonly sent: Promise<Sent>;
}

async function serveContent(t: TestContext, content: FakeContent): Promise<Answering> {
  const { promise: sent, resolve, reject } = Promise.withResolvers<Sent>();
  sent.catch(() => {});
  const { port } = await serve(t, (request, response) => {
    sendFile(request, response, content, headers).then(resolve, (failure) => {
      response.writeHead(503).end();
      reject(failure);
    });
  });
  return { port, sent };
}

interface Got {
  readonly answer: IncomingMessage;
  readonly body: Buffer;
}

async function get(
  port: number,
  options: { method?: string; headers?: object } = {},
): Promise<Got> {
  const request = httpRequest({
    port,
    host: "127.0.0.1",
    agent: false,
    ...options,
  } as object).end();
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  return { answer, body: Buffer.concat(await answer.toArray()) };
}

test("sendFile sends a whole file with what caches and resuming clients need", async (t) => {
  const content = new FakeContent(digits);
  const { port, sent } = await serveContent(t, content);
  const { answer, body } = await get(port);
  assert.equal(answer.statusCode, 200);
  assert.equal(body.toString(), "0123456789");
  assert.equal(answer.headers["content-length"], "10");
  assert.equal(answer.headers["transfer-encoding"], undefined);
  assert.equal(answer.headers.etag, '"v1"');
  assert.equal(answer.headers["last-modified"], "Sun, 05 May 2024 10:00:00 GMT");
  assert.equal(answer.headers["accept-ranges"], "bytes");
  assert.equal(answer.headers["content-type"], "application/zip");
  assert.deepEqual(await sent, { status: 200, bytes: 10, completed: true });
  assert.equal(content.closings, 1);
});

test("sendFile answers HEAD with the headers of GET and reads nothing", async (t) => {
  const content = new FakeContent(digits);
  const { port, sent } = await serveContent(t, content);
  const { answer, body } = await get(port, { method: "HEAD", headers: { range: "bytes=0-1" } });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["content-length"], "10");
  assert.equal(answer.headers.etag, '"v1"');
  assert.equal(body.length, 0);
  assert.deepEqual(await sent, { status: 200, bytes: 0, completed: true });
  assert.equal(content.readBytes, 0);
  assert.equal(content.closings, 1);
});

test("sendFile sends an empty file", async (t) => {
  const { port, sent } = await serveContent(t, new FakeContent(Buffer.alloc(0)));
  const { answer, body } = await get(port);
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["content-length"], "0");
  assert.equal(body.length, 0);
  assert.deepEqual(await sent, { status: 200, bytes: 0, completed: true });
});

const partial = [
  ["bytes=2-5", "2345", "bytes 2-5/10"],
  ["bytes=7-", "789", "bytes 7-9/10"],
  ["bytes=-2", "89", "bytes 8-9/10"],
  ["bytes=0-99", "0123456789", "bytes 0-9/10"],
] as const;

for (const [range, expected, contentRange] of partial) {
  test(`sendFile answers ${range} with 206`, async (t) => {
    const content = new FakeContent(digits);
    const { port, sent } = await serveContent(t, content);
    const { answer, body } = await get(port, { headers: { range } });
    assert.equal(answer.statusCode, 206);
    assert.equal(body.toString(), expected);
    assert.equal(answer.headers["content-range"], contentRange);
    assert.equal(answer.headers["content-length"], String(expected.length));
    assert.equal(answer.headers.etag, '"v1"');
    assert.deepEqual(await sent, { status: 206, bytes: expected.length, completed: true });
    assert.equal(content.readBytes, expected.length);
  });
}

test("sendFile answers a range beyond the end with 416 and the size", async (t) => {
  const content = new FakeContent(digits);
  const { port, sent } = await serveContent(t, content);
  const { answer, body } = await get(port, { headers: { range: "bytes=10-" } });
  assert.equal(answer.statusCode, 416);
  assert.equal(answer.headers["content-range"], "bytes */10");
  assert.match(body.toString(), /^the file has 10 bytes.*\n$/);
  assert.equal((await sent).status, 416);
  assert.equal(content.closings, 1);
});

test("sendFile answers a known state with a bare 304", async (t) => {
  const content = new FakeContent(digits);
  const { port, sent } = await serveContent(t, content);
  const { answer, body } = await get(port, { headers: { "if-none-match": '"v1"' } });
  assert.equal(answer.statusCode, 304);
  assert.equal(answer.headers.etag, '"v1"');
  assert.equal(answer.headers["cache-control"], "public");
  assert.ok(answer.headers.date);
  for (const absent of ["content-length", "content-type", "last-modified", "transfer-encoding"]) {
    assert.equal(answer.headers[absent], undefined, absent);
  }
  assert.equal(body.length, 0);
  assert.deepEqual(await sent, { status: 304, bytes: 0, completed: true });
  assert.equal(content.closings, 1);
});

test("sendFile refuses an unexpected state with 412", async (t) => {
  const content = new FakeContent(digits);
  const { port, sent } = await serveContent(t, content);
  const { answer } = await get(port, { headers: { "if-match": '"v0"' } });
  assert.equal(answer.statusCode, 412);
  assert.equal((await sent).status, 412);
  assert.equal(content.closings, 1);
});

test("sendFile keeps a large file whole, however little a read returns", async (t) => {
  const bytes = large.subarray(0, 3_000_017);
  const content = new FakeContent(bytes);
  content.mostAtOnce = 99_991;
  const { port } = await serveContent(t, content);
  const { body } = await get(port);
  assert.equal(digest(body), digest(bytes));
});

test("sendFile uses one connection for many answers", async (t) => {
  const { port } = await serve(t, (request, response) => {
    void sendFile(request, response, new FakeContent(digits), []);
  });
  const client = await RawClient.connect(t, port);
  for (const count of [1, 2, 3]) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.receive(new RegExp(`(?:0123456789.*){${count}}`, "s"));
  }
});

test("sendFile stops reading when the client leaves, and gives everything back", async (t) => {
  const content = new FakeContent(large);
  const { port, sent } = await serveContent(t, content);
  const client = await RawClient.connect(t, port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.receive(/0123456789/);
  client.socket.destroy();
  const { status, bytes, completed, failure } = await sent;
  assert.equal(status, 200);
  assert.equal(completed, false);
  assert.equal(failure, undefined);
  assert.ok(bytes < large.length);
  assert.ok(content.readBytes < large.length);
  assert.equal(content.closings, 1);
  assert.equal(buffers.taken, 0);
});

test("sendFile does not run ahead of a client that does not read", async (t) => {
  const content = new FakeContent(large);
  const { port, sent } = await serveContent(t, content);
  const client = await RawClient.connect(t, port);
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const other = await serveContent(t, new FakeContent(large));
  await get(other.port);
  assert.ok(content.readBytes < large.length, "the whole file was read for nobody");
  client.socket.destroy();
  assert.equal((await sent).completed, false);
});

test("sendFile breaks the transfer off when a later read fails", async (t) => {
  const content = new FakeContent(large);
  content.failsFrom = 1 << 20;
  const { port, sent } = await serveContent(t, content);
  const client = await RawClient.connect(t, port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const received = await client.untilClosed();
  assert.match(received, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(received.length < large.length);
  const { completed, failure } = await sent;
  assert.equal(completed, false);
  assert.match(String(failure), /the disk has failed/);
  assert.equal(content.closings, 1);
  assert.equal(buffers.taken, 0);
});

test("sendFile breaks the transfer off when the file is shorter than its size", async (t) => {
  const { port, sent } = await serveContent(t, new FakeContent(digits, 11));
  const client = await RawClient.connect(t, port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match(await client.untilClosed(), /Content-Length: 11\r\n.*\r\n\r\n0123456789$/s);
  assert.match(String((await sent).failure), /ends at byte 10 although its size is 11/);
});

test("sendFile leaves the answer to its caller when the first read fails", async (t) => {
  const content = new FakeContent(digits);
  content.failsFrom = 0;
  const { port, sent } = await serveContent(t, content);
  const { answer } = await get(port);
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.headers.etag, undefined);
  await assert.rejects(sent, /the disk has failed/);
  assert.equal(content.closings, 1);
  assert.equal(buffers.taken, 0);
});

test("sendFile closes the file for a client that left before the answer began", async (t) => {
  const content = new FakeContent(digits);
  const { promise: sent, resolve } = Promise.withResolvers<Sent>();
  const { port } = await serve(t, (request, response) => {
    response.once("close", () => resolve(sendFile(request, response, content, headers)));
  });
  const client = await RawClient.connect(t, port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.socket.end();
  assert.deepEqual(await sent, { status: 200, bytes: 0, completed: false });
  assert.equal(content.readBytes, 0);
  assert.equal(content.closings, 1);
});

test("sendFile outlives a file that does not close", async (t) => {
  const content = new FakeContent(digits);
  content.close = () => Promise.reject(new Error("not closed"));
  const { port, sent } = await serveContent(t, content);
  await get(port);
  assert.equal((await sent).completed, true);
});

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
