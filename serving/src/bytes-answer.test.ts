// Tests of bytes-answer.ts, over real sockets.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Sent } from "./answer.ts";
import { prepareBytes, sendBytes, sendPrepared } from "./bytes-answer.ts";
import { exchange } from "./testing/raw-client.ts";
import { serve } from "./testing/serve.ts";

const description = {
  etag: '"v1"',
  modified: new Date(Date.UTC(2024, 4, 5, 10)),
  headers: ["Content-Type", "application/json", "Cache-Control", "public"],
};
/** Every byte there is, so that no encoding can pass for another. */
const few = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const many = Buffer.concat(Array.from({ length: 1_000 }, () => few));

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
  readonly sent: Sent;
}

async function ask(t: TestContext, bytes: Uint8Array, request: string): Promise<Answer> {
  const prepared = prepareBytes(bytes, description);
  let sent: Sent | undefined;
  const { port } = await serve(t, (incoming, response) => {
    sent = sendPrepared(incoming, response, prepared);
  });
  const [method = "GET", ...headers] = request.split("\n");
  const lines = [`${method} / HTTP/1.1`, "Host: a", "Connection: close", ...headers, "", ""];
  const received = await exchange(t, port, lines.join("\r\n"));
  const end = received.indexOf("\r\n\r\n");
  assert.ok(sent !== undefined);
  return {
    status: Number(received.slice(9, 12)),
    head: received.slice(0, end + 2),
    body: Buffer.from(received.slice(end + 4), "latin1"),
    sent,
  };
}

for (const [name, bytes] of [
  ["few", few],
  ["many", many],
  ["no", Buffer.alloc(0)],
] as const) {
  test(`sendPrepared sends ${name} bytes as they are`, async (t) => {
    const { status, head, body, sent } = await ask(t, bytes, "GET");
    assert.equal(status, 200);
    assert.deepEqual(body, bytes);
    assert.ok(head.includes(`\r\nContent-Length: ${bytes.length}\r\n`));
    assert.ok(head.includes('\r\nETag: "v1"\r\n'));
    assert.ok(head.includes("\r\nLast-Modified: Sun, 05 May 2024 10:00:00 GMT\r\n"));
    assert.ok(head.includes("\r\nAccept-Ranges: bytes\r\n"));
    assert.ok(head.includes("\r\nContent-Type: application/json\r\n"));
    assert.ok(!head.includes("Transfer-Encoding"));
    assert.deepEqual(sent, { status: 200, bytes: bytes.length, completed: true });
  });

  test(`sendPrepared answers HEAD for ${name} bytes`, async (t) => {
    const { status, head, body, sent } = await ask(t, bytes, "HEAD");
    assert.equal(status, 200);
    assert.equal(body.length, 0);
    assert.ok(head.includes(`\r\nContent-Length: ${bytes.length}\r\n`));
    assert.deepEqual(sent, { status: 200, bytes: 0, completed: true });
  });
}

for (const [name, bytes] of [
  ["few", few],
  ["many", many],
] as const) {
  test(`sendPrepared sends a range of ${name} bytes`, async (t) => {
    const { status, head, body, sent } = await ask(t, bytes, "GET\nRange: bytes=100-199");
    assert.equal(status, 206);
    assert.deepEqual(body, bytes.subarray(100, 200));
    assert.ok(head.includes(`\r\nContent-Range: bytes 100-199/${bytes.length}\r\n`));
    assert.equal(head.match(/Content-Length/g)?.length, 1);
    assert.deepEqual(sent, { status: 206, bytes: 100, completed: true });
  });
}

test("sendPrepared answers a known state with a bare 304", async (t) => {
  const { status, head, body } = await ask(t, few, 'GET\nIf-None-Match: W/"v1"');
  assert.equal(status, 304);
  assert.equal(body.length, 0);
  assert.ok(head.includes('\r\nETag: "v1"\r\n'));
  assert.ok(head.includes("\r\nCache-Control: public\r\n"));
  assert.doesNotMatch(head, /Content-Length|Content-Type|Last-Modified|Transfer-Encoding/);
});

test("sendPrepared refuses with 412 and 416", async (t) => {
  assert.equal((await ask(t, few, 'GET\nIf-Match: "v0"')).status, 412);
  const { status, head } = await ask(t, few, "GET\nRange: bytes=256-");
  assert.equal(status, 416);
  assert.ok(head.includes("\r\nContent-Range: bytes */256\r\n"));
});

test("sendPrepared keeps headers that were set before", async (t) => {
  const prepared = prepareBytes(few, description);
  const { port } = await serve(t, (request, response) => {
    response.setHeader("X-Request-Id", "abc");
    sendPrepared(request, response, prepared);
  });
  const received = await exchange(
    t,
    port,
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  assert.match(received, /\r\nX-Request-Id: abc\r\n/);
  assert.match(received, /\r\nContent-Length: 256\r\n/);
});

test("sendPrepared says when the client had left already", async (t) => {
  const { promise, resolve } = Promise.withResolvers<Sent>();
  const prepared = prepareBytes(few, description);
  const { port } = await serve(t, (request, response) => {
    response.once("close", () => resolve(sendPrepared(request, response, prepared)));
    request.socket.destroy();
  });
  await exchange(t, port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.deepEqual(await promise, { status: 200, bytes: 0, completed: false });
});

test("sendBytes answers like sendPrepared", async (t) => {
  const { port } = await serve(t, (request, response) => {
    sendBytes(request, response, Buffer.from("0123456789"), { etag: '"v2"', headers: [] });
  });
  const received = await exchange(
    t,
    port,
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=-3\r\n\r\n",
  );
  assert.match(received, /^HTTP\/1\.1 206 /);
  assert.match(received, /\r\nETag: "v2"\r\n/);
  assert.match(received, /\r\n\r\n789$/);
});
