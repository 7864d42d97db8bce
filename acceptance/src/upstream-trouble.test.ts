// What clients are told when an upstream fails, is slow, lies, sends them elsewhere, or is Stoa itself.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type Fault, fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { freePort } from "./testing/free-port.ts";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, largeModule, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { assertRefusal } from "./testing/refusal.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { filesIn, versionsIn } from "./testing/stored-versions.ts";

const kinds = ["info", "mod", "zip"] as const;

describe("an upstream that fails is never a 404", { concurrency: 4 }, () => {
  const troubles: readonly (readonly [name: string, fault: Fault, statuses: readonly number[]])[] =
    [
      ["answers 500", { status: 500, body: "out of order" }, [502]],
      ["answers 502", { status: 502 }, [502]],
      [
        "answers 503 and asks for patience",
        { status: 503, headers: { "retry-after": "60" } },
        [502, 503],
      ],
      ["answers 429", { status: 429 }, [502, 503]],
      ["answers 401", { status: 401 }, [502, 401, 403]],
      ["answers 403", { status: 403, body: "not for you" }, [403, 502]],
      ["answers 504", { status: 504 }, [504]],
      ["answers 418", { status: 418 }, [502]],
      ["answers 204", { status: 204 }, [502]],
      [
        "answers with a login page",
        { status: 200, body: "<!doctype html>\n<title>Log in</title>" },
        [502],
      ],
      ["closes the connection", { reset: true }, [502]],
      ["never answers", { hang: true }, [504]],
      ["redirects in a circle", { location: "?again" }, [502]],
      ["redirects nowhere", { status: 302 }, [502]],
      ["redirects to a file", { location: "file:///etc/passwd" }, [502]],
      [
        "says that its own fetch timed out",
        { status: 404, body: "not found: fetch timed out" },
        [502, 504],
      ],
    ];
  for (const [name, fault, statuses] of troubles) {
    test(`one that ${name}`, async () => {
      const small = await smallModule("example.com/small", "v1.0.0");
      // For the one that never answers; the others have the time that they need.
      const env: Record<string, string> = "hang" in fault ? { STOA_FIRST_BYTE_TIMEOUT: "1" } : {};
      await using scene = await proxiedModules([small], { env });
      scene.upstream.fail(/./, fault);
      const paths = [
        ...kinds.map((kind) => filePath(small, kind)),
        "/example.com/small/@v/list",
        "/example.com/small/@latest",
        "/example.com/small/@v/main.info",
      ];
      const asked = paths.map(async (path) => {
        assertRefusal(await ask(`${scene.stoa.url}${path}`), statuses);
      });
      await Promise.all(asked);
      assert.deepEqual(await versionsIn(scene.stoa.root), []);
      scene.upstream.heal();
      for (const kind of kinds) {
        const answer = await ask(`${scene.stoa.url}${filePath(small, kind)}`);
        assert.equal(answer.status, 200, `${kind} after the trouble: ${answer.text}`);
        assert.ok(answer.body.equals(Buffer.from(small[kind])));
      }
    });
  }

  test("one that answers with nothing", async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using scene = await proxiedModules([small]);
    scene.upstream.fail(/./, { status: 200 });
    // A list and a go.mod may be empty; the others may not.
    for (const path of ["@v/v1.0.0.info", "@latest", "@v/main.info", "@v/v1.0.0.zip"]) {
      const answer = await ask(`${scene.stoa.url}/example.com/small/${path}`);
      if (answer.status === 200) assert.ok(!answer.whole, `${path}: the client took it for whole`);
      else assertRefusal(answer, [502]);
    }
    assert.deepEqual(await versionsIn(scene.stoa.root), []);
  });

  test("one where nobody listens", async () => {
    await using stoa = await startStoa({ goproxy: `http://127.0.0.1:${await freePort()}` });
    for (const path of ["@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.zip"]) {
      assertRefusal(await ask(`${stoa.url}/example.com/small/${path}`), [502]);
    }
  });
});

test("an upstream that is gone for good is a 404 or 410", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([small]);
  for (const status of [404, 410]) {
    scene.upstream.fail(/./, { status, body: "not found: it was never here" });
    const path = filePath(small, "info").replace("v1.0.0", `v1.0.${status}`);
    assertRefusal(await ask(`${scene.stoa.url}${path}`), [404, 410], /it was never here/);
  }
});

