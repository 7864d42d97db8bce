import assert from "node:assert/strict";
import { test } from "node:test";
import {
  anyText,
  list,
  object,
  oneOf,
  optional,
  record,
  type Shape,
  shortText,
  truth,
  variants,
  whole,
} from "./shape.ts";

interface Part {
  readonly name: string;
  readonly mode?: number;
}
const part = object<Part>({ name: anyText, mode: optional(whole(0, 7)) });

type Question = { readonly kind: "http"; readonly path: string } | { readonly kind: "none" };
const question = variants<Question>({
  http: object<Extract<Question, { readonly kind: "http" }>>({
    kind: oneOf("http"),
    path: anyText,
  }),
  none: object<Extract<Question, { readonly kind: "none" }>>({ kind: oneOf("none") }),
});

const byName = record(
  anyText.that((name) => name !== "", "must have a name"),
  whole(1),
);

const few = list(part).that(({ length }) => length < 3, "must not hold more than 2");

const right: readonly (readonly [what: string, shape: Shape<unknown>, values: unknown[]])[] = [
  ["a text", anyText, ["", "a"]],
  ["a short text", shortText(2), ["", "ab"]],
  ["a truth", truth, [true, false]],
  ["a whole number", whole(0), [0, Number.MAX_SAFE_INTEGER]],
  ["a bounded number", whole(1, 3), [1, 3]],
  ["one of two", oneOf<string | number>("a", 2), ["a", 2]],
  ["a list", few, [[], [{ name: "a" }, { name: "b", mode: 7 }]]],
  ["a record", byName, [{}, { a: 1, constructor: 2 }]],
  ["a variant", question, [{ kind: "none" }, { kind: "http", path: "/" }]],
];

for (const [what, shape, values] of right) {
  test(`Shape takes ${what}`, () => {
    for (const value of values) assert.equal(shape.mismatchIn(value), undefined);
  });
}

const wrong: readonly (readonly [
  shape: Shape<unknown>,
  value: unknown,
  path: readonly (string | number)[],
  reason: string,
])[] = [
  [anyText, 1, [], "must be a string"],
  [shortText(2), "abc", [], "must not be longer than 2"],
  [truth, 0, [], "must be a boolean"],
  [whole(0), 1.5, [], "must be a whole number"],
  [whole(0), 2 ** 53, [], "must be a whole number"],
  [whole(0), "1", [], "must be a whole number"],
  [whole(1), 0, [], "must be 1 or more"],
  [whole(1, 3), 4, [], "must be 1 to 3"],
  [oneOf<string | number>("a", 2), "2", [], 'must be "a" or 2'],
  [few, {}, [], "must be an array"],
  [few, [{ name: "a" }, { name: 2 }], [1, "name"], "must be a string"],
  [few, [{ name: "a" }, { name: "b" }, { name: "c" }], [], "must not hold more than 2"],
  [part, null, [], "must be an object"],
  [part, [], [], "must be an object"],
  [part, {}, ["name"], "is missing"],
  [part, { name: undefined }, ["name"], "is missing"],
  [part, Object.create({ name: "a" }), ["name"], "is missing"],
  [part, { name: "a", mode: undefined }, ["mode"], "must be a whole number"],
  [part, { name: "a", b: 1, c: 2 }, [], 'has members that this version does not know: "b", "c"'],
  [
    part,
    JSON.parse('{"name":"a","__proto__":{}}'),
    [],
    'has members that this version does not know: "__proto__"',
  ],
  [byName, { a: 0 }, ["a"], "must be 1 or more"],
  [byName, { "": 1 }, [""], "must have a name"],
  [byName, JSON.parse('{"__proto__":1}'), ["__proto__"], "is no name"],
  [question, "none", [], "must be an object"],
  [question, {}, ["kind"], "is missing"],
  [question, { kind: "grpc" }, ["kind"], 'must be "http" or "none"'],
  [question, { kind: "constructor" }, ["kind"], 'must be "http" or "none"'],
  [question, { kind: "http" }, ["path"], "is missing"],
];

for (const [shape, value, path, reason] of wrong) {
  test(`Shape says that ${JSON.stringify(value) ?? "nothing"}: ${path.join(".")} ${reason}`, () => {
    assert.deepEqual(shape.mismatchIn(value), { path, reason });
    assert.equal(shape.matches(value), false);
  });
}

test("Shape.that asks only values that have the shape, and names the place", () => {
  const shape = part.that(({ name }) => name.length > 1, "must be longer", ["name"]);
  assert.deepEqual(shape.mismatchIn({ name: 1 }), { path: ["name"], reason: "must be a string" });
  assert.deepEqual(shape.mismatchIn({ name: "a" }), { path: ["name"], reason: "must be longer" });
  assert.equal(shape.mismatchIn({ name: "ab" }), undefined);
});
