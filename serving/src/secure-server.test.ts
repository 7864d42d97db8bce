// Tests of listen with TLS, with clients that speak HTTP/2 and HTTP/1.1; the certificate is trusted by nobody else.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { sendFile } from "./file-answer.ts";
import { sendGrowing } from "./growing-answer.ts";
import { type Listening, listen } from "./listen.ts";
import { loopbackCertificate } from "./testing/loopback-certificate.ts";
import { sendText } from "./text-answer.ts";

function greet(request: IncomingMessage, response: ServerResponse): void {
  sendText(response, 200, `hello ${request.url} over ${request.httpVersion}`);
}

async function serveTls(
  t: TestContext,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listening> {
  const listening = await listen(handler, {
    host: "127.0.0.1",
    port: 0,
    certificate: loopbackCertificate,
  });
  t.after(() => listening.drain(0));
  return listening;
}

function session(t: TestContext, url: string): ClientHttp2Session {
  const opened = connect(url, { ca: loopbackCertificate.cert });
  t.after(() => opened.destroy());
  return opened;
}

async function read(stream: ClientHttp2Stream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function getOverHttp1(url: string): Promise<string> {
  const asked = httpsRequest(url, { ca: loopbackCertificate.cert, agent: false });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test("listen with a certificate speaks HTTP/2 and HTTP/1.1", async (t) => {
  const { url, port } = await serveTls(t, greet);
  assert.equal(url, `https://127.0.0.1:${port}`);
  assert.equal(await getOverHttp1(`${url}/a`), "hello /a over 1.1\n");
  const two = session(t, url);
  const answers = ["/b", "/c"].map((path) => read(two.request({ ":path": path })));
  assert.deepEqual(await Promise.all(answers), ["hello /b over 2.0\n", "hello /c over 2.0\n"]);
});

test("a whole file, a part of it and its head are sent over HTTP/2", async (t) => {
  const bytes = Buffer.alloc(300_000, "0123456789");
  const outcomes: Promise<unknown>[] = [];
  const { url } = await serveTls(t, (request, response) => {
    const content = {
      size: bytes.length,
      etag: '"a"',
      read: async (position: number, into: Uint8Array) => bytes.copy(into, 0, position),
      close: async () => {},
    };
    outcomes.push(sendFile(request, response, content, ["Content-Type", "text/plain"]));
  });
  const two = session(t, url);
  assert.equal((await read(two.request({ ":path": "/" }))).length, bytes.length);
  assert.equal(await read(two.request({ ":path": "/", range: "bytes=11-13" })), "123");
  assert.equal(await read(two.request({ ":path": "/", ":method": "HEAD" })), "");
  assert.deepEqual(await Promise.all(outcomes), [
    { status: 200, bytes: 300_000, completed: true },
    { status: 206, bytes: 3, completed: true },
    { status: 200, bytes: 0, completed: true },
  ]);
});

test("a body that breaks off is an error for an HTTP/2 client, never a shorter body", async (t) => {
  const { url } = await serveTls(t, (request, response) => {
    const body = (async function* () {
      yield Buffer.from("some");
      throw new Error("gone");
    })();
    void sendGrowing(request, response, { size: undefined, headers: [], body });
  });
  await assert.rejects(read(session(t, url).request({ ":path": "/" })), /INTERNAL_ERROR/);
});

test("a client that leaves ends the body over HTTP/2", async (t) => {
  const ended = Promise.withResolvers<boolean>();
  const { url } = await serveTls(t, (request, response) => {
    const body = (async function* () {
      for (;;) yield Buffer.alloc(100_000);
    })();
    void sendGrowing(request, response, { size: undefined, headers: [], body }).then((sent) =>
      ended.resolve(sent.completed),
    );
  });
  const stream = session(t, url).request({ ":path": "/" });
  await once(stream, "response");
  stream.close(8);
  assert.equal(await ended.promise, false);
});

test("drain answers what runs over HTTP/2, then closes the session", async (t) => {
  const began = Promise.withResolvers<ServerResponse>();
  const listening = await serveTls(t, (_request, response) => began.resolve(response));
  const two = session(t, listening.url);
  const answer = read(two.request({ ":path": "/" }));
  const response = await began.promise;
  const drained = listening.drain(60_000);
  await once(two, "goaway");
  response.end("late");
  assert.equal(await answer, "late");
  assert.equal(await drained, "drained");
});

test("drain closes a resting session at once, and cuts what runs beyond its grace", async (t) => {
  const resting = await serveTls(t, greet);
  const two = session(t, resting.url);
  await read(two.request({ ":path": "/" }));
  assert.equal(await resting.drain(60_000), "drained");
  const arrived = Promise.withResolvers<void>();
  const stuck = await serveTls(t, () => arrived.resolve());
  const stream = session(t, stuck.url).request({ ":path": "/" });
  stream.on("error", () => {});
  await arrived.promise;
  assert.equal(await stuck.drain(0), "cut off");
});

test("a request that no handler should see is refused over HTTP/2 as well", async (t) => {
  const { url } = await serveTls(t, greet);
  const stream = session(t, url).request({ ":path": `/${"a".repeat(9_000)}` });
  const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
  assert.equal(headers[":status"], 400);
});

test("replaceCertificate is for new connections, and refuses what is no certificate", async (t) => {
  const listening = await serveTls(t, greet);
  assert.throws(() => listening.replaceCertificate({ cert: "x", key: "y" }));
  listening.replaceCertificate(loopbackCertificate);
  assert.equal(await getOverHttp1(`${listening.url}/a`), "hello /a over 1.1\n");
  const old = connectTls({
    port: listening.port,
    host: "127.0.0.1",
    maxVersion: "TLSv1.1",
    ca: loopbackCertificate.cert,
    ciphers: "ALL:@SECLEVEL=0",
    minVersion: "TLSv1",
  });
  const [failure] = (await once(old, "error")) as [Error];
  assert.match(failure.message, /protocol|version/i);
});
