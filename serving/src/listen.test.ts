// Tests of listen.ts and what it is made of, over real sockets.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";
import { listen } from "./listen.ts";
import { exchange, RawClient } from "./testing/raw-client.ts";
import { serve } from "./testing/serve.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const getAndClose = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

function greet(_request: IncomingMessage, response: ServerResponse): void {
  response.end("hello");
}

test("listen tells its port and url", async (t) => {
  const { port, url } = await serve(t, greet);
  assert.equal(url, `http://127.0.0.1:${port}`);
  assert.equal(await (await fetch(url)).text(), "hello");
});

const hosts: readonly (readonly [host: string | undefined, name: string])[] = [
  [undefined, "localhost"],
  ["", "localhost"],
  ["0.0.0.0", "localhost"],
  ["localhost", "localhost"],
];

for (const [host, name] of hosts) {
  test(`listen on host ${JSON.stringify(host)} is found at ${name}`, async (t) => {
    const { port, url } = await serve(t, greet, { host });
    assert.equal(url, `http://${name}:${port}`);
  });
}

test("listen rejects with a sentence when the port is taken", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  t.after(() => other.close());
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  await assert.rejects(listen(greet, { host: "127.0.0.1", port }), {
    message: `cannot listen on 127.0.0.1:${port}: another program listens there; stop it, or choose another port`,
  });
});

test("listen rejects with a sentence when the address is not this machine's", async () => {
  await assert.rejects(listen(greet, { host: "192.0.2.1", port: 0 }), {
    message: /^cannot listen on 192\.0\.2\.1:0: this machine does not have that address; /,
  });
});

test("listen rejects with a sentence when the port is no port", async () => {
  await assert.rejects(listen(greet, { host: "::1", port: 70_000 }), {
    message: "cannot listen on [::1]:70000: a port is a whole number from 0 to 65535",
  });
});

