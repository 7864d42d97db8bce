// The way to an upstream: attempts, deadlines, queues, redirects, credentials, TLS and HTTP proxies, over real sockets.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { loopbackCertificate } from "@stoa/serving/testing";
import { ProxyFailure, type ProxyFailureCode } from "../../domain/proxy-failure.ts";
import { fixtureProxy } from "../../testing/fixture-proxy.ts";
import { impatientClient } from "../../testing/impatient-client.ts";
import { GoproxyClient } from "./goproxy-client.ts";

const never = new AbortController().signal;
const path = parseModulePath("example.com/m");
const v1 = { path, version: parseVersion("v1.0.0") };
const v2 = { path, version: parseVersion("v1.2.0") };
const fixtures: ModuleFixture[] = [];

before(async () => {
  for (const { version } of [v1, v2]) {
    fixtures.push(await moduleFixture(`module ${path}@${version}\n-- go.mod --\nmodule ${path}\n`));
  }
  const { cert } = loopbackCertificate;
  setDefaultCACertificates([...getCACertificates("default"), cert]);
});

function failsWith(code: ProxyFailureCode, message?: RegExp): (failure: unknown) => boolean {
  return (failure) => {
    assert.ok(failure instanceof ProxyFailure, String(failure));
    assert.equal(failure.code, code, failure.message);
    if (message !== undefined) assert.match(failure.message, message);
    return true;
  };
}

function loginIn(headers: IncomingHttpHeaders | undefined): string | undefined {
  const header = headers?.authorization;
  return header && Buffer.from(header.replace("Basic ", ""), "base64").toString();
}

test("a text that is no http URL is refused, and not repeated", async () => {
  await using client = impatientClient();
  for (const text of ["secret", "ftp://user:secret@a.example", "http://user:secret@"]) {
    assert.throws(
      () => client.upstream(text),
      (failure) => failure instanceof Error && !JSON.stringify(failure, null).includes("secret"),
    );
  }
});

describe("attempts", () => {
  for (const fault of [
    { status: 502 },
    { status: 503 },
    { status: 504 },
    { status: 429 },
    { reset: true },
    { cutAfter: 3 },
  ] as const) {
    test(`${JSON.stringify(fault)} is tried again`, async () => {
      await using proxy = await fixtureProxy(fixtures);
      await using client = impatientClient();
      proxy.fail("", { ...fault, times: 2 });
      const mod = await client.upstream(proxy.url).mod(v1, never);
      assert.deepEqual(Buffer.from(mod), fixtures[0]?.mod);
      assert.equal(proxy.requests.length, 3);
    });
  }

  for (const [status, code] of [
    [404, "not_found"],
    [410, "not_found"],
    [401, "upstream_unavailable"],
    [403, "refused"],
    [500, "upstream_unavailable"],
    [508, "loop"],
  ] as const) {
    test(`${status} is not tried again`, async () => {
      await using proxy = await fixtureProxy(fixtures);
      await using client = impatientClient();
      proxy.fail("", { status, body: "because of this\nand that" });
      const asked = client.upstream(proxy.url).mod(v1, never);
      await assert.rejects(asked, failsWith(code, /says: because of this(;|$)/));
      assert.equal(proxy.requests.length, 1);
    });
  }

  test("an outage that lasts is no absence", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient();
    proxy.fail("", { status: 503, body: "maintenance" });
    const asked = client.upstream(proxy.url).zip(v1, never);
    await assert.rejects(asked, failsWith("upstream_unavailable", /maintenance/));
    assert.equal(proxy.requests.length, 4);
  });

  test("a host that refuses connections is unavailable", async () => {
    const proxy = await fixtureProxy(fixtures);
    await proxy.close();
    await using client = impatientClient();
    const asked = client.upstream(proxy.url).mod(v1, never);
    await assert.rejects(asked, failsWith("upstream_unavailable", /refuses connections/));
  });

  test("an answer that is no HTTP is an upstream's failure", async (t) => {
    const server = createServer((socket) => socket.end("SSH-2.0-nonsense\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    await using client = impatientClient();
    const { port } = server.address() as AddressInfo;
    const asked = client.upstream(`http://127.0.0.1:${port}`).mod(v1, never);
    await assert.rejects(asked, failsWith("upstream_unavailable"));
  });

  test("the mirror's own time limit is a time-out, not an absence", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient();
    proxy.fail("", { status: 404, body: "not found: example.com/m@v1.0.0: fetch timed out" });
    const asked = client.upstream(proxy.url).mod(v1, never);
    await assert.rejects(asked, failsWith("timed_out", /fetch timed out/));
  });

  test("a compressed refusal is readable", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient();
    const gone = { path, version: parseVersion("v9.9.9+incompatible") };
    proxy.fail("", { coding: "gzip" });
    const asked = client.upstream(proxy.url).mod(gone, never);
    await assert.rejects(asked, failsWith("not_found", /unknown revision v9\.9\.9/));
  });
});

