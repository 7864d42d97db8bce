// Many clients at once: each module version is fetched once, nobody disturbs anybody, and what is kept waits for nothing.
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { ask } from "./testing/http-answer.ts";
import { readMetrics } from "./testing/metrics-text.ts";
import { filePath, largeModule, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { startStoa } from "./testing/stoa-process.ts";
import { isWhole, versionsIn } from "./testing/stored-versions.ts";

const kinds = ["info", "mod", "zip"] as const;

test("fifty clients that want one version make the upstream serve it once", async () => {
  const large = await largeModule("example.com/large", "v1.0.0", 1_000_000);
  await using scene = await proxiedModules([large]);
  const gate = Promise.withResolvers<void>();
  scene.upstream.fail(".zip", { until: gate.promise });
  const clients = Array.from({ length: 50 }, (_, index) =>
    ask(`${scene.stoa.url}${filePath(large, kinds[index % 3]!)}`),
  );
  await scene.upstream.requested(".zip");
  gate.resolve();
  for (const [index, answer] of (await Promise.all(clients)).entries()) {
    assert.equal(answer.status, 200);
    assert.ok(answer.whole && answer.body.equals(Buffer.from(large[kinds[index % 3]!])));
  }
  for (const kind of kinds) {
    const asked = scene.upstream.requests.filter(({ path }) => path.endsWith(`.${kind}`));
    assert.equal(asked.length, 1, kind);
  }
});

test("fifty clients that want one list, or the answer to one query, make the upstream answer once", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([small]);
  for (const path of ["/example.com/small/@v/list", "/example.com/small/@latest"]) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => ask(`${scene.stoa.url}${path}`)),
    );
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(
      scene.upstream.requests.filter((request) => request.path === path).length,
      1,
      path,
    );
  }
});

test("a client that leaves does not stop the fetch for the others", async () => {
  const large = await largeModule("example.com/large", "v1.0.0", 1_000_000);
  await using scene = await proxiedModules([large]);
  const gate = Promise.withResolvers<void>();
  scene.upstream.fail(".zip", { until: gate.promise });
  const url = `${scene.stoa.url}${filePath(large, "zip")}`;
  const leave = new AbortController();
  const leaver = ask(url, { signal: leave.signal });
  await scene.upstream.requested(".zip");
  const stayer = ask(url);
  // The two, and the one for the metrics.
  await until("both to be there", async () => (await requestsInFlight(scene.stoa.url)) >= 3);
  // A request that came later and has been upstream and back: the one that stays waits for the zip by now.
  const later = await ask(`${scene.stoa.url}/example.com/absent/@v/v1.0.0.mod`);
  assert.equal(later.status, 404);
  leave.abort();
  await assert.rejects(leaver);
  gate.resolve();
  const answer = await stayer;
  assert.equal(answer.status, 200);
  assert.ok(answer.whole && answer.body.equals(Buffer.from(large.zip)));
  assert.equal(scene.upstream.requests.filter(({ path }) => path.endsWith(".zip")).length, 1);
});

test("a zip that has begun to arrive is kept, even when everybody who wanted it has left", async () => {
  const large = await largeModule("example.com/large", "v1.0.0", 2_000_000);
  await using scene = await proxiedModules([large]);
  scene.upstream.fail(".zip", { drip: { bytes: 200_000, everyMs: 5 } });
  const leave = new AbortController();
  const url = filePath(large, "zip");
  const answer = await ask(`${scene.stoa.url}${url}`, {
    signal: leave.signal,
    onChunk: () => leave.abort(),
  });
  assert.ok(!answer.whole);
  const kept = await until("the zip to be kept", async () => {
    const found = await ask(`${scene.stoa.url}/cached-only${url}`);
    return found.status === 200 && found;
  });
  assert.ok(kept.body.equals(Buffer.from(large.zip)));
  assert.equal(scene.upstream.requests.filter(({ path }) => path.endsWith(".zip")).length, 1);
});

