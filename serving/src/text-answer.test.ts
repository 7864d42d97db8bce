// Tests of text-answer.ts, over real sockets.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { exchange } from "./testing/raw-client.ts";
import { serve } from "./testing/serve.ts";
import { sendText } from "./text-answer.ts";

async function ask(t: TestContext, method: string): Promise<string> {
  const { port } = await serve(t, (_request, response) => {
    sendText(response, 404, "not found: grün", ["Cache-Control", "no-store"]);
  });
  return exchange(t, port, `${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
}

test("sendText sends a sentence and a line break, counted in bytes", async (t) => {
  const received = await ask(t, "GET");
  assert.match(received, /^HTTP\/1\.1 404 Not Found\r\n/);
  assert.match(received, /\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
  assert.match(received, /\r\nX-Content-Type-Options: nosniff\r\n/);
  assert.match(received, /\r\nContent-Length: 17\r\n/);
  assert.match(received, /\r\nCache-Control: no-store\r\n/);
  assert.ok(Buffer.from(received, "latin1").toString().endsWith("\r\n\r\nnot found: grün\n"));
});

test("sendText answers HEAD with its headers alone", async (t) => {
  const received = await ask(t, "HEAD");
  assert.match(received, /\r\nContent-Length: 17\r\n/);
  assert.ok(received.endsWith("\r\n\r\n"));
});
