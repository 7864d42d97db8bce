// Both sides before the same server: what the go command said, and this program ready to be asked.
import { join } from "node:path";
import { gitServer } from "../../../proxy/src/adapters/git-upstream/testing/git-server.ts";
import { git } from "../../../proxy/src/adapters/git-upstream/testing/repository-draft.ts";
import { type GoCommand, goCommand } from "../testing/go-command.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import type { Explained, ModuleAnswer, VersionAnswer } from "./direct-answers.ts";
import { goModules, goVersions } from "./go-side.ts";
import { type Scenario, withHashes } from "./scenario.ts";
import { type StoaSide, stoaSide } from "./stoa-side.ts";

/** How much of a repository comes at first. It must not matter. */
export type Filling = "whole" | "without files" | "with commits alone";

const nothing = { mostBytes: 0, mostObjects: 0 };
const fillSteps = {
  whole: [{ filter: "" }],
  "without files": [{ filter: "", limits: nothing }, { filter: "blob:none" }],
  "with commits alone": [{ filter: "blob:none", limits: nothing }, { filter: "tree:0" }],
} as const;

export interface Oracle extends AsyncDisposable {
  readonly questions: ReadonlyMap<Scenario, readonly string[]>;
  /** What the go command says of `module@query`. */
  readonly versions: ReadonlyMap<string, Explained<VersionAnswer>>;
  /** What the go command says of a module. */
  readonly modules: ReadonlyMap<string, Explained<ModuleAnswer>>;
  readonly sides: Readonly<Record<Filling, StoaSide>>;
  /** A go command that has not met any repository yet. */
  newGo(): Promise<GoCommand>;
}

/** Writes the repositories, serves them, and lets the go command answer everything. */
export async function openOracle(scenarios: readonly Scenario[]): Promise<Oracle> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const repositories = join(folder.path, "repositories");
  const server = stack.use(await gitServer(repositories));
  const questions = new Map<Scenario, readonly string[]>();
  for (const scenario of scenarios) {
    const place = join(repositories, scenario.place);
    await scenario.draft.write(place, scenario.format);
    for (const [page, content] of Object.entries(scenario.pages ?? {})) {
      server.pages.set(page, content);
    }
    const commits = await commitsIn(place);
    const asked = scenario.questions.map((question) => withHashes(question, commits));
    questions.set(scenario, [...new Set(asked)]);
  }
  const newGo = () =>
    goCommand({
      goproxy: "direct",
      env: { ...server.environment, GOVCS: "*:git", GOINSECURE: "*", GIT_TERMINAL_PROMPT: "0" },
    });
  const go = stack.use(await newGo());
  const versions = await goVersions(go, [...questions.values()].flat());
  const modules = await goModules(
    go,
    scenarios.flatMap((scenario) => scenario.modules),
    versions,
  );
  const side = (filling: Filling): StoaSide =>
    stack.use(
      stoaSide({
        folder: join(folder.path, filling),
        environment: { ...server.environment, HOME: folder.path },
        fillSteps: fillSteps[filling],
      }),
    );
  const sides = {
    whole: side("whole"),
    "without files": side("without files"),
    "with commits alone": side("with commits alone"),
  };
  const owned = stack.move();
  return {
    questions,
    versions,
    modules,
    sides,
    newGo,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The commits of a repository in the order in which they were written. */
async function commitsIn(place: string): Promise<{ hash: string; seconds: number }[]> {
  const output = await git(place, ["log", "--all", "--format=%s %H %ct"]);
  const commits: { hash: string; seconds: number }[] = [];
  for (const line of output.split("\n").filter(Boolean)) {
    const [, index = "", hash = "", seconds = ""] = line.split(" ");
    commits[Number(index) - 1] = { hash, seconds: Number(seconds) };
  }
  return commits;
}
