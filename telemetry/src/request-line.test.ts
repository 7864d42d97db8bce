// Tests of request-line.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lineNames } from "./log-format.ts";
import { type RequestLine, requestAsEvent, requestLinesAsJson } from "./request-line.ts";

const toJson = requestLinesAsJson(lineNames.json);
const bare: RequestLine = { method: "GET", path: "/a", status: 200, bytes: 12, ms: 1.5, id: "x-1" };
const time = "2026-01-02T03:04:05.678Z";

test("requestLinesAsJson writes a bare line", () => {
  assert.equal(
    toJson(bare, time),
    `{"level":"info","time":"${time}","msg":"request","method":"GET","path":"/a","status":200,"bytes":12,"ms":1.5,"id":"x-1"}\n`.replace(
      '"ms":1.5,',
      '"ms":1.500,',
    ),
  );
});

test("requestLinesAsJson writes a full line", () => {
  const full: RequestLine = {
    ...bare,
    module: "example.com/a",
    version: "v1.0.0",
    cache: "miss",
    upstream: "proxy.golang.org",
    remote: "::1",
  };
  assert.deepEqual(JSON.parse(toJson(full, time)), {
    level: "info",
    time,
    msg: "request",
    method: "GET",
    path: "/a",
    module: "example.com/a",
    version: "v1.0.0",
    status: 200,
    bytes: 12,
    ms: 1.5,
    cache: "miss",
    upstream: "proxy.golang.org",
    id: "x-1",
    remote: "::1",
  });
});

test("requestLinesAsJson uses the names of its format", () => {
  const parsed = JSON.parse(requestLinesAsJson(lineNames.gcp)(bare, time));
  assert.equal(parsed.severity, "INFO");
  assert.equal(parsed.timestamp, time);
  assert.equal(parsed.message, "request");
});

test("requestLinesAsJson escapes whatever clients send", () => {
  const hostile = 'a"b\\c\nd\u0000e\ud800';
  const line = { ...bare, method: hostile, path: hostile, module: hostile, id: hostile };
  const text = toJson(
    { ...line, version: hostile, cache: hostile, upstream: hostile, remote: hostile },
    time,
  );
  assert.equal(text.indexOf("\n"), text.length - 1);
  const parsed = JSON.parse(text);
  for (const name of ["method", "path", "module", "version", "cache", "upstream", "id", "remote"]) {
    assert.equal(parsed[name], hostile, name);
  }
});

test("request lines show no query string", () => {
  const line = { ...bare, path: "/a?token=secret" };
  assert.equal(JSON.parse(toJson(line, time)).path, "/a");
  assert.equal(requestAsEvent(line)[0], "GET /a 200");
});

const durations: readonly (readonly [ms: number, written: number])[] = [
  [0, 0],
  [1, 1],
  [0.0004, 0],
  [0.0005, 0.001],
  [0.012, 0.012],
  [0.12, 0.12],
  [1.0049, 1.005],
  [1.9996, 2],
  [59_999.9994, 59_999.999],
  [-1, 0],
  [Number.NaN, 0],
  [Number.POSITIVE_INFINITY, 0],
];

for (const [ms, written] of durations) {
  test(`requestLinesAsJson writes ${ms} ms as ${written}`, () => {
    assert.equal(JSON.parse(toJson({ ...bare, ms }, time)).ms, written);
  });
}
