// What is shown of an upstream's own words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath } from "@stoa/gomod";
import { upstreamReason } from "./upstream-reason.ts";

const subject = { path: parseModulePath("example.com/m"), version: "v1.2.9" };
const long = "very ".repeat(100);

const cases: readonly [type: string | undefined, body: string, reason: string | undefined][] = [
  [
    "text/plain; charset=UTF-8",
    "not found: example.com/m@v1.2.9: invalid version: unknown revision v1.2.9\nmore",
    "unknown revision v1.2.9",
  ],
  ["text/plain", "not found: module example.com/m: git said no", "git said no"],
  ["text/plain", "not found: fetch timed out", "fetch timed out"],
  ["text/plain", "bad request: malformed", "malformed"],
  [
    "text/plain",
    "\n  this version is in quarantine until Monday  \n",
    "this version is in quarantine until Monday",
  ],
  [
    "text/plain",
    "timed out: example.com/m@v1.2.9: storage.example was too slow",
    "storage.example was too slow",
  ],
  ["text/plain", "404 page not found", "404 page not found"],
  [undefined, "no type at all", "no type at all"],
  ["text/html", "<html>", undefined],
  ["application/json", "{}", undefined],
  ["text/plainer", "x", undefined],
  ["text/plain", "", undefined],
  ["text/plain", "\n\n", undefined],
  ["text/plain", "escape \u001b[31m red", undefined],
  ["text/plain", long, `${long.slice(0, 199)}…`],
];
for (const [type, body, reason] of cases) {
  test(`upstreamReason of ${type} ${JSON.stringify(body.slice(0, 60))}`, () => {
    assert.equal(upstreamReason(type, Buffer.from(body), subject), reason);
  });
}

test("upstreamReason of bytes that are no UTF-8 is none", () => {
  assert.equal(upstreamReason("text/plain", Buffer.from([0x66, 0xff, 0x66]), subject), undefined);
});