test("a slow client does not hold up the others, nor the store", async () => {
  const large = await largeModule("example.com/large", "v1.0.0", 8_000_000);
  await using scene = await proxiedModules([large]);
  const url = `${scene.stoa.url}${filePath(large, "zip")}`;
  const leave = new AbortController();
  const begun = Promise.withResolvers<void>();
  // A client that reads nothing: its socket is paused by never resuming the answer.
  const lazy = request(url, { agent: false, signal: leave.signal }, (response) => {
    response.pause();
    begun.resolve();
  });
  lazy.on("error", () => undefined);
  lazy.end();
  await begun.promise;
  const answer = await ask(url);
  assert.equal(answer.status, 200);
  assert.ok(answer.whole && answer.body.equals(Buffer.from(large.zip)));
  leave.abort();
});

test("what is kept is served while thirty fetches hang", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  const large = await largeModule("example.com/large", "v1.0.0", 300_000);
  const hanging = await Promise.all(
    Array.from({ length: 30 }, (_, index) => smallModule(`example.com/hang${index}`, "v1.0.0")),
  );
  await using scene = await proxiedModules([small, large, ...hanging]);
  for (const fixture of [small, large]) {
    for (const kind of kinds) await ask(`${scene.stoa.url}${filePath(fixture, kind)}`);
  }
  const gate = Promise.withResolvers<void>();
  scene.upstream.fail(/hang/, { until: gate.promise });
  const waiting = hanging.flatMap((fixture) => [
    ask(`${scene.stoa.url}${filePath(fixture, "zip")}`),
    ask(`${scene.stoa.url}${filePath(fixture, "mod")}`),
  ]);
  await Promise.all(hanging.map(({ module }) => scene.upstream.requested(`/${module.path}/`)));
  const hits = Array.from({ length: 40 }, async () => {
    for (const fixture of [small, large]) {
      for (const kind of kinds) {
        const answer = await ask(`${scene.stoa.url}${filePath(fixture, kind)}`);
        assert.ok(answer.status === 200 && answer.body.equals(Buffer.from(fixture[kind])));
      }
    }
  });
  await Promise.all(hits);
  assert.equal((await ask(`${scene.stoa.url}/readyz`)).status, 200);
  gate.resolve();
  for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 200);
});

test("a second Stoa that starts on the same folder disturbs no fetch of the first", async () => {
  const large = await largeModule("example.com/large", "v1.0.0", 1_000_000);
  const middle = await largeModule("example.com/middle", "v1.0.0", 100_000);
  await using scene = await proxiedModules([large, middle]);
  const begun = Promise.withResolvers<void>();
  // About a second, so that the second Stoa starts in its middle.
  scene.upstream.fail("/example.com/large/@v/v1.0.0.zip", { drip: { bytes: 20_000, everyMs: 20 } });
  const running = ask(`${scene.stoa.url}${filePath(large, "zip")}`, {
    onChunk: () => begun.resolve(),
  });
  await begun.promise;
  await using second = await startStoa({ goproxy: scene.upstream.url, root: scene.stoa.root });
  const others = [large, middle].map((fixture) => ask(`${second.url}${filePath(fixture, "zip")}`));
  const answer = await running;
  assert.ok(answer.whole && answer.body.equals(Buffer.from(large.zip)));
  for (const [index, other] of (await Promise.all(others)).entries()) {
    assert.ok(other.whole && other.body.equals(Buffer.from([large, middle][index]!.zip)));
  }
  const stored = await versionsIn(scene.stoa.root);
  assert.equal(stored.length, 2);
  assert.ok(stored.every(isWhole));
  for (const { url } of [scene.stoa, second]) {
    assert.equal((await ask(`${url}/cached-only${filePath(middle, "zip")}`)).status, 200);
  }
});

async function requestsInFlight(url: string): Promise<number> {
  const metrics = readMetrics((await ask(`${url}/metrics`)).text);
  return metrics.get("stoa_requests_in_flight")?.samples[0]?.value ?? 0;
}
