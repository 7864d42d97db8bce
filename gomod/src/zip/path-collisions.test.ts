import assert from "node:assert/strict";
import { test } from "node:test";
import { PathCollisions } from "./path-collisions.ts";

/** Paths in the order in which they are added; those that end with a slash are directories. */
const sound = [
  ["a", "b", "a.go", "A.md"],
  ["a/b", "a/c", "a/b.go", "a/"],
  ["a/", "a/", "a/b"],
  ["a/b/c/d", "a/b/e", "f/b/c/d"],
  ["ß", "ss"],
];

const colliding: readonly { readonly paths: readonly string[]; readonly problem: RegExp }[] = [
  { paths: ["a", "A"], problem: /^"a" and "A" differ only in case$/ },
  { paths: ["k.go", "\u212a.go"], problem: /differ only in case/ },
  { paths: ["A/b", "a/c"], problem: /^"A" and "a" differ only in case$/ },
  { paths: ["x/A/b", "x/a"], problem: /^"x\/A" and "x\/a" differ only in case$/ },
  { paths: ["a", "a"], problem: /^the file "a" occurs twice$/ },
  { paths: ["a", "a/"], problem: /^"a" is both a file and a directory$/ },
  { paths: ["a/b", "a"], problem: /^"a" is both a file and a directory$/ },
  { paths: ["a", "a/b/c"], problem: /^"a" is both a file and a directory$/ },
];

for (const paths of sound) {
  test(`PathCollisions finds none in ${paths}`, () => {
    assert.deepEqual(new Set(problems(paths)), new Set([undefined]));
  });
}

for (const { paths, problem } of colliding) {
  test(`PathCollisions finds one in ${paths}`, () => {
    const [last, ...others] = problems(paths).reverse();
    assert.match(last ?? "", problem);
    assert.deepEqual(new Set(others), new Set([undefined]));
  });
}

test("PathCollisions remembers a path that collided, as Go does", () => {
  const [first, ...others] = problems(["A/x", "a/y", "A/y"]);
  assert.equal(first, undefined);
  assert.deepEqual(others, [
    '"A" and "a" differ only in case',
    '"a/y" and "A/y" differ only in case',
  ]);
});

test("PathCollisions counts paths and the directories above them", () => {
  const collisions = new PathCollisions();
  for (const path of ["a/b/c", "a/b/d", "e"]) collisions.add(path, false);
  assert.equal(collisions.size, 5);
});

test("PathCollisions takes many names of ten thousand elements each", () => {
  const collisions = new PathCollisions();
  const deep = "d/".repeat(10_000);
  for (let number = 0; number < 100; number++) {
    assert.equal(collisions.add(`${deep}${number}`, false), undefined);
  }
  assert.equal(collisions.size, 10_100);
});

function problems(paths: readonly string[]): (string | undefined)[] {
  const collisions = new PathCollisions();
  return paths.map((path) => collisions.add(path.replace(/\/$/, ""), path.endsWith("/")));
}
