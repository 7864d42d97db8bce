// Which failure a row of upstreams ends in, and who is asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath, parseVersion, type Version } from "@stoa/gomod";
import { type FallbackEntry, fallbackUpstream } from "./fallback-upstream.ts";
import { ProxyFailure, type ProxyFailureCode } from "./proxy-failure.ts";
import { offUpstream, refusingUpstream } from "./refusing-upstream.ts";
import type { Upstream } from "./upstream.ts";

const never = new AbortController().signal;
const path = parseModulePath("example.com/m");
const module = { path, version: parseVersion("v1.0.0") };

/** An upstream that answers a list with its own name as a version, and counts. */
function answering(version: string): Upstream & { asked: number } {
  const upstream = {
    ...refusingUpstream(version, "unsupported", "only lists here"),
    asked: 0,
    list: async (): Promise<readonly Version[]> => {
      upstream.asked += 1;
      return [parseVersion(version)];
    },
  };
  return upstream;
}

/** `404,502|…`: entries by what they fail with, and by their separators. */
function row(written: string): readonly FallbackEntry[] {
  return [...written.matchAll(/([^,|]+)([,|]?)/g)].map(([, word = "", separator], place) => ({
    upstream: named(word, place),
    onFailure: separator === "|" ? "next-on-any" : "next-if-absent",
    isOff: word === "off",
  }));
}

const codes: Readonly<Record<string, ProxyFailureCode>> = {
  "404": "not_found",
  "403": "refused",
  "502": "upstream_unavailable",
  "504": "timed_out",
  loop: "loop",
};

function named(word: string, place: number): Upstream {
  if (word === "ok") return answering("v1.0.0");
  if (word === "off") return offUpstream();
  if (word === "direct") return refusingUpstream("direct", "unsupported", "direct cannot be asked");
  return refusingUpstream(`p${place}`, codes[word] ?? "bad_request", `p${place} says ${word}`);
}

const outcomes: readonly [row: string, outcome: string, message?: RegExp][] = [
  ["ok", "answer"],
  ["404,ok", "answer"],
  ["404|ok", "answer"],
  ["404,404,ok", "answer"],
  ["502,ok", "upstream_unavailable"],
  ["502|ok", "answer"],
  ["403,ok", "refused"],
  ["403|ok", "answer"],
  ["504|404,ok", "answer"],
  ["loop,ok", "loop"],
  ["loop|ok", "answer"],
  ["404", "not_found"],
  ["404,404", "not_found", /^p1 says 404$/],
  ["404,502", "upstream_unavailable"],
  // The go command would report the 404 of a direct source here; but the one that is down might have had it.
  ["502|404", "upstream_unavailable", /^p0 says 502$/],
  ["502|504", "timed_out", /^p1 says 504$/],
  ["404,502|404", "upstream_unavailable"],
  ["off", "refused", /GOPROXY=off/],
  ["404,off", "not_found", /^p0 says 404$/],
  ["502|off", "upstream_unavailable"],
  ["403|off", "refused", /^p0 says 403$/],
  ["direct", "unsupported"],
  ["404,direct", "not_found", /^p0 says 404; direct cannot be asked/],
  ["502|direct", "upstream_unavailable", /^p0 says 502; direct cannot be asked/],
  ["404,off,ok", "not_found"],
];
for (const [written, outcome, message] of outcomes) {
  test(`${written} ends in ${outcome}`, async () => {
    const asked = fallbackUpstream(row(written)).list(path, never);
    if (outcome === "answer") {
      assert.deepEqual(await asked, ["v1.0.0"]);
      return;
    }
    await assert.rejects(asked, (failure) => {
      assert.ok(failure instanceof ProxyFailure);
      assert.equal(failure.code, outcome);
      assert.deepEqual(failure.subject, { path });
      if (message !== undefined) assert.match(failure.message, message);
      return true;
    });
  });
}

test("who comes after an answer is not asked", async () => {
  const [first, second] = [answering("v1.0.0"), answering("v2.0.0")];
  const entries = [first, second].map(
    (upstream) => ({ upstream, onFailure: "next-on-any" }) as const,
  );
  assert.deepEqual(await fallbackUpstream(entries).list(path, never), ["v1.0.0"]);
  assert.deepEqual([first.asked, second.asked], [1, 0]);
});

test("every kind of question falls back", async () => {
  const upstream = fallbackUpstream(row("404,404"));
  const asked = [
    upstream.list(path, never),
    upstream.resolve(path, "main", never),
    upstream.info(module, never),
    upstream.mod(module, never),
    upstream.zip(module, never),
  ];
  await Promise.all(
    asked.map((one) => assert.rejects(one, { code: "not_found", message: "p1 says 404" })),
  );
});

test("an abort and a bug end the row at once", async () => {
  const reason = new Error("the client has left");
  const leaving: Upstream = { ...answering("v1.0.0"), list: () => Promise.reject(reason) };
  const next = answering("v1.0.0");
  const upstream = fallbackUpstream([
    { upstream: leaving, onFailure: "next-on-any" },
    { upstream: next, onFailure: "next-on-any" },
  ]);
  await assert.rejects(upstream.list(path, never), reason);
  assert.equal(next.asked, 0);
});

test("the name of a row lists its members", () => {
  assert.equal(fallbackUpstream(row("404,direct")).name, "p0,direct");
});
