// Traces as a collector gets them: a span for each request, one below it for each question to an upstream.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { freePort } from "./testing/free-port.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { type CollectedSpan, traceCollector } from "./testing/trace-collector.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parent = (flags: "00" | "01") => ({
  traceparent: `00-${traceId}-b7ad6b7169203331-${flags}`,
});

function named(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const found = spans.find((span) => span.name === name);
  assert.ok(found, `${name} is not among ${spans.map((span) => span.name).join(", ")}`);
  return found;
}

test("a request has a span in the trace of its client, with its questions to upstreams below it", async () => {
  await using collector = await traceCollector();
  const module = await smallModule("example.com/traced", "v1.0.0");
  const env = { ATHENS_TRACE_EXPORTER: "otlp", ATHENS_TRACE_EXPORTER_URL: collector.url };
  await using scene = await proxiedModules([module], { env });
  const { url } = scene.stoa;
  const headers = parent("01");
  assert.equal((await ask(`${url}${filePath(module, "info")}`, { headers })).status, 200);
  assert.equal((await ask(`${url}${filePath(module, "info")}`)).status, 200);
  assert.equal((await ask(`${url}/example.com/nobody/@v/v1.0.0.info`)).status, 404);
  assert.equal((await scene.stoa.stop()).code, 0);
  const requests = collector.spans.filter(({ name }) => name === "GET info");
  assert.equal(requests.length, 3);
  const [miss] = requests.filter((span) => span.traceId === traceId);
  assert.ok(miss);
  assert.equal(miss.parentId, "b7ad6b7169203331");
  assert.equal(miss.attributes.get("stoa.module"), "example.com/traced");
  assert.equal(miss.attributes.get("stoa.cache"), "miss");
  assert.equal(miss.attributes.get("http.response.status_code"), 200);
  assert.equal(named(collector.spans, "upstream info").parentId, miss.spanId);
  const hit = requests.find(({ attributes }) => attributes.get("stoa.cache") === "hit");
  assert.ok(hit && hit.traceId !== traceId && hit.parentId === "");
});

test("TraceSamplingFraction decides for whoever has not decided", async () => {
  await using collector = await traceCollector();
  const env = {
    GO_ENV: "production",
    ATHENS_TRACE_EXPORTER: "otlp",
    ATHENS_TRACE_EXPORTER_URL: collector.url,
    ATHENS_TRACE_SAMPLING_FRACTION: "0",
  };
  await using scene = await proxiedModules([], { env });
  await ask(`${scene.stoa.url}/version`);
  await ask(`${scene.stoa.url}/version`, { headers: parent("00") });
  await ask(`${scene.stoa.url}/version`, { headers: parent("01") });
  assert.equal((await scene.stoa.stop()).code, 0);
  assert.deepEqual(
    collector.spans.map((span) => [span.name, span.traceId]),
    [["GET version", traceId]],
  );
});

test("a collector that is away stops nothing, is told of once, and gets what comes later", async () => {
  const port = await freePort();
  const env = {
    ATHENS_TRACE_EXPORTER: "otlp",
    ATHENS_TRACE_EXPORTER_URL: `http://127.0.0.1:${port}`,
    OTEL_BSP_SCHEDULE_DELAY: "100",
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
  };
  await using scene = await proxiedModules([], { env });
  const { url, output } = scene.stoa;
  const warnings = (): number => output().split("traces cannot be sent to").length - 1;
  assert.equal((await ask(`${url}/version`)).status, 200);
  await until("the warning", () => warnings() > 0);
  await using collector = await traceCollector(port);
  await until("a span", async () => {
    assert.equal((await ask(`${url}/version`)).status, 200);
    return collector.spans.length > 0;
  });
  await until("the good news", () => output().includes("again"));
  assert.equal(warnings(), 1);
});