describe("deadlines", () => {
  test("a host that never begins to answer is too slow", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient({ firstByteMs: 300 });
    proxy.fail("", { hang: true });
    const asked = client.upstream(proxy.url).mod(v1, never);
    await assert.rejects(asked, failsWith("timed_out", /did not begin to answer within 0\.3 s/));
    assert.equal(proxy.requests.length, 1);
  });

  test("an answer that stands still is too slow", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient({ progressMs: 20 });
    proxy.fail("", { drip: { bytes: 1, everyMs: 2 ** 30 } });
    const asked = client.upstream(proxy.url).mod(v1, never);
    await assert.rejects(asked, failsWith("timed_out", /stood still for 0\.02 s/));
  });

  test("a connection that is never accepted is too slow", async (t) => {
    // A TLS handshake that nobody answers.
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    const retries = { attempts: 1, firstPauseMs: 0, longestPauseMs: 0, withinMs: 0 };
    await using client = impatientClient({ connectMs: 300, retries });
    const { port } = server.address() as AddressInfo;
    const asked = client.upstream(`https://127.0.0.1:${port}`).mod(v1, never);
    await assert.rejects(asked, failsWith("timed_out", /accept a connection within 0\.3 s/));
    assert.equal(sockets.length, 1);
  });

  test("all attempts together have a deadline", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient({ timeoutMs: 50 });
    proxy.fail("", { hang: true });
    const asked = client.upstream(proxy.url).mod(v1, never);
    await assert.rejects(asked, failsWith("timed_out", /within 0\.05 s in all/));
  });

  test("who is aborted leaves at once with his own reason, and the upstream is told", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient();
    proxy.fail("", { hang: true });
    const leaving = new AbortController();
    const asked = client.upstream(proxy.url).mod(v1, leaving.signal);
    const { ended } = await proxy.requested(".mod");
    const reason = new Error("the client has left");
    leaving.abort(reason);
    await assert.rejects(asked, reason);
    assert.equal(await ended, "broken");
  });

  test("a client that is disposed of breaks off what is under way", async () => {
    await using proxy = await fixtureProxy(fixtures);
    const client = impatientClient();
    proxy.fail("", { hang: true });
    const upstream = client.upstream(proxy.url);
    const asked = upstream.mod(v1, never);
    const refused = assert.rejects(asked, failsWith("upstream_unavailable", /stopping/));
    await proxy.requested(".mod");
    await client[Symbol.asyncDispose]();
    await refused;
    await assert.rejects(upstream.mod(v1, never), failsWith("upstream_unavailable", /stopping/));
  });
});

