import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { PageFetch } from "./page-fetch.ts";

const never = new AbortController().signal;
const anywhere = { isPrivate: true, isInsecure: true };
const outside = { isPrivate: false, isInsecure: true };

async function serve(answer: RequestListener): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function pageFetch(addresses: readonly string[] = [], timeoutMs = 10_000): PageFetch {
  return new PageFetch({
    environment: {},
    lookupAddresses: async () => addresses,
    credentials: async () => ({ login: "u", password: "p", from: "the test" }),
    timeoutMs,
  });
}

describe("PageFetch", () => {
  it("gives pages whatever their status, with the login of the host", async () => {
    await using server = await serve((request, response) => {
      response.writeHead(404).end(`${request.url} ${request.headers.authorization}`);
    });
    const page = await pageFetch().get(new URL(`${server.url}/x?y`), anywhere, never);
    assert.deepEqual([page.status, page.text], [404, "/x?y Basic dTpw"]);
  });

  it("follows redirects, and says where they led", async () => {
    await using server = await serve((request, response) => {
      if (request.url === "/a") response.writeHead(302, { location: "/b" }).end("moved");
      else response.end("here");
    });
    const page = await pageFetch().get(new URL(`${server.url}/a`), anywhere, never);
    assert.deepEqual([page.url.pathname, page.text], ["/b", "here"]);
  });

  it("does not follow them in a circle", async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(302, { location: "/" }).end();
    });
    await assert.rejects(pageFetch().get(new URL(server.url), anywhere, never), {
      code: "upstream_unavailable",
    });
  });

  it("visits no private address, whether it is written or looked up", async () => {
    let visits = 0;
    await using server = await serve((_request, response) => {
      visits += 1;
      response.end();
    });
    const named = new URL(server.url.replace("127.0.0.1", "a.example"));
    await assert.rejects(pageFetch().get(new URL(server.url), outside, never), { code: "refused" });
    await assert.rejects(pageFetch(["127.0.0.1"]).get(named, outside, never), { code: "refused" });
    assert.equal(visits, 0);
  });

  it("goes without TLS only where it may", async () => {
    const reach = { isPrivate: true, isInsecure: false };
    await assert.rejects(pageFetch().get(new URL("http://127.0.0.1:1/"), reach, never), {
      code: "refused",
    });
  });

  it("tells an outage and a deadline apart", async () => {
    await using closed = await serve(() => undefined);
    const { url } = closed;
    await assert.rejects(pageFetch([], 50).get(new URL(url), anywhere, never), {
      code: "timed_out",
    });
    await closed[Symbol.asyncDispose]();
    await assert.rejects(pageFetch().get(new URL(url), anywhere, never), {
      code: "upstream_unavailable",
      message: /refuses connections/,
    });
  });

  it("reads no more than the beginning of a page without end", async () => {
    await using server = await serve((_request, response) => {
      const more = (): void => {
        while (response.write("x".repeat(65_536)));
        response.once("drain", more);
      };
      more();
    });
    const page = await pageFetch().get(new URL(server.url), anywhere, never);
    assert.ok(page.text.length >= 2 ** 20 && page.text.length < 2 ** 22);
  });
});
