// What operators see of a running Stoa: one line a request, and numbers for Prometheus.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { ask } from "./testing/http-answer.ts";
import { type Family, readMetrics } from "./testing/metrics-text.ts";
import { filePath, largeModule, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import type { StoaProcess } from "./testing/stoa-process.ts";

interface RequestLine {
  readonly method?: string;
  readonly path?: string;
  readonly module?: string;
  readonly version?: string;
  readonly status?: number;
  readonly bytes?: number;
  readonly ms?: number;
  readonly cache?: string;
  readonly upstream?: string;
  readonly id?: string;
  readonly time?: string;
  readonly level?: string;
  readonly msg?: string;
}

/** Ends the program, so that nothing is still in its buffers, and gives every line that tells of a request. */
async function requestLines(stoa: StoaProcess): Promise<RequestLine[]> {
  await stoa.stop();
  return stoa
    .output()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RequestLine)
    .filter(({ method }) => method !== undefined);
}

describe("the log", () => {
  test("has one line of JSON for every request, with all that matters", async () => {
    const loud = await smallModule("example.com/LOUD", "v1.0.0-RC1");
    await using scene = await proxiedModules([loud]);
    const { host } = new URL(scene.upstream.url);
    const zip = filePath(loud, "zip");
    await ask(`${scene.stoa.url}${zip}`, { headers: { "Athens-Request-ID": "build-4711" } });
    await ask(`${scene.stoa.url}${zip}`);
    await ask(`${scene.stoa.url}${filePath(loud, "mod")}`, { method: "HEAD" });
    await ask(`${scene.stoa.url}/example.com/!l!o!u!d/@v/list`);
    await ask(`${scene.stoa.url}/example.com/nobody/@v/v1.0.0.info`);
    await ask(`${scene.stoa.url}/example.com/%zz/@v/list`);
    await ask(`${scene.stoa.url}/healthz`);
    const lines = await requestLines(scene.stoa);
    assert.equal(lines.length, 7);
    const [miss, hit, head, list, absent, malformed, page] = lines as [
      RequestLine,
      ...RequestLine[],
    ];
    for (const line of lines) {
      assert.ok(!Number.isNaN(Date.parse(line.time ?? "")), JSON.stringify(line));
      assert.ok(Number(line.ms) >= 0 && Number.isInteger(line.bytes), JSON.stringify(line));
      assert.match(line.id ?? "", /^\S+$/);
      assert.equal(typeof line.level, "string");
    }
    assert.equal(new Set(lines.map(({ id }) => id)).size, 7, "every request has an id of its own");
    const version = { module: "example.com/LOUD", version: "v1.0.0-RC1" };
    assert.deepEqual(pick(miss), {
      method: "GET",
      path: zip,
      ...version,
      status: 200,
      bytes: loud.zip.length,
      cache: "miss",
      upstream: host,
      id: "build-4711",
    });
    assert.deepEqual(pick({ ...hit!, id: "" }), {
      ...pick(miss),
      cache: "hit",
      upstream: undefined,
      id: "",
    });
    assert.deepEqual(
      { ...pick(head!), id: "" },
      {
        method: "HEAD",
        path: filePath(loud, "mod"),
        ...version,
        status: 200,
        bytes: 0,
        cache: "hit",
        upstream: undefined,
        id: "",
      },
    );
    assert.equal(list?.module, "example.com/LOUD");
    assert.equal(list?.cache, "miss");
    assert.equal(absent?.status, 404);
    assert.equal(absent?.module, "example.com/nobody");
    assert.equal(absent?.version, "v1.0.0");
    assert.equal(malformed?.status, 400);
    assert.equal(page?.path, "/healthz");
  });

  test("names the upstream also of a zip that was only asked about", async () => {
    const quiet = await smallModule("example.com/quiet", "v1.0.0");
    await using scene = await proxiedModules([quiet]);
    await ask(`${scene.stoa.url}${filePath(quiet, "zip")}`, { method: "HEAD" });
    const [line] = await requestLines(scene.stoa);
    assert.equal(line?.cache, "miss");
    assert.equal(line?.upstream, new URL(scene.upstream.url).host);
  });

  test("tells the client the id of its request", async () => {
    await using scene = await proxiedModules([]);
    const given = await ask(`${scene.stoa.url}/example.com/nobody/@v/list`, {
      headers: { "Athens-Request-ID": "build-4711" },
    });
    assert.equal(given.headers["athens-request-id"], "build-4711");
    const made = await ask(`${scene.stoa.url}/example.com/nobody/@v/list`);
    const [first, second] = await requestLines(scene.stoa);
    assert.equal(first?.id, "build-4711");
    assert.equal(second?.id, made.headers["athens-request-id"]);
  });

  test("stays one line a request, whatever the request has in it", async () => {
    await using scene = await proxiedModules([]);
    const evil = 'x","status":200,"injected":"yes';
    await ask(`${scene.stoa.url}/example.com/a%0a%22b/@v/list`);
    await ask(`${scene.stoa.url}/example.com/small/@v/list?"quoted"=\\`);
    await ask(`${scene.stoa.url}/healthz`, { headers: { "Athens-Request-ID": evil } });
    const lines = await requestLines(scene.stoa);
    assert.equal(lines.length, 3);
    assert.ok(lines.every((line) => !("injected" in line)));
  });

  test("tells of a transfer that broke, and of a client that left", async () => {
    const large = await largeModule("example.com/large", "v1.0.0", 500_000);
    const hanging = await smallModule("example.com/hanging", "v1.0.0");
    await using scene = await proxiedModules([large, hanging]);
    scene.upstream.fail("/example.com/large/@v/v1.0.0.zip", { cutAfter: 100_000 });
    scene.upstream.fail("/example.com/hanging/", { hang: true });
    await ask(`${scene.stoa.url}${filePath(large, "zip")}`);
    const leave = new AbortController();
    const left = ask(`${scene.stoa.url}${filePath(hanging, "mod")}`, { signal: leave.signal });
    left.catch(() => undefined);
    await scene.upstream.requested("/example.com/hanging/");
    leave.abort();
    await until("the client's leaving to be seen", async () => {
      return (await metrics(scene.stoa)).get("stoa_requests_in_flight")?.samples[0]?.value === 1;
    });
    const lines = await requestLines(scene.stoa);
    const broken = lines.find(({ module }) => module === "example.com/large");
    assert.ok(Number(broken?.bytes) < large.zip.length, JSON.stringify(broken));
    const told = scene.stoa
      .output()
      .split("\n")
      .find((line) => line.includes(`"${broken?.id}"`) && line.includes('"level":"warn"'));
    assert.match(told ?? "", /broke off/, "a transfer that broke off looks like a success");
    const gone = lines.find(({ module }) => module === "example.com/hanging");
    assert.notEqual(gone?.status, 200);
    assert.equal(gone?.bytes, 0);
  });

  test("for people is one line a request, too", async () => {
    await using scene = await proxiedModules([], { env: { ATHENS_LOG_FORMAT: "plain" } });
    await ask(`${scene.stoa.url}/example.com/nobody/@v/list`);
    await scene.stoa.stop();
    const lines = scene.stoa.output().trimEnd().split("\n");
    const [line, ...others] = lines.filter((one) => one.includes("/example.com/nobody/@v/list"));
    assert.deepEqual(others, []);
    assert.match(line ?? "", /\bGET\b.*\b404\b|\b404\b.*\bGET\b/);
  });

  test("says no more than it is told to", async () => {
    const env = { ATHENS_LOG_LEVEL: "error", ATHENS_LOG_FORMAT: "plain" };
    await using scene = await proxiedModules([], { env });
    await ask(`${scene.stoa.url}/example.com/nobody/@v/list`);
    await scene.stoa.stop();
    assert.match(
      scene.stoa.output(),
      /^[^\n]+export GOPROXY=\S+\n$/,
      "the ready line, and nothing else",
    );
  });
});

