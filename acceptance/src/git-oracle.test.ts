// Modules straight from repositories: this program and the go command must say the same about every one of them.
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { contentScenarios } from "./git-oracle/content-scenarios.ts";
import type { Explained, ModuleAnswer, VersionAnswer } from "./git-oracle/direct-answers.ts";
import { discoveryScenarios } from "./git-oracle/discovery-scenarios.ts";
import { goVersions } from "./git-oracle/go-side.ts";
import { type Filling, type Oracle, openOracle } from "./git-oracle/oracle.ts";
import { randomScenario } from "./git-oracle/random-scenarios.ts";
import type { Scenario } from "./git-oracle/scenario.ts";
import { sizeScenario } from "./git-oracle/size-scenarios.ts";
import { stoaModule, stoaVersion } from "./git-oracle/stoa-side.ts";
import { versionScenarios } from "./git-oracle/version-scenarios.ts";
import { goIsMissing } from "./testing/go-command.ts";

/** `ORACLE_SEEDS=5,6,7` tries others. */
const seeds = (process.env["ORACLE_SEEDS"] ?? "1").split(",").map(Number);
/** What is in a mirror decides where files come from; versions hardly depend on it. */
const everyWay: readonly Filling[] = ["whole", "without files", "with commits alone"];
const trials: readonly (readonly [Scenario, readonly Filling[]])[] = [
  ...versionScenarios().map((scenario) => [scenario, ["whole"]] as const),
  ...discoveryScenarios().map((scenario) => [scenario, ["whole"]] as const),
  ...contentScenarios().map((scenario) => [scenario, everyWay] as const),
  [sizeScenario(), ["whole"]],
  ...seeds.map((seed) => [randomScenario(seed), everyWay] as const),
];

describe("modules from repositories, as the go command has them", { skip: goIsMissing() }, () => {
  let oracle: Oracle;

  before(async () => {
    oracle = await openOracle(trials.map(([scenario]) => scenario));
  });
  after(() => oracle[Symbol.asyncDispose]());

  it("has something to compare", () => {
    const answers = [...oracle.versions.values()];
    const whole = answers.filter(({ sum }) => sum !== undefined);
    const refused = answers.filter(({ version }) => version === undefined);
    const faulty = answers.filter(({ version, sum }) => version !== undefined && sum === undefined);
    assert.ok(whole.length > 200, `only ${whole.length} versions have a zip`);
    assert.ok(refused.length > 200, `only ${refused.length} questions have no answer`);
    assert.ok(faulty.length > 10, `only ${faulty.length} versions can have no zip`);
  });

  for (const [scenario, fillings] of trials) {
    for (const filling of fillings) {
      it(`${scenario.name} (mirrored ${filling})`, async (test) => {
        const side = oracle.sides[filling];
        const versions = (oracle.questions.get(scenario) ?? []).map(async (question) => {
          const ours = await stoaVersion(side, question, test.signal);
          return differences(question, ours, oracle.versions.get(question)!);
        });
        const modules = scenario.modules.map(async (module) => {
          const ours = await stoaModule(side, module, test.signal);
          return differences(module, ours, oracle.modules.get(module)!);
        });
        const found = await Promise.all([...versions, ...modules]);
        assert.equal(found.flat().join("\n"), "");
      });
    }
  }

  for (const question of [
    "github.com/tags/m@v1.0.0",
    "github.com/tags/m@v1.1.0",
    "github.com/tags/m@side",
    "github.com/pseudo/m@main",
    "github.com/mono/repo/sub@v1.1.0",
    "github.com/mono/repo/sub/v2@v2.1.0",
  ]) {
    it(`${question}: the name that led to the commit, at the first meeting`, async (test) => {
      await using go = await oracle.newGo();
      const theirs = (await goVersions(go, [question])).get(question)!;
      const ours = await stoaVersion(oracle.sides.whole, question, test.signal);
      // Of a version it is in the info, of a query in the answer to that.
      const isVersion = question.endsWith(`@${ours.version}`);
      assert.match(JSON.stringify(theirs), /Ref/);
      assert.deepEqual(ours.origin, theirs.origin);
      if (isVersion) assert.equal(ours.info, theirs.info);
    });
  }
});

function differences<T extends VersionAnswer | ModuleAnswer>(
  asked: string,
  ours: Explained<T>,
  theirs: Explained<T>,
): string[] {
  const [left, right] = [comparable(ours, theirs), comparable(theirs, ours)];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .filter((key) => left[key] !== right[key])
    .map(
      (key) =>
        `${asked}: ${key}:\n  here ${left[key]} (${ours.words})\n  go   ${right[key]} (${theirs.words})`,
    );
}

/**
 * Every field as JSON. Which name led to a commit does not count here: the go command leaves it out, or names another
 * one, if it has met the commit before. What it says at the first meeting is compared above.
 */
function comparable(answer: object, other: object): Record<string, string | undefined> {
  const isKnown = (key: string) =>
    key !== "versions" || (other as ModuleAnswer).versions !== undefined;
  const fields = Object.entries(answer).filter(
    ([key, value]) => key !== "words" && value !== undefined && isKnown(key),
  );
  const ref = /,\\?"Ref\\?":\\?"[^"]*\\?"/;
  return Object.fromEntries(
    fields.map(([key, value]) => [key, JSON.stringify(value).replace(ref, "")]),
  );
}