test("too many questions at once are told to come again, and when", async () => {
  const [first, second] = [
    await smallModule("example.com/first", "v1.0.0"),
    await smallModule("example.com/second", "v1.0.0"),
  ];
  await using scene = await proxiedModules([first, second], {
    env: { STOA_UPSTREAM_CONNECTIONS: "1", STOA_UPSTREAM_QUEUE: "0" },
  });
  const gate = Promise.withResolvers<void>();
  scene.upstream.fail("/example.com/first/", { until: gate.promise });
  const waiting = ask(`${scene.stoa.url}${filePath(first, "mod")}`);
  await scene.upstream.requested("/example.com/first/");
  const refused = await ask(`${scene.stoa.url}${filePath(second, "mod")}`);
  assertRefusal(refused, [503]);
  assert.match(refused.headers["retry-after"] ?? "", /^[1-9]\d*$/);
  gate.resolve();
  assert.equal((await waiting).status, 200);
  assert.equal((await ask(`${scene.stoa.url}${filePath(second, "mod")}`)).status, 200);
});

describe("a GOPROXY that leads in a circle ends with a sentence", () => {
  test("one that names Stoa itself, which also says so when it starts", async () => {
    const port = await freePort();
    await using stoa = await startStoa({
      goproxy: `http://localhost:${port}`,
      env: { ATHENS_PORT: `127.0.0.1:${port}` },
    });
    await until("a warning about GOPROXY", () =>
      /GOPROXY[^\n]+names this very server/.test(stoa.output()),
    );
    for (const path of ["@v/list", "@latest", "@v/main.info", "@v/v1.0.0.info", "@v/v1.0.0.zip"]) {
      assertRefusal(await ask(`${stoa.url}/example.com/small/${path}`), [502, 508], /loop/);
    }
  });

  test("two Stoas that name each other", async () => {
    const [one, two] = [await freePort(), await freePort()];
    await using first = await startStoa({
      goproxy: `http://127.0.0.1:${two}`,
      env: { ATHENS_PORT: `127.0.0.1:${one}` },
    });
    await using second = await startStoa({
      goproxy: `http://127.0.0.1:${one}`,
      env: { ATHENS_PORT: `127.0.0.1:${two}` },
    });
    for (const stoa of [first, second]) {
      for (const path of [
        "@v/list",
        "@latest",
        "@v/main.info",
        "@v/v1.0.0.info",
        "@v/v1.0.0.zip",
      ]) {
        assertRefusal(await ask(`${stoa.url}/example.com/small/${path}`), [502, 508], /loop/);
      }
    }
  });

  test("the go command shows it", { skip: goIsMissing() }, async () => {
    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    await using stoa = await startStoa({
      goproxy: address,
      env: { ATHENS_PORT: `127.0.0.1:${port}` },
    });
    await using go = await goCommand({ goproxy: stoa.url });
    const { code, stderr } = await go.run(["mod", "download", "example.com/small@v1.0.0"]);
    assert.notEqual(code, 0);
    assert.match(stderr, /loop/);
  });
});

describe("redirects", () => {
  test("are followed to another host, which gets no credentials", async () => {
    const large = await largeModule("example.com/large", "v1.0.0", 100_000);
    await using elsewhere = await fixtureProxy([large]);
    const otherHost = elsewhere.url.replace("127.0.0.1", "localhost");
    await using upstream = await fixtureProxy([large]);
    for (const path of [".zip", "@v/list", "@latest", ".mod"]) {
      upstream.fail(path, { redirectTo: otherHost });
    }
    await using stoa = await startStoa({
      goproxy: upstream.url.replace("://", "://reader:open-sesame@"),
    });
    for (const kind of kinds) {
      const answer = await ask(`${stoa.url}${filePath(large, kind)}`);
      assert.equal(answer.status, 200, `${kind}: ${answer.text}`);
      assert.ok(answer.body.equals(Buffer.from(large[kind])));
    }
    for (const path of ["@v/list", "@latest"]) {
      assert.equal((await ask(`${stoa.url}/example.com/large/${path}`)).status, 200);
    }
    assert.ok(upstream.requests.every(({ headers }) => headers.authorization !== undefined));
    assert.ok(elsewhere.requests.length > 0);
    assert.ok(elsewhere.requests.every(({ headers }) => headers.authorization === undefined));
  });
});

