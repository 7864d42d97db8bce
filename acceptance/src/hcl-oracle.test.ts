// The reader of download files against Go's hashicorp/hcl, over thousands of texts.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MutatedTexts } from "@stoa/gomod/testing";
import { openPolicy, PolicyProblems } from "@stoa/proxy";
import { buildHclOracle, type HclAnswer, HclOracle } from "./hcl-oracle/oracle.ts";

/** Another seed or more rounds look further: FUZZ_SEED=7 FUZZ_ROUNDS=100000. */
const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 5000);

const built = buildHclOracle();
const skip = typeof built === "string" ? built : false;
after(() => built instanceof HclOracle && built[Symbol.dispose]());

const top = 'mode = "none"\ndownloadURL = ""\n';
const corpus: readonly string[] = [
  top,
  `downloadURL = "https://proxy.golang.org"\n\nmode = "async_redirect"\n\ndownload "github.com/gomods/*" {\n    mode = "sync"\n}\n\ndownload "golang.org/x/*" {\n    mode = "none"\n}\n\ndownload "github.com/pkg/*" {\n    mode = "redirect"\n    downloadURL = "https://gocenter.io"\n}\n`,
  `# a\n// b\n/* c\nd */ ${top}download /**/ "a" { # e\nmode = "sync" // f\n}#g`,
  `${top}download "a" { mode = "sync" }`,
  `${top}download "a" {}`,
  `${top}download a-b { mode = "sync" }\ndownload _x.y {\n mode = "none"\n}`,
  `\ufeff${top}`,
  top.replaceAll("\n", "\r\n"),
  `${top}download "\\u0061\\U00000062\\t\\"\\\\\\\\$\${x}%%{y}$$ {$ %%" { mode = "sync" }`,
  `${top}download "a" "b" {\n  mode = "sync"\n}`,
  `${top}download {\n  mode = "sync"\n}`,
  `${top}download "a" {\n  url = "x"\n  mode = "sync"\n}`,
  `${top}url = "x"`,
  `${top}other "x" {\n}`,
  'mode = "none"\nmode = "sync"\ndownloadURL = ""',
  'mode = none\ndownloadURL = ""',
  'mode = upper("none")\ndownloadURL = ""',
  'mode = "a${b}"\ndownloadURL = ""',
  "mode = <<E\nnone\nE\ndownloadURL = <<-E\n  x\n  E\n",
  'mode = "none',
  'mode = "none\n"',
  'mode = "none" downloadURL = ""',
  'download "a" { mode = "sync"\n}',
  'download "a" {\n  mode = "sync" }',
  'download "a" {\n  mode = "sync"\n',
  "}",
  "mode",
  "/* x",
  'mode = "\\q"',
  'mode = (\n"none"\n)\ndownloadURL = true ? "" : "x"',
  "",
];
const pieces = [
  ...[
    '"',
    "{",
    "}",
    "=",
    "\n",
    "\r\n",
    " ",
    "\t",
    "#",
    "//",
    "/*",
    "*/",
    "\\",
    "$",
    "%",
    "${",
    "$${",
  ],
  ...[
    "mode",
    "downloadURL",
    "download",
    '"sync"',
    '"none"',
    '"https://a.example/b"',
    '"a/*"',
    "é",
    "-",
    "_",
  ],
  ...["<<E\n", "E\n", "\\u0041", "\\n", "(", ")", ",", "1", "true", ";", "'"],
];

/** Where this reader is stricter on purpose: what HCL allows and no mode, URL or pattern can be. */
const stricter =
  /is no mode|is no address|has a query|matches nothing|should be a text in quotes|has a template in it|a heredoc/;

type Read =
  | { readonly rules: ReturnType<typeof openPolicy>["policy"]["download"] }
  | { readonly problems: readonly string[] };

function read(text: string): Read {
  try {
    const { policy } = openPolicy({
      downloadMode: `custom:${Buffer.from(text).toString("base64")}`,
      downloadUrl: "",
      networkMode: "strict",
      scope: "everywhere",
      filterFile: "",
      globalEndpoint: "",
      validatorHook: "",
    });
    return { rules: policy.download };
  } catch (failure) {
    if (!(failure instanceof PolicyProblems)) throw failure;
    return { problems: failure.problems };
  }
}

function assertAlike(text: string, answer: HclAnswer): void {
  const found = read(text);
  const about = `${JSON.stringify(text)}: ${JSON.stringify(answer)} but ${JSON.stringify(found)}`;
  if (answer.value === undefined) {
    assert.ok("problems" in found, about);
    return;
  }
  if ("problems" in found) {
    assert.ok(
      found.problems.every((problem) => stricter.test(problem)),
      about,
    );
    return;
  }
  const ours = found.rules.blocks.map(({ pattern, mode, downloadUrl: url }) => ({
    pattern,
    mode,
    url,
  }));
  const { mode, url, blocks } = answer.value;
  const trimmed = (text: string): string => text.trim().replace(/\/+$/, "");
  const theirs = (blocks ?? []).map((block) => ({ ...block, url: trimmed(block.url) }));
  assert.deepEqual(
    [found.rules.mode, found.rules.downloadUrl, ours],
    [mode, trimmed(url), theirs],
    about,
  );
}

test("what Go reads is read alike, and what Go refuses is refused", { skip }, () => {
  const oracle = built as HclOracle;
  const mutated = new MutatedTexts(seed, { corpus, pieces });
  const texts = [...corpus, ...Array.from({ length: rounds }, () => mutated.next())];
  const answers = oracle.answers(texts);
  assert.equal(answers.length, texts.length);
  for (const [index, text] of texts.entries()) assertAlike(text, answers[index]!);
  // The test would prove nothing if Go read none of the texts, or all of them.
  const understood = answers.filter(({ value }) => value !== undefined).length;
  assert.ok(understood > texts.length / 20 && understood < texts.length, `${understood}`);
});

test("the first mistake is found on the line where Go finds it", { skip }, () => {
  const answers = (built as HclOracle).answers(corpus);
  for (const [index, text] of corpus.entries()) {
    const found = read(text);
    const line = answers[index]?.errors?.[0]?.line;
    if (line === undefined || !("problems" in found)) continue;
    assert.match(
      found.problems[0] ?? "",
      new RegExp(`^custom:${line}:`),
      JSON.stringify([text, answers[index]]),
    );
  }
});