describe("the queue", () => {
  test("more requests than connections wait, and all are answered", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient({ connections: 3 });
    const upstream = client.upstream(proxy.url);
    const asked = Array.from({ length: 60 }, () => upstream.mod(v1, never));
    assert.equal((await Promise.all(asked)).length, 60);
    assert.ok(proxy.connections <= 3, `${proxy.connections} connections`);
  });

  test("one connection serves many requests, after refusals and redirects too", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient({ connections: 1 });
    const upstream = client.upstream(proxy.url);
    proxy.fail("v1.0.0.mod", { redirectTo: proxy.url, times: 1 });
    proxy.fail("v1.2.0.mod", { status: 404, body: "none" });
    await upstream.mod(v1, never);
    await assert.rejects(upstream.mod(v2, never));
    await upstream.list(path, never);
    assert.equal(proxy.requests.length, 4);
    assert.equal(proxy.connections, 1);
  });

  test("a full queue is overloaded, and small files do not wait for zips", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient({ connections: 1, queue: 1 });
    const upstream = client.upstream(proxy.url);
    proxy.fail(".zip", { hang: true });
    const leaving = new AbortController();
    const hanging = upstream.zip(v1, leaving.signal);
    await proxy.requested(".zip");
    const waiting = upstream.zip(v2, leaving.signal);
    await assert.rejects(upstream.zip(v2, never), failsWith("overloaded"));
    await upstream.mod(v1, never);
    leaving.abort();
    await assert.rejects(hanging, { name: "AbortError" });
    await assert.rejects(waiting, { name: "AbortError" });
    assert.equal(proxy.requests.filter((request) => request.path.endsWith(".zip")).length, 1);
    proxy.heal();
    const { body } = await upstream.zip(v1, never);
    assert.equal(
      Buffer.concat(await Array.fromAsync(body, (chunk) => Buffer.from(chunk))).length,
      fixtures[0]?.zip.length,
    );
  });

  test("a zip holds its place until it is read or returned", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient({ connections: 1, queue: 0 });
    const upstream = client.upstream(proxy.url);
    const unread = await upstream.zip(v1, never);
    await assert.rejects(upstream.zip(v2, never), failsWith("overloaded"));
    await unread.body[Symbol.asyncIterator]().return?.();
    const read = await upstream.zip(v2, never);
    await Array.fromAsync(read.body);
    await (await upstream.zip(v1, never)).body[Symbol.asyncIterator]().return?.();
  });
});

describe("redirects", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    test(`${status} to another host is followed, and its target is what counts`, async () => {
      await using storage = await fixtureProxy(fixtures);
      await using proxy = await fixtureProxy();
      await using client = impatientClient();
      const location = `${storage.url}/example.com/m/@v/v1.0.0.zip?signature=1%2B2`;
      proxy.fail(".zip", { location, status });
      storage.fail("?signature=1+2", { status: 200, body: "the zip" });
      const { body, from } = await client.upstream(proxy.url).zip(v1, never);
      assert.equal(
        Buffer.concat(await Array.fromAsync(body, (chunk) => Buffer.from(chunk))).toString(),
        "the zip",
      );
      assert.equal(from, new URL(proxy.url).host);
    });
  }

  test("credentials of the URL do not go to another host", async () => {
    await using storage = await fixtureProxy(fixtures);
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient();
    proxy.fail("", { redirectTo: storage.url });
    const upstream = client.upstream(proxy.url.replace("//", "//me:secret@"));
    await upstream.mod(v1, never);
    assert.equal(loginIn(proxy.requests[0]?.headers), "me:secret");
    assert.equal(storage.requests[0]?.headers.authorization, undefined);
    assert.equal(upstream.name.includes("secret"), false);
  });

  test("another host gets what .netrc has for it", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "stoa-client-"));
    t.after(() => rm(folder, { recursive: true }));
    await using storage = await fixtureProxy(fixtures);
    await using proxy = await fixtureProxy(fixtures);
    const netrcPath = join(folder, "netrc");
    const [first, second] = [new URL(proxy.url).host, new URL(storage.url).host];
    await writeFile(
      netrcPath,
      `machine ${first} login a password b\nmachine ${second} login c password d\n`,
    );
    await using client = impatientClient({ netrcPath });
    proxy.fail("", { redirectTo: storage.url });
    await client.upstream(proxy.url).mod(v1, never);
    assert.equal(loginIn(proxy.requests[0]?.headers), "a:b");
    assert.equal(loginIn(storage.requests[0]?.headers), "c:d");
  });

  test("a named .netrc that cannot be read is an outage with a sentence", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient({ netrcPath: "/nowhere/netrc" });
    const asked = client.upstream(proxy.url).mod(v1, never);
    await assert.rejects(asked, failsWith("upstream_unavailable", /\/nowhere\/netrc/));
  });

  test("no message holds the credentials", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient();
    const upstream = client.upstream(proxy.url.replace("//", "//me:secret@"));
    for (const fault of [
      { status: 500 },
      { status: 401 },
      { reset: true },
      { status: 200, body: "<" },
      { location: "ftp://x" },
    ] as const) {
      proxy.heal();
      proxy.fail("", fault);
      await assert.rejects(upstream.mod(v1, never), (failure: Error) => {
        assert.equal(failure.message.includes("secret"), false);
        return true;
      });
    }
  });

  test("ten redirects are followed, eleven are not", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using client = impatientClient();
    const upstream = client.upstream(proxy.url);
    proxy.fail("", { redirectTo: proxy.url, times: 10 });
    await upstream.mod(v1, never);
    proxy.fail("", { redirectTo: proxy.url, times: 11 });
    await assert.rejects(upstream.mod(v1, never), failsWith("upstream_unavailable", /circle/));
    assert.equal(proxy.requests.length, 22);
  });

  for (const [what, location] of [
    ["nowhere", ""],
    ["no URL", "http://[/"],
    ["a file", "file:///etc/passwd"],
  ] as const) {
    test(`a redirect to ${what} is an upstream's failure`, async () => {
      await using proxy = await fixtureProxy(fixtures);
      await using client = impatientClient({ timeoutMs: 60_000 });
      proxy.fail("", location === "" ? { status: 302 } : { location });
      const asked = client.upstream(proxy.url).mod(v1, never);
      await assert.rejects(asked, failsWith("upstream_unavailable"));
    });
  }

  test("https does not lead to plain http", async () => {
    await using storage = await fixtureProxy(fixtures);
    await using proxy = await fixtureProxy(fixtures, { tls: loopbackCertificate });
    await using client = impatientClient();
    proxy.fail("", { redirectTo: storage.url });
    const asked = client.upstream(proxy.url).mod(v1, never);
    await assert.rejects(asked, failsWith("upstream_unavailable", /from https to plain http/));
    assert.equal(storage.requests.length, 0);
  });
});

