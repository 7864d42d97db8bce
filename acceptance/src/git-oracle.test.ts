// Modules straight from repositories: this program and the go command must say the same about every one of them.
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import {
  type GitServer,
  gitServer,
} from "../../proxy/src/adapters/git-upstream/testing/git-server.ts";
import { git } from "../../proxy/src/adapters/git-upstream/testing/repository-draft.ts";
import { contentScenarios } from "./git-oracle/content-scenarios.ts";
import type { Explained, ModuleAnswer, VersionAnswer } from "./git-oracle/direct-answers.ts";
import { discoveryScenarios } from "./git-oracle/discovery-scenarios.ts";
import { goModules, goVersions } from "./git-oracle/go-side.ts";
import { randomScenario } from "./git-oracle/random-scenarios.ts";
import { type Scenario, withHashes } from "./git-oracle/scenario.ts";
import { type StoaSide, stoaModule, stoaSide, stoaVersion } from "./git-oracle/stoa-side.ts";
import { versionScenarios } from "./git-oracle/version-scenarios.ts";
import { type GoCommand, goCommand, goIsMissing } from "./testing/go-command.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

/** `ORACLE_SEEDS=5,6,7` tries others. */
const seeds = (process.env["ORACLE_SEEDS"] ?? "1,2").split(",").map(Number);
const scenarios = [
  ...versionScenarios(),
  ...contentScenarios(),
  ...discoveryScenarios(),
  ...seeds.map(randomScenario),
];

/** How much of a repository comes at first must not matter. */
const nothing = { mostBytes: 0, mostObjects: 0 };
const fillings = {
  "by its size": undefined,
  "without files": [{ filter: "", limits: nothing }, { filter: "blob:none" }],
  "with commits alone": [{ filter: "blob:none", limits: nothing }, { filter: "tree:0" }],
} as const;

describe("modules from repositories, as the go command has them", { skip: goIsMissing() }, () => {
  let folder: TemporaryFolder;
  let server: GitServer;
  let go: GoCommand;
  const sides = new Map<string, StoaSide>();
  const questions = new Map<Scenario, readonly string[]>();
  let versions: Map<string, Explained<VersionAnswer>>;
  let modules: Map<string, Explained<ModuleAnswer>>;

  before(async () => {
    folder = await temporaryFolder();
    const repositories = join(folder.path, "repositories");
    server = await gitServer(repositories);
    for (const scenario of scenarios) {
      const place = join(repositories, scenario.place);
      await scenario.draft.write(place, scenario.format);
      for (const [page, content] of Object.entries(scenario.pages ?? {}))
        server.pages.set(page, content);
      const commits = await commitsIn(place);
      questions.set(scenario, [
        ...new Set(scenario.questions.map((asked) => withHashes(asked, commits))),
      ]);
    }
    go = await goCommand({
      goproxy: "direct",
      env: {
        ...server.environment,
        GOVCS: "*:git",
        GOINSECURE: "*",
        GONOSUMDB: "*",
        GIT_TERMINAL_PROMPT: "0",
      },
    });
    versions = await goVersions(go, [...questions.values()].flat());
    modules = await goModules(
      go,
      scenarios.flatMap((scenario) => scenario.modules),
      versions,
    );
    for (const [name, fillSteps] of Object.entries(fillings)) {
      const environment = { ...server.environment, HOME: folder.path };
      const side = {
        folder: join(folder.path, name),
        environment,
        ...(fillSteps && { fillSteps }),
      };
      sides.set(name, stoaSide(side));
    }
  });

  after(async () => {
    for (const side of sides.values()) await side[Symbol.asyncDispose]();
    await go?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  it("has something to compare", () => {
    const answers = [...versions.values()];
    const whole = answers.filter(({ sum }) => sum !== undefined);
    const refused = answers.filter(({ version }) => version === undefined);
    assert.ok(whole.length > 200, `only ${whole.length} versions have a zip`);
    assert.ok(refused.length > 200, `only ${refused.length} questions have no answer`);
  });

  for (const scenario of scenarios) {
    for (const filling of Object.keys(fillings)) {
      it(`${scenario.name} (${filling})`, async (test) => {
        const side = sides.get(filling)!;
        const signal = AbortSignal.any([test.signal, AbortSignal.timeout(120_000)]);
        const differences: string[] = [];
        await Promise.all([
          ...(questions.get(scenario) ?? []).map(async (question) => {
            const ours = await stoaVersion(side, question, signal);
            differences.push(...differencesBetween(question, ours, versions.get(question)!));
          }),
          ...scenario.modules.map(async (module) => {
            const ours = await stoaModule(side, module, signal);
            differences.push(...differencesBetween(module, ours, modules.get(module)!));
          }),
        ]);
        assert.equal(differences.join("\n"), "");
      });
    }
  }
});

/** The commits of a repository in the order in which they were written. */
async function commitsIn(place: string): Promise<{ hash: string; seconds: number }[]> {
  const format = "%s %H %ct";
  const lines = (await git(place, ["log", "--all", `--format=${format}`]))
    .split("\n")
    .filter(Boolean);
  const commits: { hash: string; seconds: number }[] = [];
  for (const line of lines) {
    const [, index = "", hash = "", seconds = ""] = line.split(" ");
    commits[Number(index) - 1] = { hash, seconds: Number(seconds) };
  }
  return commits;
}

function differencesBetween<T extends VersionAnswer | ModuleAnswer>(
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
