// What every endpoint answers to every kind of request, at the root and under a path prefix.
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { fixturesFrom, type ModuleFixture } from "@stoa/gomod/testing";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
import { entriesBelow } from "./testing/live-folder.ts";
import {
  filePath,
  largeModule,
  type ProxiedModules,
  proxiedModules,
  smallModule,
} from "./testing/proxied-modules.ts";
import { rawExchange, statusesIn } from "./testing/raw-exchange.ts";
import { assertRefusal } from "./testing/refusal.ts";

const immutable = "public, max-age=31536000, immutable";

for (const prefix of ["", "/go/modules"]) {
  describe(`the endpoints ${prefix === "" ? "at the root" : `under ${prefix}`}`, () => {
    let scene: ProxiedModules;
    let base: string;
    let small: ModuleFixture;
    let newer: ModuleFixture;
    let large: ModuleFixture;
    let old: ModuleFixture;
    let loud: ModuleFixture;

    before(async () => {
      small = await smallModule("example.com/small", "v1.0.0");
      newer = await smallModule("example.com/small", "v1.1.0");
      large = await largeModule("example.com/large", "v1.0.0", 300_000);
      loud = await smallModule("example.com/LOUD", "v1.0.0-RC1");
      [old] = (await fixturesFrom([
        "module example.com/old@v2.0.0+incompatible\n-- old.go --\npackage old\n",
      ])) as [ModuleFixture];
      const options = prefix === "" ? {} : { prefix };
      scene = await proxiedModules([small, newer, large, old, loud], options);
      base = scene.stoa.url;
      assert.ok(base.endsWith(prefix));
    });
    after(() => scene[Symbol.asyncDispose]());

    const files = [
      ["info", "application/json; charset=utf-8"],
      ["mod", "text/plain; charset=utf-8"],
      ["zip", "application/zip"],
    ] as const;
    for (const [kind, contentType] of files) {
      describe(`.${kind}`, () => {
        let url: string;
        let content: Buffer;
        let miss: HttpAnswer;

        before(async () => {
          url = `${base}${filePath(large, kind)}`;
          content = Buffer.from(large[kind]);
          miss = await ask(url);
        });

        test("is the upstream's bytes, when it is fetched and when it is kept", async () => {
          const hit = await ask(url);
          for (const answer of [miss, hit]) {
            assert.equal(answer.status, 200);
            assert.ok(answer.whole);
            assert.ok(answer.body.equals(content));
            assert.equal(answer.headers["content-type"], contentType);
            assert.equal(answer.headers["content-length"], `${content.length}`);
            assert.equal(answer.headers["cache-control"], immutable);
            assert.match(answer.headers.etag ?? "", /^"[^"]+"$/);
          }
          assert.equal(hit.headers.etag, miss.headers.etag);
        });

        test("answers HEAD with the head of GET", async () => {
          const [head, get] = [await ask(url, { method: "HEAD" }), await ask(url)];
          assert.equal(head.status, 200);
          assert.equal(head.body.length, 0);
          for (const name of ["content-type", "content-length", "cache-control", "etag"]) {
            assert.equal(head.headers[name], get.headers[name], name);
          }
        });

        test("answers If-None-Match with 304 when the client has it", async () => {
          const etag = miss.headers.etag ?? "";
          for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
            const answer = await ask(url, { headers: { "If-None-Match": tags } });
            assert.equal(answer.status, 304, tags);
            assert.equal(answer.body.length, 0);
            assert.equal(answer.headers.etag, etag);
          }
          const other = await ask(url, { headers: { "If-None-Match": '"other"' } });
          assert.equal(other.status, 200);
          assert.ok(other.body.equals(content));
        });

        test("answers a Range with just that part", async () => {
          const size = content.length;
          const parts: readonly (readonly [string, number, number])[] = [
            ["bytes=0-9", 0, 10],
            ["bytes=10-", 10, size],
            ["bytes=-7", size - 7, size],
            [`bytes=3-${size + 1000}`, 3, size],
          ];
          for (const [range, from, to] of parts) {
            const answer = await ask(url, { headers: { Range: range } });
            assert.equal(answer.status, 206, range);
            assert.equal(answer.headers["content-range"], `bytes ${from}-${to - 1}/${size}`);
            assert.equal(answer.headers["content-length"], `${to - from}`);
            assert.equal(answer.headers.etag, miss.headers.etag);
            assert.ok(answer.body.equals(content.subarray(from, to)), range);
          }
        });

        test("answers a Range that begins behind the end with 416 and the size", async () => {
          const answer = await ask(url, { headers: { Range: `bytes=${content.length}-` } });
          assert.equal(answer.status, 416);
          assert.equal(answer.headers["content-range"], `bytes */${content.length}`);
        });

        test("gives the rest only while If-Range holds", async () => {
          const range = { Range: "bytes=5-" };
          const etag = miss.headers.etag ?? "";
          const rest = await ask(url, { headers: { ...range, "If-Range": etag } });
          assert.equal(rest.status, 206);
          assert.ok(rest.body.equals(content.subarray(5)));
          for (const tag of ['"other"', `W/${etag}`]) {
            const whole = await ask(url, { headers: { ...range, "If-Range": tag } });
            assert.equal(whole.status, 200, tag);
            assert.ok(whole.body.equals(content));
          }
        });
      });
    }

    test("HEAD of a zip that is not kept tells its size", async () => {
      const answer = await ask(`${base}${filePath(small, "zip")}`, { method: "HEAD" });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-length"], `${small.zip.length}`);
    });

    test("a Range of a zip that is not kept is that part", async () => {
      const answer = await ask(`${base}${filePath(newer, "zip")}`, {
        headers: { Range: "bytes=4-19" },
      });
      assert.equal(answer.status, 206);
      assert.ok(answer.body.equals(Buffer.from(newer.zip).subarray(4, 20)));
    });

    const shortLived = [
      ["list", "/example.com/small/@v/list", "text/plain; charset=utf-8"],
      ["latest", "/example.com/small/@latest", "application/json; charset=utf-8"],
      ["a revision query", "/example.com/small/@v/main.info", "application/json; charset=utf-8"],
    ] as const;
    for (const [name, path, contentType] of shortLived) {
      test(`${name} is answered for a short, explicit time, to GET, HEAD and If-None-Match`, async () => {
        const body = Buffer.from(newer.info).toString();
        scene.upstream.fail("/example.com/small/@v/main.info", { status: 200, body });
        const get = await ask(`${base}${path}`);
        assert.equal(get.status, 200);
        assert.equal(get.headers["content-type"], contentType);
        assert.equal(get.headers["content-length"], `${get.body.length}`);
        const seconds = Number(/\bmax-age=(\d+)/.exec(get.headers["cache-control"] ?? "")?.[1]);
        assert.ok(seconds >= 0 && seconds <= 60, `Cache-Control: ${get.headers["cache-control"]}`);
        assert.doesNotMatch(get.headers["cache-control"] ?? "", /immutable/);
        const head = await ask(`${base}${path}`, { method: "HEAD" });
        assert.equal(head.status, 200);
        assert.equal(head.body.length, 0);
        assert.equal(head.headers["content-length"], `${get.body.length}`);
        const etag = get.headers.etag ?? "";
        assert.match(etag, /^"[^"]+"$/);
        const same = await ask(`${base}${path}`, { headers: { "If-None-Match": etag } });
        assert.equal(same.status, 304);
      });
    }

    test("list has one version a line, and latest is the highest", async () => {
      assert.equal((await ask(`${base}/example.com/small/@v/list`)).text, "v1.0.0\nv1.1.0\n");
      const latest = JSON.parse((await ask(`${base}/example.com/small/@latest`)).text) as object;
      assert.equal((latest as { Version?: string }).Version, "v1.1.0");
    });

    test("an absence is told for ten seconds", async () => {
      for (const path of ["/example.com/nobody/@v/list", "/example.com/small/@v/v7.0.0.info"]) {
        const answer = await ask(`${base}${path}`);
        assertRefusal(answer, [404], /^not found: example\.com/);
        assert.match(answer.headers["cache-control"] ?? "", /\bmax-age=(10|9)\b/);
      }
    });

    test("the path is percent-decoded once", async () => {
      const same = [
        ["/example.com/!l!o!u!d/@v/v1.0.0-!r!c1.mod", loud],
        ["/example.com/%21l%21o%21u%21d/@v/v1.0.0-%21r%21c1.mod", loud],
        ["/e%78ample.com/%73mall/%40v/v1.0.0%2Emod", small],
        ["/example.com/old/@v/v2.0.0+incompatible.mod", old],
        ["/example.com/old/@v/v2.0.0%2Bincompatible.mod", old],
        ["/example.com/old/@v/v2.0.0%2bincompatible.mod", old],
      ] as const;
      for (const [path, fixture] of same) {
        const answer = await ask(`${base}${path}`);
        assert.equal(answer.status, 200, path);
        assert.ok(answer.body.equals(Buffer.from(fixture.mod)), path);
      }
      for (const path of [
        "/example.com/%2521l%2521o%2521u%2521d/@v/v1.0.0-%2521r%2521c1.mod",
        "/e%2578ample.com/small/@v/v1.0.0.mod",
        "/example.com/old/@v/v2.0.0%20incompatible.mod",
        "/example.com/old/@v/v2.0.0%252Bincompatible.mod",
      ]) {
        assertRefusal(await ask(`${base}${path}`), [400, 404]);
      }
    });

    const malformed: readonly (readonly [path: string, ...statuses: number[]])[] = [
      ["/example.com/../../etc/passwd/@v/list", 400, 404],
      ["/example.com/%2e%2e/%2e%2e/etc/@v/list", 400, 404],
      ["/example.com/..%2f..%2fetc/@v/list", 400, 404],
      ["/example.com//small/@v/list", 400, 404],
      ["/example.com/small//@v/list", 400, 404],
      ["/example.com/small/./@v/list", 400, 404],
      ["/example.com/sm\\all/@v/list", 400, 404],
      ["/example.com/sm%5call/@v/list", 400, 404],
      ["/example.com/small%00/@v/list", 400, 404],
      ["/example.com/small%0a/@v/list", 400, 404],
      ["/example.com/small%zz/@v/list", 400],
      ["/example.com/small%/@v/list", 400],
      ["/example.com/small%c3%28/@v/list", 400],
      ["/example.com/Small/@v/list", 400, 404],
      ["/example.com/!Small/@v/list", 400, 404],
      ["/example.com/small!/@v/list", 400, 404],
      ["/example.com/sm%C3%A4ll/@v/list", 400, 404],
      ["/nodot/small/@v/list", 400, 404],
      ["/example.com/.hidden/@v/list", 400, 404],
      ["/example.com/con/@v/list", 400, 404],
      ["/example.com/small/v1/@v/list", 400, 404],
      ["/example.com/small@v1.0.0/@v/list", 400, 404],
      ["/.stoa/loose/@v/list", 400, 404],
      ["/@v/list", 400, 404],
      ["/@latest", 400, 404],
      ["/example.com/small/@v/", 400, 404],
      ["/example.com/small/@v/v1.0.0", 400, 404],
      ["/example.com/small/@v/v1.0.0.exe", 400, 404],
      ["/example.com/small/@v/v1.0.0.zip/", 400, 404],
      ["/example.com/small/@v/.info", 400, 404],
      ["/example.com/small/@v/...info", 400, 404],
      ["/example.com/small/@v/V1.0.0.info", 400, 404],
      ["/example.com/small/@v/v1.0.0%2F..%2Fv1.1.0.info", 400, 404],
      ["/example.com/small/@v/a*b.info", 400, 404],
      ["/example.com/small/@v/sub/main.info", 400, 404],
      [`/example.com/${"long/".repeat(1000)}@v/list`, 400, 404],
      [`/example.com/small/@v/v1.0.0-${"x".repeat(9000)}.info`, 400, 404],
      [`/example.com/${"l".repeat(40_000)}/@v/list`, 400, 404],
      ["/nothing", 404],
      ["/sumdb/sum.example.com/supported", 404],
    ];
    for (const [path, ...statuses] of malformed) {
      const shown = path.length > 60 ? `${path.slice(0, 50)}… (${path.length} bytes)` : path;
      test(`GET ${shown} is refused with a sentence and touches nothing`, async () => {
        const asked = scene.upstream.requests.length;
        const kept = await keptNames(scene.stoa.root);
        const { pathname } = new URL(base);
        const start = pathname === "/" ? "" : pathname;
        const request = `GET ${start}${path.replaceAll(" ", "%20")} HTTP/1.1\r\nHost: stoa\r\nConnection: close\r\n\r\n`;
        const received = (await rawExchange(base, request)).toString();
        const [status] = statusesIn(Buffer.from(received));
        assert.ok(statuses.includes(status ?? 0), received.slice(0, 500));
        assert.match(received, /^content-type: text\/plain; charset=utf-8\r$/im);
        assert.match(received, /\r\n\r\n[^\r\n]+\n$/);
        assert.equal(scene.upstream.requests.length, asked);
        assert.deepEqual(await keptNames(scene.stoa.root), kept);
      });
    }

    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]) {
      test(`${method} is refused, and told what is not`, async () => {
        const answer = await ask(`${base}/example.com/small/@v/list`, { method });
        assertRefusal(answer, [405]);
        assert.match(answer.headers.allow ?? "", /\bGET\b.*\bHEAD\b/);
      });
    }

    test("a word of the go command that is no version finds nothing", async () => {
      for (const word of ["upgrade", "patch"]) {
        assertRefusal(await ask(`${base}/example.com/small/@v/${word}.info`), [400, 404]);
      }
    });

    for (const [name, address, headers] of [
      ["/cached-only", "/cached-only", {}],
      ["Disable-Module-Fetch: true", "", { "Disable-Module-Fetch": "true" }],
    ] as const) {
      test(`${name} answers from the store alone`, async () => {
        const kept = await smallModule(`example.com/kept${address.length}`, "v1.0.0");
        const absent = await smallModule(`example.com/absent${address.length}`, "v1.0.0");
        scene.upstream.add(kept, absent);
        assert.equal((await ask(`${base}${filePath(kept, "zip")}`)).status, 200);
        const asked = scene.upstream.requests.length;
        for (const kind of ["info", "mod", "zip"] as const) {
          const hit = await ask(`${base}${address}${filePath(kept, kind)}`, { headers });
          assert.equal(hit.status, 200, kind);
          assert.ok(hit.body.equals(Buffer.from(kept[kind])), kind);
          assertRefusal(
            await ask(`${base}${address}${filePath(absent, kind)}`, { headers }),
            [404],
          );
        }
        const list = await ask(`${base}${address}/${kept.module.path}/@v/list`, { headers });
        assert.equal(list.text, "v1.0.0\n");
        const latest = await ask(`${base}${address}/${kept.module.path}/@latest`, { headers });
        assert.equal((JSON.parse(latest.text) as { Version: string }).Version, "v1.0.0");
        for (const path of ["@v/list", "@latest", "@v/main.info"]) {
          const answer = await ask(`${base}${address}/${absent.module.path}/${path}`, { headers });
          assertRefusal(answer, [404]);
        }
        assert.equal(scene.upstream.requests.length, asked);
        const absence = await ask(`${base}${filePath(absent, "info")}`);
        assert.equal(absence.status, 200, "a refusal for the store alone must not stick");
      });
    }

    test("the pages tell how the proxy is", async () => {
      for (const page of ["healthz", "readyz"]) {
        assert.equal((await ask(`${base}/${page}`)).status, 200, page);
        assert.equal((await ask(`${base}/${page}`, { method: "HEAD" })).status, 200, page);
      }
      const version = await ask(`${base}/version`);
      assert.match(version.headers["content-type"] ?? "", /^application\/json/);
      assert.match((JSON.parse(version.text) as { version: string }).version, /^\d+\.\d+\.\d+/);
      const robots = await ask(`${base}/robots.txt`);
      assert.match(robots.headers["content-type"] ?? "", /^text\/plain/);
      assert.match(robots.text, /^User-agent: \*\nDisallow: \/\n/);
      const home = await ask(`${base}/`);
      assert.equal(home.status, 200);
      assert.match(home.headers["content-type"] ?? "", /^text\/html/);
      assert.ok(home.text.includes(`GOPROXY=${base}`), home.text);
    });

    test("the home page shows what a client typed, and not as HTML", async () => {
      const home = await ask(`${base}/`, { headers: { Host: 'stoa"><script>alert(1)</script>' } });
      assert.ok(!home.text.includes("<script>"));
    });
  });
}

