// Tests of conditions.ts: the precedence of RFC 9110 §13.2.2, case by case.
import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import { decideAnswer, isUnconditional } from "./conditions.ts";

const modified = new Date(Date.UTC(2024, 4, 5, 10, 0, 0, 700));
const same = "Sun, 05 May 2024 10:00:00 GMT";
const before = "Sun, 05 May 2024 09:59:59 GMT";
const after = "Sun, 05 May 2024 10:00:01 GMT";
const range = "bytes=2-5";

interface Case {
  readonly method?: string;
  readonly headers: IncomingHttpHeaders;
  readonly answer: number;
}

const cases: readonly Case[] = [
  { headers: {}, answer: 200 },
  { headers: { host: "a", "accept-encoding": "gzip" }, answer: 200 },
  { method: "HEAD", headers: {}, answer: 200 },

  { headers: { "if-none-match": '"v1"' }, answer: 304 },
  { headers: { "if-none-match": 'W/"v1"' }, answer: 304 },
  { headers: { "if-none-match": '"v0", "v1"' }, answer: 304 },
  { headers: { "if-none-match": "*" }, answer: 304 },
  { headers: { "if-none-match": '"v0"' }, answer: 200 },
  { headers: { "if-none-match": "v1" }, answer: 200 },
  { method: "HEAD", headers: { "if-none-match": '"v1"' }, answer: 304 },
  { method: "PUT", headers: { "if-none-match": '"v1"' }, answer: 412 },
  { method: "PUT", headers: { "if-none-match": "*" }, answer: 412 },
  { method: "PUT", headers: { "if-none-match": '"v0"' }, answer: 200 },

  { headers: { "if-modified-since": same }, answer: 304 },
  { headers: { "if-modified-since": after }, answer: 304 },
  { headers: { "if-modified-since": before }, answer: 200 },
  { headers: { "if-modified-since": "yesterday" }, answer: 200 },
  { method: "HEAD", headers: { "if-modified-since": same }, answer: 304 },
  { method: "PUT", headers: { "if-modified-since": same }, answer: 200 },
  { headers: { "if-none-match": '"v0"', "if-modified-since": same }, answer: 200 },
  { headers: { "if-none-match": '"v1"', "if-modified-since": before }, answer: 304 },

  { headers: { "if-match": '"v1"' }, answer: 200 },
  { headers: { "if-match": "*" }, answer: 200 },
  { headers: { "if-match": '"v0", "v1"' }, answer: 200 },
  { headers: { "if-match": '"v0"' }, answer: 412 },
  { headers: { "if-match": 'W/"v1"' }, answer: 412 },
  { headers: { "if-match": '"v0"', "if-none-match": '"v1"' }, answer: 412 },
  { headers: { "if-match": '"v1"', "if-none-match": '"v1"' }, answer: 304 },
  { method: "HEAD", headers: { "if-match": '"v0"' }, answer: 412 },

  { headers: { "if-unmodified-since": same }, answer: 200 },
  { headers: { "if-unmodified-since": after }, answer: 200 },
  { headers: { "if-unmodified-since": before }, answer: 412 },
  { headers: { "if-unmodified-since": "yesterday" }, answer: 200 },
  { headers: { "if-match": '"v1"', "if-unmodified-since": before }, answer: 200 },
  { headers: { "if-match": '"v0"', "if-unmodified-since": after }, answer: 412 },

  { headers: { range }, answer: 206 },
  { headers: { range: "bytes=-3" }, answer: 206 },
  { headers: { range: "bytes=10-" }, answer: 416 },
  { headers: { range: "bytes=5-2" }, answer: 200 },
  { headers: { range: "bytes=0-1,3-4" }, answer: 200 },
  { method: "HEAD", headers: { range }, answer: 200 },
  { method: "HEAD", headers: { range: "bytes=10-" }, answer: 200 },
  { headers: { range, "if-none-match": '"v1"' }, answer: 304 },
  { headers: { range, "if-none-match": '"v0"' }, answer: 206 },
  { headers: { range, "if-match": '"v0"' }, answer: 412 },
  { headers: { range: "bytes=10-", "if-match": '"v0"' }, answer: 412 },
  { headers: { range, "if-unmodified-since": before }, answer: 412 },

  { headers: { range, "if-range": '"v1"' }, answer: 206 },
  { headers: { range, "if-range": '"v0"' }, answer: 200 },
  { headers: { range, "if-range": 'W/"v1"' }, answer: 200 },
  { headers: { range, "if-range": '"v1", "v0"' }, answer: 200 },
  { headers: { range, "if-range": "*" }, answer: 200 },
  { headers: { range, "if-range": same }, answer: 206 },
  { headers: { range, "if-range": before }, answer: 200 },
  { headers: { range, "if-range": after }, answer: 200 },
  { headers: { range, "if-range": "yesterday" }, answer: 200 },
  { headers: { range: "bytes=10-", "if-range": '"v0"' }, answer: 200 },
  { headers: { range: "bytes=10-", "if-range": '"v1"' }, answer: 416 },
  { headers: { "if-range": '"v0"' }, answer: 200 },
];

for (const { method = "GET", headers, answer } of cases) {
  test(`decideAnswer gives ${answer} to ${method} with ${JSON.stringify(headers)}`, () => {
    const verdict = decideAnswer(method, headers, { etag: '"v1"', modified }, 10);
    assert.equal(verdict.status, answer);
  });
  if (answer !== 200 && method !== "PUT") {
    test(`isUnconditional lets decideAnswer look at ${JSON.stringify(headers)}`, () => {
      assert.equal(isUnconditional(headers), false);
    });
  }
}

test("decideAnswer says which bytes a 206 has", () => {
  const verdict = decideAnswer("GET", { range: "bytes=-3" }, { etag: '"v1"' }, 10);
  assert.deepEqual(verdict, { status: 206, range: { first: 7, last: 9 } });
});

const undated: readonly (readonly [header: string, answer: number])[] = [
  ["if-modified-since", 200],
  ["if-unmodified-since", 200],
];

for (const [header, answer] of undated) {
  test(`decideAnswer ignores ${header} where no date is known`, () => {
    assert.equal(decideAnswer("GET", { [header]: after }, { etag: '"v1"' }, 10).status, answer);
    assert.equal(decideAnswer("GET", { [header]: before }, { etag: '"v1"' }, 10).status, answer);
  });
}

test("decideAnswer takes no date in If-Range where no date is known", () => {
  const verdict = decideAnswer("GET", { range, "if-range": same }, { etag: '"v1"' }, 10);
  assert.equal(verdict.status, 200);
});

test("decideAnswer never takes a weak tag of its own for strong", () => {
  const weak = { etag: 'W/"v1"' };
  assert.equal(decideAnswer("GET", { "if-match": 'W/"v1"' }, weak, 10).status, 412);
  assert.equal(decideAnswer("GET", { range, "if-range": 'W/"v1"' }, weak, 10).status, 200);
  assert.equal(decideAnswer("GET", { "if-none-match": '"v1"' }, weak, 10).status, 304);
});

test("isUnconditional holds for what the go command sends", () => {
  const headers = { host: "a", "user-agent": "Go-http-client/1.1", "accept-encoding": "gzip" };
  assert.equal(isUnconditional(headers), true);
});
