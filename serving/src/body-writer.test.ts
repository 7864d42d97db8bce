// Tests of body-writer.ts, over real sockets.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { BodyWriter } from "./body-writer.ts";
import { RawClient } from "./testing/raw-client.ts";
import { serve } from "./testing/serve.ts";

const moreThanSocketsHold = Buffer.alloc(64 << 20);

test("BodyWriter limits the time in which nothing is taken, and only that", async (t) => {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>();
  const { port } = await serve(t, (_request, response) => resolve(response));
  const client = await RawClient.connect(t, port);
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const response = await promise;
  const { socket } = response;
  const body = new BodyWriter(response);
  assert.equal(await body.write(Buffer.from("first")), true);
  assert.equal(socket?.timeout, 0, "a limit runs although nothing waits to be taken");
  const stuck = body.write(moreThanSocketsHold);
  assert.ok((socket?.timeout ?? 0) > 0, "no limit runs although bytes wait to be taken");
  socket?.emit("timeout");
  assert.equal(await stuck, false);
  assert.equal(body.isClosed, true);
  assert.equal(body.sentBytes, "first".length);
  assert.equal(await body.write(Buffer.from("more")), false);
  assert.equal(await body.end(), false);
});

test("BodyWriter reports a client that leaves, once, and not one that got everything", async (t) => {
  const left: string[] = [];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const { port } = await serve(t, ({ url = "" }, response) => {
    const body = new BodyWriter(response, () => left.push(url));
    response.once("close", resolve);
    void body.write(Buffer.from("begun")).then(() => url === "/whole" && body.end());
  });
  const satisfied = await RawClient.connect(t, port);
  satisfied.send("GET /whole HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await satisfied.untilClosed();
  const leaving = await RawClient.connect(t, port);
  leaving.send("GET /left HTTP/1.1\r\nHost: a\r\n\r\n");
  await leaving.receive(/begun/);
  leaving.socket.destroy();
  await over;
  const last = await RawClient.connect(t, port);
  last.send("GET /whole HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await last.untilClosed();
  assert.deepEqual(left, ["/left"]);
});