describe("over TLS", () => {
  test("small files share one connection, zips have their own", async () => {
    await using proxy = await fixtureProxy(fixtures, { tls: loopbackCertificate });
    await using client = impatientClient();
    const upstream = client.upstream(proxy.url);
    const zips = [await upstream.zip(v1, never), await upstream.zip(v2, never)];
    assert.equal(proxy.connections, 2);
    await upstream.list(path, never);
    await Promise.all(Array.from({ length: 8 }, () => upstream.mod(v1, never)));
    assert.equal(proxy.connections, 3);
    for (const [i, { body }] of zips.entries()) {
      assert.deepEqual(
        Buffer.concat(await Array.fromAsync(body, (chunk) => Buffer.from(chunk))),
        fixtures[i]?.zip,
      );
    }
  });

  test("who is aborted does not disturb the others on the same connection", async () => {
    await using proxy = await fixtureProxy(fixtures, { tls: loopbackCertificate });
    await using client = impatientClient();
    const upstream = client.upstream(proxy.url);
    proxy.fail("v1.0.0.mod", { hang: true });
    const leaving = new AbortController();
    const asked = upstream.mod(v1, leaving.signal);
    await proxy.requested("v1.0.0.mod");
    leaving.abort();
    await assert.rejects(asked, { name: "AbortError" });
    assert.deepEqual(Buffer.from(await upstream.mod(v2, never)), fixtures[1]?.mod);
    assert.equal(proxy.connections, 1);
  });

  for (const fault of [{ reset: true }, { cutAfter: 3 }] as const) {
    test(`${JSON.stringify(fault)} is tried again`, async () => {
      await using proxy = await fixtureProxy(fixtures, { tls: loopbackCertificate });
      await using client = impatientClient();
      proxy.fail("", { ...fault, times: 1 });
      const mod = await client.upstream(proxy.url).mod(v1, never);
      assert.deepEqual(Buffer.from(mod), fixtures[0]?.mod);
    });
  }

  test("the deadlines count", async () => {
    await using proxy = await fixtureProxy(fixtures, { tls: loopbackCertificate });
    await using client = impatientClient({ firstByteMs: 20 });
    proxy.fail("", { hang: true });
    const asked = client.upstream(proxy.url).mod(v1, never);
    await assert.rejects(asked, failsWith("timed_out", /did not begin/));
  });

  test("a certificate that nobody vouches for is refused at once, with advice", async () => {
    setDefaultCACertificates([]);
    try {
      await using proxy = await fixtureProxy(fixtures, { tls: loopbackCertificate });
      await using client = impatientClient();
      const asked = client.upstream(proxy.url).mod(v1, never);
      await assert.rejects(asked, failsWith("upstream_unavailable", /SSL_CERT_FILE/));
      assert.equal(proxy.connections, 1);
    } finally {
      setDefaultCACertificates([...getCACertificates("bundled"), loopbackCertificate.cert]);
    }
  });
});

