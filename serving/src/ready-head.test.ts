// Tests of ready-head.ts, over real sockets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readyHead, sendReadyHead } from "./ready-head.ts";
import { exchange } from "./testing/raw-client.ts";
import { serve } from "./testing/serve.ts";

const headers = ["Content-Type", "text/plain", "ETag", '"é"', "Content-Length", "4"];
const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

test("sendReadyHead sends what writeHead would, less its words about staying connected", async (t) => {
  const { port } = await serve(t, (request, response) => {
    if (request.url === "/ready") sendReadyHead(request, response, readyHead(headers));
    else response.writeHead(200, headers);
    response.end("body", "latin1");
  });
  const two = (path: string) => exchange(t, port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n${last}`);
  const lines = (answers: string) =>
    answers
      .replace(/^Date: .* GMT\r\n/gm, "Date\r\n")
      .replace("Connection: keep-alive\r\n", "")
      .replace(/^Keep-Alive: .*\r\n/m, "");
  assert.equal(lines(await two("/ready")), lines(await two("/written")));
  assert.match(await two("/ready"), /^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r$/m);
});

for (const [name, request, expected] of [
  ["closes", last, /^Connection: close\r$/m],
  ["is old", "GET / HTTP/1.0\r\n\r\n", /^Connection: close\r$/m],
] as const) {
  test(`sendReadyHead leaves it to Node when the connection ${name}`, async (t) => {
    const { port } = await serve(t, (incoming, response) => {
      sendReadyHead(incoming, response, readyHead(headers));
      response.end("body");
    });
    assert.match(await exchange(t, port, request), expected);
  });
}

test("sendReadyHead keeps headers that were set before", async (t) => {
  const { port } = await serve(t, (incoming, response) => {
    response.setHeader("X-Before", "1");
    sendReadyHead(incoming, response, readyHead(headers));
    response.end("body");
  });
  assert.match(await exchange(t, port, last), /^X-Before: 1\r$/m);
});

test("sendReadyHead adds the headers of one answer, and never more than headers", async (t) => {
  const { port } = await serve(t, (incoming, response) => {
    const more = incoming.url === "/evil" ? ["X-A", "1\r\nX-B: 2"] : ["X-A", "1"];
    try {
      sendReadyHead(incoming, response, readyHead(headers), more);
      response.end("body");
    } catch (failure) {
      response.end((failure as NodeJS.ErrnoException).code);
    }
  });
  const answers = await exchange(t, port, `GET / HTTP/1.1\r\nHost: a\r\n\r\n${last}`);
  assert.equal(answers.match(/^X-A: 1\r$/gm)?.length, 2);
  assert.equal(answers.match(/^ETag: /gm)?.length, 2);
  const evil = await exchange(t, port, `GET /evil HTTP/1.1\r\nHost: a\r\n\r\n${last}`);
  assert.doesNotMatch(evil, /X-B/);
});

for (const [name, value] of [
  ["a b", "1"],
  ["a", "1\r\nb: 2"],
  ["a", "\u0100"],
  ["", "1"],
] as const) {
  test(`readyHead refuses ${JSON.stringify(`${name}: ${value}`)}`, () => {
    assert.throws(() => readyHead([name, value]), /no header/);
  });
}