describe("/metrics", () => {
  test("is text that Prometheus reads, with numbers that add up", async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using scene = await proxiedModules([small]);
    const answer = await ask(`${scene.stoa.url}/metrics`);
    assert.match(
      answer.headers["content-type"] ?? "",
      /^text\/plain; version=0\.0\.4; charset=utf-8$/,
    );
    for (let time = 0; time < 3; time++) await ask(`${scene.stoa.url}${filePath(small, "zip")}`);
    await ask(`${scene.stoa.url}/example.com/nobody/@v/list`);
    const families = await metrics(scene.stoa);
    for (const family of families.values()) {
      assert.notEqual(family.type, "untyped", family.name);
      assert.notEqual(family.help, "", family.name);
      if (family.type === "counter") assert.match(family.name, /_total$/);
    }
    const count = (cache: string, endpoint: string): number =>
      sum(families.get("stoa_requests_total"), { cache, endpoint });
    assert.equal(count("miss", "zip"), 1);
    assert.equal(count("hit", "zip"), 2);
    assert.equal(sum(families.get("stoa_requests_total"), { endpoint: "list", status: "404" }), 1);
    const bytes = sum(families.get("stoa_response_bytes_total"), { endpoint: "zip" });
    assert.equal(bytes, 3 * small.zip.length);
    assert.equal(sum(families.get("stoa_requests_in_flight"), {}), 1, "the one for /metrics");
  });

  test("has how long fetches took, as a histogram", async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using scene = await proxiedModules([small]);
    await ask(`${scene.stoa.url}${filePath(small, "zip")}`);
    const durations = (await metrics(scene.stoa)).get("stoa_upstream_request_seconds");
    const samples = durations?.samples ?? [];
    assert.equal(durations?.type, "histogram");
    for (const request of ["info", "mod", "zip"]) {
      const buckets = samples.filter(
        ({ name, labels }) => name.endsWith("_bucket") && labels["request"] === request,
      );
      const values = buckets.map(({ value }) => value);
      assert.deepEqual(
        values,
        values.toSorted((a, b) => a - b),
        "buckets are cumulative",
      );
      assert.equal(buckets.at(-1)?.labels["le"], "+Inf");
      assert.equal(buckets.at(-1)?.value, 1);
      const total = samples.find(
        ({ name, labels }) => name.endsWith("_count") && labels["request"] === request,
      );
      assert.equal(total?.value, 1);
    }
  });

  test("shows what runs and what waits at this moment", async () => {
    const fixtures = await Promise.all(
      [1, 2, 3].map((number) => smallModule(`example.com/small${number}`, "v1.0.0")),
    );
    await using scene = await proxiedModules(fixtures, { env: { STOA_UPSTREAM_CONNECTIONS: "1" } });
    const gate = Promise.withResolvers<void>();
    scene.upstream.fail(/./, { until: gate.promise });
    const asked = fixtures.map((fixture) => ask(`${scene.stoa.url}${filePath(fixture, "mod")}`));
    const waiting = await until("two to wait for the third", async () => {
      const families = await metrics(scene.stoa);
      return sum(families.get("stoa_upstream_queue_waiting"), {}) === 2 && families;
    });
    assert.equal(sum(waiting.get("stoa_upstream_requests_in_flight"), {}), 3);
    assert.equal(sum(waiting.get("stoa_requests_in_flight"), {}), 4);
    gate.resolve();
    for (const answer of await Promise.all(asked)) assert.equal(answer.status, 200);
    const idle = await metrics(scene.stoa);
    assert.equal(sum(idle.get("stoa_upstream_queue_waiting"), {}), 0);
    assert.equal(sum(idle.get("stoa_upstream_requests_in_flight"), {}), 0);
  });

  test("has the process's own numbers", async () => {
    await using scene = await proxiedModules([]);
    const families = await metrics(scene.stoa);
    for (const name of [
      "process_cpu_seconds_total",
      "process_resident_memory_bytes",
      "process_open_fds",
      "process_start_time_seconds",
    ]) {
      assert.ok(Number(families.get(name)?.samples[0]?.value) >= 0, name);
    }
  });
});

async function metrics(stoa: StoaProcess): Promise<ReadonlyMap<string, Family>> {
  return readMetrics((await ask(`${stoa.url}/metrics`)).text);
}

/** The sum of all samples that have these labels. */
function sum(family: Family | undefined, labels: Readonly<Record<string, string>>): number {
  return (family?.samples ?? [])
    .filter((sample) =>
      Object.entries(labels).every(([name, text]) => sample.labels[name] === text),
    )
    .reduce((total, { value }) => total + value, 0);
}

function pick(line: RequestLine): RequestLine {
  const { method, path, module, version, status, bytes, cache, upstream, id } = line;
  return { method, path, module, version, status, bytes, cache, upstream, id } as RequestLine;
}
