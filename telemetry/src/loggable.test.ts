// Tests of loggable.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toLoggable } from "./loggable.ts";

const cases: readonly (readonly [name: string, value: unknown, expected: unknown])[] = [
  ["text", "a", "a"],
  ["a number", 1.5, 1.5],
  ["infinity", Number.POSITIVE_INFINITY, "Infinity"],
  ["not a number", Number.NaN, "NaN"],
  ["a bigint", 12n, "12"],
  ["true", true, true],
  ["null", null, null],
  ["undefined", undefined, undefined],
  ["a function", () => 1, undefined],
  ["a symbol", Symbol("a"), undefined],
  ["a list", [1, "a", [2n]], [1, "a", ["2"]]],
  ["a record", { a: { b: "c" } }, { a: { b: "c" } }],
  ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
  ["bytes", new Uint8Array(5), "(5 bytes)"],
  ["a url with a password", new URL("https://u:p@h/x"), "https://***@h/x"],
  [
    "credentials in depth",
    { a: [{ token: "x", text: "password=x" }] },
    { a: [{ token: "***", text: "password=***" }] },
  ],
];

for (const [name, value, expected] of cases) {
  test(`toLoggable shows ${name}`, () => {
    assert.deepEqual(toLoggable("value", value), expected);
  });
}

test("toLoggable shows a failure with its code, stack and causes, without credentials", () => {
  const cause = Object.assign(new TypeError("cannot reach https://u:p@h"), {
    code: "ECONNREFUSED",
  });
  const shown = toLoggable("failure", new Error("fetch failed", { cause })) as unknown as {
    type: string;
    message: string;
    stack: string;
    cause: { type: string; message: string; code: string };
  };
  assert.equal(shown.type, "Error");
  assert.equal(shown.message, "fetch failed");
  assert.match(shown.stack, /loggable\.test\.ts/);
  assert.equal(shown.cause.type, "TypeError");
  assert.equal(shown.cause.message, "cannot reach https://***@h");
  assert.equal(shown.cause.code, "ECONNREFUSED");
});

test("toLoggable shows all failures of an AggregateError", () => {
  const shown = toLoggable("failure", new AggregateError([new Error("one")], "all failed"));
  assert.match(JSON.stringify(shown), /"errors":\[\{"type":"Error","message":"one"/);
});

test("toLoggable ends where values contain themselves", () => {
  const loop: Record<string, unknown> = { name: "loop" };
  loop["self"] = loop;
  loop["list"] = [loop, loop];
  assert.deepEqual(toLoggable("value", loop), {
    name: "loop",
    self: "(circular)",
    list: ["(circular)", "(circular)"],
  });
});

test("toLoggable ends where values are very deep", () => {
  let deep: unknown = "bottom";
  for (let depth = 0; depth < 100; depth += 1) deep = [deep];
  assert.match(JSON.stringify(toLoggable("value", deep)), /^\[+"\(too deep\)"\]+$/);
});

test("toLoggable survives values that throw", () => {
  const hostile = {
    get trap(): string {
      throw new Error("no");
    },
  };
  assert.equal(toLoggable("value", hostile), "(cannot be shown: Error: no)");
  assert.deepEqual(toLoggable("value", Object.freeze(new Error("frozen"))) instanceof Object, true);
});
