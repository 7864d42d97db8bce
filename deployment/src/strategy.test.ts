import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatStrategy,
  nextWaveSize,
  parseStrategy,
  planWaves,
  successesNeeded,
} from "./strategy.ts";

// The figures that CodeDeploy's documentation gives ("Working with deployment configurations", minimum healthy hosts).
const atOnce: readonly (readonly [
  strategy: string,
  machines: number,
  lost: number,
  size: number,
])[] = [
  ["minimum-healthy:95%", 10, 0, 0],
  ["minimum-healthy:9", 10, 0, 1],
  ["minimum-healthy:8", 10, 0, 2],
  ["minimum-healthy:8", 10, 1, 1],
  ["minimum-healthy:8", 10, 2, 0],
  ["minimum-healthy:0", 10, 0, 10],
  ["minimum-healthy:85%", 10, 0, 1],
  ["minimum-healthy:6", 9, 0, 3],
  ["minimum-healthy:40%", 9, 0, 5],
  ["CodeDeployDefault.HalfAtATime", 9, 0, 4],
  ["CodeDeployDefault.HalfAtATime", 9, 4, 0],
  ["CodeDeployDefault.HalfAtATime", 1, 0, 1],
  ["CodeDeployDefault.AllAtOnce", 9, 0, 9],
  ["CodeDeployDefault.AllAtOnce", 9, 8, 1],
  ["CodeDeployDefault.OneAtATime", 9, 0, 1],
  ["CodeDeployDefault.OneAtATime", 9, 1, 0],
  ["CodeDeployDefault.OneAtATime", 1, 0, 1],
  ["25%", 9, 0, 2],
  ["1%", 9, 0, 1],
  ["100%", 9, 0, 9],
];

for (const [text, machines, lost, size] of atOnce) {
  test(`nextWaveSize of ${text}, ${lost} of ${machines} lost, is ${size}`, () => {
    assert.equal(nextWaveSize(parseStrategy(text), { machines, lost, waves: 1 }), size);
  });
}

const needed: readonly (readonly [strategy: string, machines: number, successes: number])[] = [
  ["half", 9, 5],
  ["half", 10, 5],
  ["all", 9, 1],
  ["one", 9, 9],
  ["one", 1, 1],
  ["minimum-healthy:8", 10, 8],
  ["minimum-healthy:0", 10, 1],
  ["minimum-healthy:85%", 10, 9],
  ["canary:1:half", 9, 5],
];

for (const [text, machines, successes] of needed) {
  test(`successesNeeded of ${text} among ${machines} is ${successes}`, () => {
    assert.equal(successesNeeded(parseStrategy(text), machines), successes);
  });
}

const nine = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
const waves: readonly (readonly [strategy: string, sizes: readonly number[]])[] = [
  ["all-at-once", [9]],
  ["half", [4, 4, 1]],
  ["one-at-a-time", [1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ["34%", [3, 3, 3]],
  ["minimum-healthy:6", [3, 3, 3]],
  ["minimum-healthy:40%", [5, 4]],
  ["canary", [1, 8]],
  ["canary:2:half", [2, 4, 3]],
  ["canary:1:one", [1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ["canary:20", [9]],
];

for (const [text, sizes] of waves) {
  test(`planWaves of ${text} for nine machines is ${sizes.join(", ")}`, () => {
    const planned = planWaves(parseStrategy(text), nine);
    assert.deepEqual(
      planned.map((wave) => wave.length),
      sizes,
    );
    assert.deepEqual(planned.flat(), nine);
  });
}

test("planWaves refuses a floor that lets nothing be changed", () => {
  assert.throws(
    () => planWaves(parseStrategy("minimum-healthy:9"), nine),
    /keeps 9 of 9 machines well/,
  );
  assert.throws(
    () => planWaves(parseStrategy("minimum-healthy:100%"), nine),
    /none could ever be changed/,
  );
});

for (const text of [
  "all-at-once",
  "half",
  "one-at-a-time",
  "25%",
  "0.5%",
  "minimum-healthy:6",
  "minimum-healthy:40%",
  "canary:3:half",
  "canary:1:minimum-healthy:6",
]) {
  test(`formatStrategy gives ${text} back`, () => {
    assert.equal(formatStrategy(parseStrategy(text)), text);
  });
}

for (const text of [
  "",
  "some",
  "0%",
  "101%",
  "-1%",
  "canary:0",
  "canary:1:canary",
  "minimum-healthy:",
  "minimum-healthy:101%",
  "minimum-healthy:1.5",
  "ONE",
]) {
  test(`parseStrategy refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseStrategy(text), { name: "DocumentProblem" });
  });
}
