// Repositories made by chance: combinations that nobody would think of.
import { oneOf, type RandomBelow, randomNumbers } from "../testing/random-numbers.ts";
import { type CommitMark, RepositoryDraft, type Scenario } from "./scenario.ts";

type Files = Record<string, string | { link: string } | undefined>;

const commits = 12;
const versions = [
  "v0.1.0",
  "v0.2.0-pre",
  "v1.0.0",
  "v1.1.0-rc.1",
  "v1.1.0",
  "v1.2.0+meta",
  "v1.2.0",
];
const higher = [
  "v2.0.0-beta",
  "v2.0.0",
  "v2.1.0",
  "v2.1.0+x",
  "v3.0.0",
  "v3.0.1",
  "v10.0.0",
  "v1",
  "v2",
];
const bases = [
  "v0.0.0-",
  "v1.0.0-",
  "v2.0.0-",
  "v0.1.1-0.",
  "v1.0.1-0.",
  "v1.1.0-rc.1.0.",
  "v2.1.1-0.",
];

/** The same seed gives the same repository. */
export function randomScenario(seed: number): Scenario {
  const below = randomNumbers(seed);
  const place = `github.com/chance/m${seed}`;
  const draft = new RepositoryDraft();
  const tags = new Set<string>();
  let side: CommitMark | undefined;
  for (let index = 1; index <= commits; index++) {
    const files = randomFiles(below, place, index);
    const isSide = index > 1 && below(4) === 0;
    const merging = side !== undefined && below(4) === 0 ? [side] : [];
    const branch = { branch: "side", ...(side === undefined && { after: index - 1 }) };
    const mark = draft.commit(files, isSide ? branch : { merging });
    if (isSide) side = mark;
    addTags(below, draft, tags);
  }
  const modules = ["", "/v2", "/v3", "/sub", "/sub/v2"].map((end) => place + end);
  const questions = modules.flatMap((module) =>
    randomQueries(below, tags).map((query) => `${module}@${query}`),
  );
  return { name: `chance ${seed}`, place, draft, modules, questions };
}

/** Up to three tags for the last commit. */
function addTags(below: RandomBelow, draft: RepositoryDraft, tags: Set<string>): void {
  for (let count = below(4); count > 0; count--) {
    const tag = oneOf(below, ["", "", "sub/"]) + oneOf(below, [...versions, ...higher]);
    if (tags.has(tag)) continue;
    tags.add(tag);
    if (below(3) === 0) draft.annotatedTag(tag);
    else draft.tag(tag);
  }
}

function randomQueries(below: RandomBelow, tags: ReadonlySet<string>): readonly string[] {
  const tagged = [...tags].map((tag) => tag.replace("sub/", ""));
  const high = tagged.filter((tag) => /^v([2-9]|10)/.test(tag));
  return [
    ...tagged,
    ...high.map((tag) => `${tag.replace(/\+.*/, "")}+incompatible`),
    ...Array.from({ length: 6 }, () => `%${1 + below(commits)}`),
    ...Array.from({ length: 6 }, () => `${oneOf(below, bases)}#${1 + below(commits)}`),
    "main",
    "side",
  ];
}

function randomFiles(below: RandomBelow, place: string, index: number): Files {
  const files: Files = {
    "a.go": `package m // ${index}\n`,
    "sub/a.go": `package sub // ${index}\n`,
  };
  const goMod = (path: string) => {
    const retract =
      below(5) === 0 ? `\nretract ${oneOf(below, versions).replace(/\+.*/, "")}\n` : "";
    return `module ${place}${path}\n${oneOf(below, ["", "\ngo 1.20\n", "\ngo 1.24\n"])}${retract}`;
  };
  const maybe = (path: string, content: () => string | { link: string }): void => {
    const chance = below(6);
    if (chance === 0) files[path] = undefined;
    if (chance <= 1) return;
    if (chance <= 3) files[path] = content();
  };
  maybe("go.mod", () => goMod(oneOf(below, ["", "", "/v2", "/v3"])));
  maybe("v2/go.mod", () => goMod(oneOf(below, ["/v2", "/v2", ""])));
  maybe("sub/go.mod", () => goMod(oneOf(below, ["/sub", "/sub", "/sub/v2"])));
  maybe("sub/v2/go.mod", () => goMod("/sub/v2"));
  maybe("LICENSE", () => oneOf(below, ["text\n", { link: "a.go" }]));
  maybe("sub/LICENSE", () => oneOf(below, ["text\n", { link: "a.go" }]));
  maybe(".gitattributes", () =>
    oneOf(below, ["*.go ident\n", "a.go text eol=crlf\n", "* export-ignore\n"]),
  );
  maybe("sub/.gitattributes", () => oneOf(below, ["*.go -ident\n", "*.txt eol=crlf\n"]));
  maybe("vendor/x/x.go", () => "package x // $Id$\n");
  maybe("sub/vendor/modules.txt", () => "# x\n");
  maybe("pkg/vendor/y.go", () => "package y // $Id$\n");
  maybe("sub/x.txt", () => "$Id$\n");
  return files;
}
