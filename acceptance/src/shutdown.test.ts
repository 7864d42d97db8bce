// How a running Stoa ends, on everything that it can listen on: new clients are turned away, running answers finished.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect, type NetConnectOpts } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { loopbackCertificate } from "@stoa/serving/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import type { StoaProcess } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { tlsFiles } from "./testing/tls-files.ts";

interface Answered {
  readonly status: number;
  readonly body: Buffer;
}

/** A way to reach Stoa. */
interface Way {
  readonly name: string;
  readonly env: (folder: string) => Promise<Record<string, string>>;
  readonly get: (stoa: StoaProcess, path: string) => Promise<Answered>;
  /** Opens a connection as a new client would; rejects if it is refused. */
  readonly connect: (stoa: StoaProcess) => Promise<void>;
}

const prefix = "/go";
const { cert: ca } = loopbackCertificate;

const ways: readonly Way[] = [
  {
    name: "a port",
    env: async () => ({}),
    get: ({ url }, path) => ask(`${new URL(url).origin}${path}`),
    connect: connectToPort,
  },
  {
    name: "a port with TLS and HTTP/1.1",
    env: certificate,
    get: ({ url }, path) =>
      exchanged((done) =>
        httpsRequest(`${new URL(url).origin}${path}`, { ca, agent: false }, done),
      ),
    connect: connectToPort,
  },
  {
    name: "a port with TLS and HTTP/2",
    env: certificate,
    get: getByHttp2,
    connect: connectToPort,
  },
  {
    name: "a unix socket",
    env: async (folder) => ({ ATHENS_UNIX_SOCKET: join(folder, "stoa.sock") }),
    get: ({ url: socketPath }, path) =>
      exchanged((done) => httpRequest({ socketPath, path, agent: false }, done)),
    connect: ({ url }) => connected({ path: url }),
  },
];

for (const way of ways) {
  test(`after SIGTERM what runs on ${way.name} is finished, nobody else is let in, and the end is 0`, async () => {
    await using folder = await temporaryFolder();
    const small = await smallModule("example.com/small", "v1.0.0");
    const env = await way.env(folder.path);
    await using scene = await proxiedModules([small], { env, prefix });
    const { stoa, upstream } = scene;
    assert.equal((await way.get(stoa, `${prefix}/healthz`)).status, 200);
    const held = Promise.withResolvers<void>();
    upstream.fail(/\.zip$/, { until: held.promise });
    const running = way.get(stoa, `${prefix}${filePath(small, "zip")}`);
    await upstream.requested(/\.zip$/);
    stoa.signal("SIGTERM");
    await until("the drain", () => stoa.output().includes("stopping"));
    await until("new clients to be refused", () =>
      way.connect(stoa).then(
        () => false,
        () => true,
      ),
    );
    held.resolve();
    const { status, body } = await running;
    assert.equal(status, 200);
    assert.ok(body.equals(Buffer.from(small.zip)));
    assert.deepEqual(await stoa.ended, { code: 0, signal: null });
  });
}

test("what runs longer than ShutdownTimeout is cut, and the end is 0 all the same", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  const env = { ATHENS_SHUTDOWN_TIMEOUT: "1" };
  await using scene = await proxiedModules([small], { env });
  scene.upstream.fail(/./, { hang: true });
  const running = ask(`${scene.stoa.url}${filePath(small, "zip")}`);
  const cut = assert.rejects(running, { code: "ECONNRESET" });
  await scene.upstream.requested(/\.zip$/);
  assert.deepEqual(await scene.stoa.stop(), { code: 0, signal: null });
  await cut;
});

async function certificate(folder: string): Promise<Record<string, string>> {
  const { cert, key } = await tlsFiles(folder);
  return { ATHENS_TLSCERT_FILE: cert, ATHENS_TLSKEY_FILE: key };
}

function exchanged(
  begin: (done: (response: IncomingMessage) => void) => ClientRequest,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = begin((response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

async function getByHttp2({ url }: StoaProcess, path: string): Promise<Answered> {
  const session = connectHttp2(new URL(url).origin, { ca });
  try {
    const stream = session.request({ ":path": path });
    const [headers] = await once(stream, "response");
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return { status: Number(headers[":status"]), body: Buffer.concat(chunks) };
  } finally {
    session.close();
  }
}

function connectToPort({ url }: StoaProcess): Promise<void> {
  const { hostname, port } = new URL(url);
  return connected({ host: hostname, port: Number(port) });
}

async function connected(where: NetConnectOpts): Promise<void> {
  const socket = connect(where);
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
