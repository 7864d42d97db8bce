// Tests of http-date.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { secondsOfDate, toHttpDate, toHttpDateSeconds } from "./http-date.ts";

const example = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;

const cases: readonly (readonly [text: string, seconds: number | undefined])[] = [
  ["Sun, 06 Nov 1994 08:49:37 GMT", example],
  ["Sunday, 06-Nov-94 08:49:37 GMT", example],
  ["Sun Nov  6 08:49:37 1994", example],
  ["Sun Nov 16 08:49:37 1994", example + 10 * 86_400],
  ["Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29) / 1000],
  ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1) / 1000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["Wed, 29 Feb 2023 00:00:00 GMT", undefined],
  ["Sun, 00 Nov 1994 08:49:37 GMT", undefined],
  ["Sun, 32 Jan 1994 08:49:37 GMT", undefined],
  ["Sun, 06 Nov 1994 24:00:00 GMT", undefined],
  ["Sun, 06 Nov 1994 08:60:00 GMT", undefined],
  ["Sun, 06 Nov 1994 08:49:37 CET", undefined],
  ["Sun, 06 Nov 1994 08:49:37 +0000", undefined],
  ["sun, 06 nov 1994 08:49:37 gmt", undefined],
  ["Sun, 6 Nov 1994 08:49:37 GMT", undefined],
  [" Sun, 06 Nov 1994 08:49:37 GMT", undefined],
  ["1994-11-06T08:49:37Z", undefined],
  ["784111777", undefined],
  ["", undefined],
];

for (const [text, seconds] of cases) {
  test(`toHttpDateSeconds ${seconds === undefined ? "refuses" : "reads"} ${JSON.stringify(text)}`, () => {
    assert.equal(toHttpDateSeconds(text), seconds);
  });
}

test("toHttpDateSeconds takes a two-digit year for the nearest past when it is far ahead", () => {
  const thisYear = new Date().getUTCFullYear();
  const farAhead = String((thisYear + 60) % 100).padStart(2, "0");
  const seconds = toHttpDateSeconds(`Sunday, 06-Nov-${farAhead} 08:49:37 GMT`) ?? 0;
  assert.equal(new Date(seconds * 1000).getUTCFullYear(), thisYear - 40);
});

test("toHttpDate and toHttpDateSeconds agree", () => {
  const date = new Date(1_700_000_000_999);
  assert.equal(toHttpDate(date), "Tue, 14 Nov 2023 22:13:20 GMT");
  assert.equal(toHttpDateSeconds(toHttpDate(date)), secondsOfDate(date));
});