describe("a zip that is broken off", () => {
  const cuts = [
    ["before its announced end", 150_000],
    ["before its first byte", 0],
    ["within its last bytes", 599_990],
  ] as const;
  for (const [name, cutAfter] of cuts) {
    test(`${name} is a broken transfer for the client, and nothing of it is kept`, async () => {
      const large = await largeModule("example.com/large", "v1.0.0", 600_000);
      // Without ranges, so that the transfer cannot be taken up again.
      await using upstream = await fixtureProxy([large], { ranges: false });
      await using stoa = await startStoa({ goproxy: upstream.url });
      upstream.fail(".zip", { cutAfter });
      await assertBroken(stoa, large);
      upstream.heal();
      const again = await ask(`${stoa.url}${filePath(large, "zip")}`);
      assert.ok(again.whole && again.body.equals(Buffer.from(large.zip)));
    });
  }

  test("without an announced length is one too", async () => {
    const large = await largeModule("example.com/large", "v1.0.0", 600_000);
    const breaking = createServer((request, response) => {
      response.writeHead(200, { "content-type": "application/zip" });
      response.write(large.zip.subarray(0, 300_000), () => request.socket.destroy());
    });
    await once(breaking.listen(0, "127.0.0.1"), "listening");
    try {
      await using scene = await proxiedModules([large]);
      const { port } = breaking.address() as { port: number };
      scene.upstream.fail(".zip", { redirectTo: `http://127.0.0.1:${port}` });
      await assertBroken(scene.stoa, large);
    } finally {
      breaking.close();
    }
  });

  test("is taken up again where it broke, if the upstream can do that", async () => {
    const large = await largeModule("example.com/large", "v1.0.0", 600_000);
    await using scene = await proxiedModules([large]);
    scene.upstream.fail(".zip", { cutAfter: 300_000, times: 1 });
    const answer = await ask(`${scene.stoa.url}${filePath(large, "zip")}`);
    assert.ok(answer.whole && answer.body.equals(Buffer.from(large.zip)));
    const [, rest] = scene.upstream.requests.filter(({ path }) => path.endsWith(".zip"));
    assert.match(rest?.headers.range ?? "", /^bytes=\d+-$/);
  });
});

describe("bytes that are not the module version are not kept, and no client takes them for it", () => {
  const lies: readonly (readonly [
    name: string,
    make: (honest: ModuleFixture) => Promise<Partial<ModuleFixture>>,
  ])[] = [
    [
      "a zip of another version",
      async () => ({ zip: (await smallModule("example.com/small", "v1.9.0")).zip }),
    ],
    [
      "a zip with a flipped bit",
      async ({ zip }) => ({ zip: flipped(zip, Math.floor(zip.length / 3)) }),
    ],
    ["a zip that lacks its end", async ({ zip }) => ({ zip: zip.subarray(0, zip.length - 30) })],
    ["no zip at all", async () => ({ zip: Buffer.from("this is no zip\n") })],
    ["an .info of another version", async () => ({ info: Buffer.from('{"Version":"v1.9.0"}') })],
    ["an .info that is no JSON", async () => ({ info: Buffer.from("Version: v1.0.0") })],
    [
      "a .mod that is not the one in the zip",
      async () => ({ mod: Buffer.from("module example.com/other\n") }),
    ],
  ];
  for (const [name, make] of lies) {
    test(name, async () => {
      const honest = await smallModule("example.com/small", "v1.0.0");
      const lie = { ...honest, ...(await make(honest)) };
      await using scene = await proxiedModules([lie]);
      const zip = await ask(`${scene.stoa.url}${filePath(honest, "zip")}`);
      if (zip.status === 200) assert.ok(!zip.whole, "the client took it for whole");
      else assertRefusal(zip, [502]);
      assert.deepEqual(await versionsIn(scene.stoa.root), []);
      const kept = await ask(`${scene.stoa.url}/cached-only${filePath(honest, "zip")}`);
      assert.equal(kept.status, 404);
    });
  }
});