test("under a prefix, probes are answered at the root and modules are not", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([small], { prefix: "/go" });
  const { origin } = new URL(scene.stoa.url);
  for (const page of ["/healthz", "/readyz", "/metrics", "/"]) {
    assert.equal((await ask(`${origin}${page}`)).status, 200, page);
  }
  for (const path of [filePath(small, "info"), `/gone${filePath(small, "info")}`]) {
    assertRefusal(await ask(`${origin}${path}`), [404]);
  }
  assert.equal(scene.upstream.requests.length, 0);
});

test("a client that resumes a transfer gets the rest of the same bytes", async () => {
  const large = await largeModule("example.com/large", "v1.0.0", 2_000_000);
  await using scene = await proxiedModules([large]);
  const url = `${scene.stoa.url}${filePath(large, "zip")}`;
  const leave = new AbortController();
  scene.upstream.fail(".zip", { drip: { bytes: 100_000, everyMs: 5 } });
  const begun = await ask(url, {
    signal: leave.signal,
    onChunk: () => leave.abort(),
  });
  assert.equal(begun.status, 200);
  assert.ok(!begun.whole);
  const rest = await ask(url, {
    headers: { Range: `bytes=${begun.body.length}-`, "If-Range": begun.headers.etag ?? "" },
  });
  assert.equal(rest.status, 206);
  assert.ok(Buffer.concat([begun.body, rest.body]).equals(Buffer.from(large.zip)));
  assert.equal(scene.upstream.requests.filter(({ path }) => path.endsWith(".zip")).length, 1);
});

test("the store's folder has nothing in it that a URL could name but modules", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([small]);
  await ask(`${scene.stoa.url}${filePath(small, "mod")}`);
  const own = join(scene.stoa.root, ".stoa");
  for (const entry of await entriesBelow(own)) {
    const name = relative(own, join(entry.parentPath, entry.name));
    for (const path of [`/.stoa/${name}`, `/.stoa/${name}/@v/list`]) {
      assertRefusal(
        await ask(`${scene.stoa.url}${path.replaceAll("@info", "%40info")}`),
        [400, 404],
      );
    }
  }
});

/** What is kept, by name. The program's own folder is left out: it is at work there, whatever it is asked. */
async function keptNames(root: string): Promise<readonly string[]> {
  const entries = await entriesBelow(root, (path) => path === join(root, ".stoa"));
  return entries.map((entry) => join(entry.parentPath, entry.name)).sort();
}