test("the hops of the request and the own id are sent along, over redirects too", async () => {
  await using storage = await fixtureProxy(fixtures);
  await using proxy = await fixtureProxy(fixtures);
  let hops: readonly string[] = ["a", "b"];
  await using client = impatientClient({ ownHop: "c", hops: () => hops });
  const upstream = client.upstream(proxy.url);
  proxy.fail(".zip", { redirectTo: storage.url });
  const asked = upstream.zip(v1, never);
  hops = [];
  await (await asked).body[Symbol.asyncIterator]().return?.();
  await upstream.mod(v1, never);
  assert.equal(proxy.requests[0]?.headers["stoa-hops"], "a, b, c");
  assert.equal(storage.requests[0]?.headers["stoa-hops"], "a, b, c");
  assert.equal(proxy.requests[1]?.headers["stoa-hops"], "c");
});

describe("through an HTTP proxy", () => {
  /** Notes what it is asked for; makes tunnels, and forwards plain requests. */
  async function outboundProxy(): Promise<{ url: string; asked: string[] } & AsyncDisposable> {
    const asked: string[] = [];
    const sockets = new Set<Socket>();
    const server = createHttpServer((request, response) => {
      asked.push(`${request.method} ${new URL(request.url ?? "").pathname}`);
      fetch(request.url ?? "")
        .then(async (answer) => response.end(await answer.bytes()))
        .catch(() => response.destroy());
    });
    server.on("connection", (socket) => sockets.add(socket));
    server.on("connect", (request, client: Socket) => {
      asked.push(`CONNECT ${request.url}`);
      const { port } = new URL(`http://${request.url}`);
      const target = connect(Number(port), "127.0.0.1", () =>
        client.write("HTTP/1.1 200 OK\r\n\r\n"),
      );
      sockets.add(target);
      target.pipe(client).pipe(target);
      for (const socket of [client, target]) socket.on("error", () => undefined);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      asked,
      async [Symbol.asyncDispose]() {
        server.close();
        for (const socket of sockets) socket.destroy();
      },
    };
  }

  // 127.0.0.1 goes past every proxy; this is the same host under a name that does not.
  const named = (url: string): string => url.replace("127.0.0.1", "[::ffff:127.0.0.1]");

  test("plain requests are handed to it", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using outbound = await outboundProxy();
    await using client = impatientClient({ proxies: { http: outbound.url } });
    await client.upstream(named(proxy.url)).mod(v1, never);
    assert.deepEqual(outbound.asked, ["GET /example.com/m/@v/v1.0.0.mod"]);
  });

  test("https goes through a tunnel", async () => {
    await using proxy = await fixtureProxy(fixtures, { tls: loopbackCertificate });
    await using outbound = await outboundProxy();
    await using client = impatientClient({ proxies: { https: outbound.url } });
    const upstream = client.upstream(named(proxy.url));
    assert.deepEqual(Buffer.from(await upstream.mod(v1, never)), fixtures[0]?.mod);
    await (await upstream.zip(v1, never)).body[Symbol.asyncIterator]().return?.();
    const tunnel = `CONNECT ${new URL(named(proxy.url)).host}`;
    assert.deepEqual(outbound.asked, [tunnel, tunnel]);
  });

  test("exceptions and loopback go past it, and each scheme has its own", async () => {
    await using proxy = await fixtureProxy(fixtures);
    await using outbound = await outboundProxy();
    const through = async (proxies: object, url: string): Promise<void> => {
      await using client = impatientClient({ proxies });
      await client.upstream(url).mod(v1, never);
    };
    await through({ http: outbound.url }, proxy.url);
    await through({ https: outbound.url }, named(proxy.url));
    await through(
      { http: outbound.url, exceptions: "a.example,[::ffff:7f00:1]" },
      named(proxy.url),
    );
    assert.deepEqual(outbound.asked, []);
  });
});

test("nothing is opened before something is asked", async () => {
  await using proxy = await fixtureProxy(fixtures);
  await using client = new GoproxyClient({
    ownHop: "own",
    hops: () => [],
    netrcPath: "/nowhere/netrc",
    proxies: {},
    connections: 1,
    queue: 1,
    timeoutMs: 1000,
    connectMs: 1000,
    firstByteMs: 1000,
    progressMs: 1000,
  });
  client.upstream(proxy.url);
  assert.equal(proxy.connections, 0);
});