test("listen answers a handler that throws with a clean 500", async (t) => {
  const failures: unknown[] = [];
  const { port } = await serve(
    t,
    (_request, response) => {
      response.setHeader("ETag", '"v1"');
      throw new Error("secret detail");
    },
    { onFailure: (failure, request) => failures.push([String(failure), request?.url]) },
  );
  const received = await exchange(t, port, getAndClose);
  assert.match(received, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(received, /ETag|secret detail/);
  assert.match(received, /\r\n\r\nthe server failed to answer.*\n$/);
  assert.deepEqual(failures, [["Error: secret detail", "/"]]);
});

test("listen breaks off an answer whose handler throws after it began", async (t) => {
  const { port } = await serve(t, (_request, response) => {
    response.writeHead(200, { "Content-Length": "100" });
    response.write("begun");
    throw new Error("too late");
  });
  assert.doesNotMatch(await exchange(t, port, getAndClose), /500/);
  assert.match(await exchange(t, port, getAndClose), /^(?:HTTP\/1\.1 200 .*)?$/s);
});

const malformed: readonly (readonly [name: string, text: string, answer: RegExp])[] = [
  [
    "garbage",
    "this is no HTTP\r\n\r\n",
    /^HTTP\/1\.1 400 .*not a well-formed HTTP\/1\.1 request\n$/s,
  ],
  ["binary garbage", "\x00\x01\x02\xff\r\n\r\n", /^HTTP\/1\.1 400 /],
  [
    "a TLS greeting",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    /^HTTP\/1\.1 400 .*without TLS.*\n$/s,
  ],
  ["a bad header", "GET / HTTP/1.1\r\nHost: a\r\nno colon here\r\n\r\n", /^HTTP\/1\.1 400 /],
  ["a bad version", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 400 /],
  [
    "two lengths",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    /^HTTP\/1\.1 400 /,
  ],
  [
    "length and chunks",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    /^HTTP\/1\.1 400 /,
  ],
  ["no host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 .*no Host header\n$/s],
  [
    "too many headers",
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}\r\n\r\n`,
    /^HTTP\/1\.1 400 .*headers of this request are too long\n$/s,
  ],
  [
    "a url too long for the handler",
    `GET /${"x".repeat(8_192)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    /^HTTP\/1\.1 400 .*URL has more than 8192 bytes\n$/s,
  ],
  [
    "a url too long for anything",
    `GET /${"x".repeat(200_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    /^HTTP\/1\.1 400 .*too long\n$/s,
  ],
  [
    "CONNECT",
    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    /^HTTP\/1\.1 405 .*not a forward proxy.*\n$/s,
  ],
  [
    "an unknown expectation",
    "GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n",
    /^HTTP\/1\.1 417 .*no expectation.*\n$/s,
  ],
];

for (const [name, text, answer] of malformed) {
  test(`listen answers ${name} with one sentence and closes`, async (t) => {
    const { port } = await serve(t, greet);
    const received = await exchange(t, port, text);
    assert.match(received, answer);
    assert.match(received, /\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
    assert.match(received, /\r\nConnection: close\r\n/);
    assert.match(received, /\r\n\r\n[^\r\n]+\n$/);
    assert.match(await exchange(t, port, getAndClose), /hello$/, "the server is still well");
  });
}

test("listen serves a url of just the allowed length", async (t) => {
  const { port } = await serve(t, greet, { maxUrlBytes: 100 });
  const request = (length: number): string =>
    getAndClose.replace("/", `/${"x".repeat(length - 1)}`);
  assert.match(await exchange(t, port, request(100)), /hello$/);
  assert.match(await exchange(t, port, request(101)), /^HTTP\/1\.1 400 /);
});

test("listen does not answer garbage that follows a request still being answered", async (t) => {
  const { port } = await serve(t, () => {});
  assert.equal(await exchange(t, port, `${get}garbage garbage\r\n\r\n`), "");
});

test("listen gives up on a request whose head does not arrive in time", async (t) => {
  const { port } = await serve(t, greet, { headersTimeoutMs: 20 });
  assert.match(
    await exchange(t, port, "GET / HTTP/1.1\r\nHost: a\r\n"),
    /^HTTP\/1\.1 408 .*in time\n$/s,
  );
});

test("listen answers requests sent ahead one after the other", async (t) => {
  const begun: ServerResponse[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const { port } = await serve(t, (request, response) => {
    begun.push(response);
    if (request.url === "/1") resolve();
    else response.end(`answer ${request.url}`);
  });
  const client = await RawClient.connect(t, port);
  client.send(["/1", "/2", "/3"].map((path) => get.replace("/", path)).join(""));
  await promise;
  assert.equal(begun.length, 1, "a request was handled before its turn");
  begun[0]?.end("answer /1");
  await client.receive(/answer \/1.*answer \/2.*answer \/3/s);
});

test("listen cuts a client that sends far too many requests ahead", async (t) => {
  const { port } = await serve(t, () => {});
  assert.equal(await exchange(t, port, get.repeat(200)), "");
});

test("drain closes a resting connection at once", async (t) => {
  const { port, drain } = await serve(t, greet);
  const client = await RawClient.connect(t, port);
  client.send(get);
  await client.receive(/hello/);
  assert.equal(await drain(60_000), "drained");
  await client.untilClosed();
});

test("drain answers the running request to its end and says that the connection closes", async (t) => {
  const { promise: running, resolve } = Promise.withResolvers<ServerResponse>();
  const { port, drain } = await serve(t, (_request, response) => resolve(response));
  const client = await RawClient.connect(t, port);
  client.send(get);
  const response = await running;
  const drained = drain(60_000);
  await assert.rejects(RawClient.connect(t, port), /ECONNREFUSED/);
  response.end("hello");
  const received = await client.untilClosed();
  assert.match(received, /\r\nConnection: close\r\n/);
  assert.match(received, /hello$/);
  assert.equal(await drained, "drained");
});

test("drain closes a connection behind an answer that had begun before", async (t) => {
  const { promise: running, resolve } = Promise.withResolvers<ServerResponse>();
  const { port, drain } = await serve(t, (_request, response) => {
    response.writeHead(200, { "Content-Length": "10" });
    response.write("01234");
    resolve(response);
  });
  const client = await RawClient.connect(t, port);
  client.send(get);
  const response = await running;
  const drained = drain(60_000);
  response.end("56789");
  assert.match(await client.untilClosed(), /\r\nConnection: keep-alive\r\n.*0123456789$/s);
  assert.equal(await drained, "drained");
});

test("drain still answers a connection that is about to send its first request", async (t) => {
  const { port, drain } = await serve(t, greet);
  const client = await RawClient.connect(t, port);
  const other = await RawClient.connect(t, port);
  other.send(get);
  await other.receive(/hello/);
  const drained = drain(60_000);
  await other.untilClosed();
  client.send(get);
  assert.match(await client.untilClosed(), /\r\nConnection: close\r\n.*hello$/s);
  assert.equal(await drained, "drained");
});

test("drain does not wait for connections that ask nothing", async (t) => {
  const { port, drain } = await serve(t, greet);
  const silent = await RawClient.connect(t, port);
  const slow = await RawClient.connect(t, port);
  slow.send("GET / HTTP/1.1\r\n");
  const other = await RawClient.connect(t, port);
  other.send(get);
  await other.receive(/hello/);
  assert.equal(await drain(10), "drained");
  assert.equal(await silent.untilClosed(), "");
  assert.equal(await slow.untilClosed(), "");
});

test("drain cuts what runs beyond its grace, and a second drain may shorten it", async (t) => {
  const { promise: running, resolve } = Promise.withResolvers<void>();
  const { port, drain } = await serve(t, () => resolve());
  const client = await RawClient.connect(t, port);
  client.send(get);
  await running;
  const patient = drain(Number.MAX_SAFE_INTEGER);
  assert.equal(await drain(1), "cut off");
  assert.equal(await patient, "cut off");
  assert.equal(await client.untilClosed(), "");
});
