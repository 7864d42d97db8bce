// Tests of metrics.ts and what it is made of.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { type Metrics, openMetrics } from "./metrics.ts";

/** The lines about one metric. */
async function told(metrics: Metrics, name: string): Promise<readonly string[]> {
  const lines = (await metrics.text()).split("\n");
  return lines.filter((line) => line.startsWith(name) || line.startsWith(`# TYPE ${name} `));
}

test("a counter without labels is told from the start", async () => {
  const metrics = openMetrics();
  const counter = metrics.counter("a_total", "How many.").with({});
  assert.deepEqual(await told(metrics, "a_total"), ["# TYPE a_total counter", "a_total 0"]);
  counter.inc();
  counter.inc(2);
  assert.deepEqual(await told(metrics, "a_total"), ["# TYPE a_total counter", "a_total 3"]);
});

test("a counter with labels counts for each of their values", async () => {
  const metrics = openMetrics();
  const counter = metrics.counter("a_total", "How many.", ["kind", "cache"]);
  assert.deepEqual(await told(metrics, "a_total"), ["# TYPE a_total counter"]);
  counter.with({ kind: "zip", cache: "hit" }).inc();
  counter.with({ cache: "hit", kind: "zip" }).inc();
  counter.with({ kind: "zip", cache: "miss" }).inc();
  assert.deepEqual(await told(metrics, "a_total{"), [
    'a_total{kind="zip",cache="hit"} 2',
    'a_total{kind="zip",cache="miss"} 1',
  ]);
});

test("a family tells cells apart whose values only look alike together", () => {
  const family = openMetrics().gauge("a", "How much.", ["x", "y"]);
  assert.notEqual(family.with({ x: "1", y: "23" }), family.with({ x: "12", y: "3" }));
});

test("label values may hold anything", async () => {
  const metrics = openMetrics();
  metrics.gauge("a", "How much.", ["x"]).with({ x: 'q"b\\n\ne' }).set(-1.5);
  assert.deepEqual(await told(metrics, "a{"), ['a{x="q\\"b\\\\n\\ne"} -1.5']);
});

test("a gauge goes up and down", async () => {
  const metrics = openMetrics();
  const gauge = metrics.gauge("a", "How much.").with({});
  gauge.set(5);
  gauge.inc();
  gauge.dec(3);
  assert.deepEqual(await told(metrics, "a "), ["a 3"]);
});

test("a histogram is told in cumulative buckets", async () => {
  const metrics = openMetrics();
  const histogram = metrics.histogram("a_seconds", "How long.", [0.1, 1], ["kind"]);
  const cell = histogram.with({ kind: "zip" });
  for (const value of [0.05, 0.1, 0.5, 1, 1.5, Number.NaN]) cell.observe(value);
  cell.sum = 3.15;
  assert.deepEqual(await told(metrics, "a_seconds"), [
    "# TYPE a_seconds histogram",
    'a_seconds_bucket{kind="zip",le="0.1"} 2',
    'a_seconds_bucket{kind="zip",le="1"} 4',
    'a_seconds_bucket{kind="zip",le="+Inf"} 6',
    'a_seconds_sum{kind="zip"} 3.15',
    'a_seconds_count{kind="zip"} 6',
  ]);
});

test("a collected metric is read when somebody asks", async () => {
  const metrics = openMetrics();
  let entries = 1;
  metrics.collected("a_entries", "How many.", "gauge", () => entries);
  metrics.collected("b_total", "How many.", "counter", () => [
    { labels: { kind: "zip" }, value: entries * 2 },
  ]);
  entries = 7;
  assert.deepEqual(await told(metrics, "a_entries"), ["# TYPE a_entries gauge", "a_entries 7"]);
  assert.deepEqual(await told(metrics, "b_total"), [
    "# TYPE b_total counter",
    'b_total{kind="zip"} 14',
  ]);
});

test("a metric may be declared after the first reading", async () => {
  const metrics = openMetrics();
  await metrics.text();
  metrics.gauge("late", "How much.").with({}).set(1);
  assert.deepEqual(await told(metrics, "late "), ["late 1"]);
});

test("the process is told of, too", async () => {
  const text = await openMetrics().text();
  for (const name of [
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "nodejs_eventloop_lag_p99_seconds",
    "nodejs_gc_duration_seconds",
    "nodejs_heap_size_used_bytes",
  ]) {
    assert.match(text, new RegExp(`^# TYPE ${name} `, "m"));
  }
});

const refused: readonly (readonly [
  what: string,
  declare: (metrics: Metrics) => unknown,
  RegExp,
])[] = [
  ["an illegal name", (metrics) => metrics.gauge("a-b", "A."), /a-b is no name for a metric/],
  ["a name of the process", (metrics) => metrics.gauge("process_x", "A."), /taken by the process/],
  ["a counter without _total", (metrics) => metrics.counter("a", "A."), /end with _total/],
  ["no help", (metrics) => metrics.gauge("a", " "), /needs a help text/],
  [
    "an illegal label",
    (metrics) => metrics.gauge("a", "A.", ["b-c"]),
    /b-c is no name for a label/,
  ],
  ["a reserved label", (metrics) => metrics.gauge("a", "A.", ["__b"]), /__b is no name/],
  ["a bucket label", (metrics) => metrics.histogram("a", "A.", [1], ["le"]), /le is no name/],
  ["no bounds", (metrics) => metrics.histogram("a", "A.", []), /finite and ascending/],
  ["bounds in disorder", (metrics) => metrics.histogram("a", "A.", [2, 1]), /finite and ascending/],
  ["equal bounds", (metrics) => metrics.histogram("a", "A.", [1, 1]), /finite and ascending/],
  [
    "an infinite bound",
    (metrics) => metrics.histogram("a", "A.", [1, Number.POSITIVE_INFINITY]),
    /finite and ascending/,
  ],
  [
    "the same name twice",
    (metrics) => [metrics.gauge("a", "A."), metrics.collected("a", "A.", "gauge", () => 1)],
    /a is declared twice/,
  ],
];

for (const [what, declare, message] of refused) {
  test(`openMetrics refuses ${what}`, () => {
    assert.throws(() => declare(openMetrics()), { message });
  });
}

const promtool = "promtool";
const hasPromtool = spawnSync(promtool, ["--version"]).status === 0;

test("promtool finds nothing to say", {
  skip: hasPromtool ? false : "promtool is not installed (Debian: prometheus)",
}, async () => {
  const metrics = openMetrics();
  metrics.counter("stoa_requests_total", "Requests.", ["kind"]).with({ kind: 'a"\n' }).inc();
  metrics.gauge("stoa_open_files", "Open files.").with({}).set(Number.NaN);
  metrics.histogram("stoa_answer_seconds", "Time.", [0.1, 1]).with({}).observe(0.5);
  const input = await metrics.text();
  const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], {
    input,
    encoding: "utf8",
  });
  assert.equal(`${stdout}${stderr}`, "");
  assert.equal(status, 0);
});