describe("the .mod and .info of a version", () => {
  test("never fetch its zip, and are kept through a kill and an outage", async () => {
    const fixtures = [
      await smallModule("example.com/small", "v1.0.0"),
      await smallModule("example.com/LOUD", "v1.0.0-RC1"),
    ];
    await using scene = await proxiedModules(fixtures);
    for (const fixture of fixtures) {
      for (const kind of ["mod", "info"] as const) {
        const answer = await ask(`${scene.stoa.url}${filePath(fixture, kind)}`);
        assert.ok(answer.body.equals(Buffer.from(fixture[kind])));
      }
    }
    assert.deepEqual(scene.upstream.requests.map(({ path }) => path.replace(/.*\./, "")).sort(), [
      "info",
      "info",
      "mod",
      "mod",
    ]);
    const [first, root] = [scene.stoa, scene.stoa.root];
    await scene.upstream.close();
    const repeat = async (url: string): Promise<void> => {
      for (const fixture of fixtures) {
        for (const kind of ["info", "mod"] as const) {
          const answer = await ask(`${url}${filePath(fixture, kind)}`);
          assert.equal(answer.status, 200, answer.text);
          assert.ok(answer.body.equals(Buffer.from(fixture[kind])));
        }
      }
    };
    await repeat(first.url);
    await first.kill();
    await using second = await startStoa({ goproxy: scene.upstream.url, root });
    await repeat(second.url);
    assertRefusal(await ask(`${second.url}${filePath(fixtures[0]!, "zip")}`), [502]);
  });

  test("move in with the zip when that arrives, in Athens' layout", async () => {
    const loud = await largeModule("example.com/LOUD", "v1.0.0-RC1", 50_000);
    await using scene = await proxiedModules([loud]);
    for (const kind of ["mod", "info"] as const) {
      await ask(`${scene.stoa.url}${filePath(loud, kind)}`);
    }
    assert.deepEqual(await versionsIn(scene.stoa.root), []);
    assert.equal((await recentLogs(scene.stoa.root)).length, 1);
    await ask(`${scene.stoa.url}${filePath(loud, "zip")}`);
    const [version, ...others] = await versionsIn(scene.stoa.root);
    assert.deepEqual(others, []);
    assert.equal(version?.folder, "example.com/LOUD/v1.0.0-RC1");
    assert.deepEqual(
      new Set(version!.files.keys()),
      new Set(["go.mod", "source.zip", "v1.0.0-RC1.info"]),
    );
    assert.ok(version!.files.get("go.mod")?.equals(Buffer.from(loud.mod)));
    assert.ok(version!.files.get("source.zip")?.equals(Buffer.from(loud.zip)));
    assert.ok(version!.files.get("v1.0.0-RC1.info")?.equals(Buffer.from(loud.info)));
    const counts = kinds.map(
      (kind) => scene.upstream.requests.filter(({ path }) => path.endsWith(`.${kind}`)).length,
    );
    assert.deepEqual(counts, [1, 1, 1], "each file was fetched once");
    await scene.stoa.stop();
    assert.deepEqual(await recentLogs(scene.stoa.root), []);
    assert.deepEqual(await looseFiles(scene.stoa.root), []);
  });

  test("have a place of their own when Stoa has been stopped", async () => {
    const fixture = await smallModule("example.com/LOUD", "v1.0.0-RC1");
    await using scene = await proxiedModules([fixture]);
    for (const kind of ["mod", "info"] as const) {
      await ask(`${scene.stoa.url}${filePath(fixture, kind)}`);
    }
    await scene.stoa.stop();
    assert.deepEqual((await looseFiles(scene.stoa.root)).sort(), [
      ".stoa/loose/example.com/!l!o!u!d/v1.0.0-!r!c1@info",
      ".stoa/loose/example.com/!l!o!u!d/v1.0.0-!r!c1@mod",
    ]);
    assert.deepEqual(await recentLogs(scene.stoa.root), []);
  });
});

async function assertBroken({ url, root }: StoaProcess, fixture: ModuleFixture): Promise<void> {
  const answer = await ask(`${url}${filePath(fixture, "zip")}`);
  if (answer.status === 200) assert.ok(!answer.whole, "the client took it for whole");
  else assertRefusal(answer, [502]);
  assert.deepEqual(await versionsIn(root), []);
  for (const path of [filePath(fixture, "zip"), `/${fixture.module.path}/@v/list`]) {
    assert.equal((await ask(`${url}/cached-only${path}`)).status, 404);
  }
  await until("what had arrived to be removed", async () => {
    const left = await filesIn(root);
    return !left.some((name) => name.startsWith(".stoa/incoming/"));
  });
}

async function recentLogs(root: string): Promise<string[]> {
  return (await filesIn(root)).filter((name) => name.startsWith(".stoa/recent/"));
}

async function looseFiles(root: string): Promise<string[]> {
  return (await filesIn(root)).filter((name) => name.startsWith(".stoa/loose/"));
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
