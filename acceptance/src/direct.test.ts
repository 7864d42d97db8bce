// The real go command builds from modules that Stoa fetches straight from their repositories.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type GitHost, git, gitHost, goImportPage, RepositoryDraft } from "./testing/git-host.ts";
import { type GoCommand, goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { assertRefusal } from "./testing/refusal.ts";
import { said } from "./testing/said.ts";
import { writeFiles } from "./testing/sources.ts";
import { startStoa } from "./testing/stoa-process.ts";

const gitIsMissing = spawnSync("git", ["version"]).error !== undefined && "there is no git here";

/** A repository with a module at its root, one in a directory, and a second major version. */
function toolDraft(): RepositoryDraft {
  const draft = new RepositoryDraft();
  draft.commit({
    "go.mod": "module github.com/Corp/tool\n\ngo 1.20\n",
    "tool.go": 'package tool\n\nfunc Name() string { return "tool" }\n',
    "crlf.txt": "one\ntwo\n",
    ".gitattributes": "*.txt text eol=crlf\nhidden.go export-ignore\n",
    "hidden.go": "package tool\n",
    LICENSE: "yes\n",
    "sub/go.mod": "module github.com/Corp/tool/sub\n\ngo 1.20\n",
    "sub/sub.go": 'package sub\n\nfunc Name() string { return "sub" }\n',
    "v2/go.mod": "module github.com/Corp/tool/v2\n\ngo 1.20\n",
    "v2/tool.go": 'package tool\n\nfunc Name() string { return "tool 2" }\n',
  });
  draft.tag("v1.0.0").tag("sub/v0.1.0").tag("v2.0.0");
  draft.commit({ "tool.go": 'package tool\n\nfunc Name() string { return "newer" }\n' });
  return draft;
}

function vanityDraft(): RepositoryDraft {
  const draft = new RepositoryDraft();
  draft.commit({
    "go.mod": "module go.corp.example/words\n\ngo 1.20\n",
    "deep/words.go": 'package deep\n\nfunc Name() string { return "words" }\n',
  });
  return draft;
}

const program = {
  "go.mod": "module example.com/program\n\ngo 1.20\n",
  "main.go": `package main

import (
	"fmt"

	"github.com/Corp/tool"
	"github.com/Corp/tool/sub"
	two "github.com/Corp/tool/v2"
	"go.corp.example/words/deep"
)

func main() { fmt.Println(tool.Name(), sub.Name(), two.Name(), deep.Name()) }
`,
};

const wanted = [
  "github.com/Corp/tool",
  "github.com/Corp/tool/sub",
  "github.com/Corp/tool/v2",
  "go.corp.example/words/deep",
];

async function gotten(go: GoCommand): Promise<{ mod: string; sum: string; output: string }> {
  const sources = await writeFiles(join(go.folder, "program"), program);
  await go.succeed(["get", ...wanted], sources);
  await go.succeed(["build", "-o", "program", "."], sources);
  return {
    mod: await readFile(join(sources, "go.mod"), "utf8"),
    sum: await readFile(join(sources, "go.sum"), "utf8"),
    output: spawnSync(join(sources, "program"), { encoding: "utf8" }).stdout,
  };
}

describe("GOPROXY=direct", { skip: goIsMissing() || gitIsMissing }, () => {
  let host: GitHost;

  before(async () => {
    host = await gitHost();
    await host.add("github.com/Corp/tool", toolDraft());
    await host.add("store.corp.example/words", vanityDraft());
    const page = goImportPage("go.corp.example/words git https://store.corp.example/words");
    for (const path of ["words", "words/deep"]) {
      host.server.pages.set(`go.corp.example/${path}`, page);
    }
  });
  after(() => host[Symbol.asyncDispose]());

  test("go get and go build work, and go.sum is the one that the go command makes by itself", async () => {
    await using stoa = await startStoa({ goproxy: "direct", env: host.environment });
    await using through = await goCommand({ goproxy: stoa.url });
    const ours = await gotten(through);
    await using straight = await goCommand({
      goproxy: "direct",
      env: { ...host.environment, GOVCS: "*:git" },
    });
    assert.deepEqual(ours, await gotten(straight));
    assert.equal(ours.output, "tool sub tool 2 words\n");
    assert.match(ours.mod, /go\.corp\.example\/words v0\.0\.0-2024\d{10}-[0-9a-f]{12}/);
  });

  test("branches, commits and new tags are found, and kept versions outlive the host", async () => {
    const draft = new RepositoryDraft();
    draft.commit({ "go.mod": "module github.com/corp/moving\n" });
    draft.tag("v1.0.0");
    await host.add("github.com/corp/moving", draft);
    await using stoa = await startStoa({
      goproxy: "direct",
      env: { ...host.environment, STOA_LIST_TTL: "0" },
    });
    const base = `${stoa.url}/github.com/corp/moving`;
    assert.equal((await ask(`${base}/@v/list`)).text, "v1.0.0\n");
    assert.equal((await ask(`${base}/@v/v1.0.0.zip`)).status, 200);
    draft.commit({ "a.go": "package moving\n" });
    draft.tag("v1.1.0");
    await draft.write(host.folderOf("github.com/corp/moving"));
    const info = (await ask(`${base}/@v/main.info`)).text;
    const hash = (await git(host.folderOf("github.com/corp/moving"), ["rev-parse", "main"])).trim();
    assert.match(info, new RegExp(`"Version":"v1.1.0".*"Hash":"${hash}"`));
    assert.equal((await ask(`${base}/@v/list`)).text, "v1.0.0\nv1.1.0\n");
    assert.match((await ask(`${base}/@v/${hash.slice(0, 10)}.info`)).text, /v1\.1\.0/);

    host.server.intercept = () => ({ status: 503 });
    try {
      assert.equal((await ask(`${base}/@v/v1.0.0.zip`)).status, 200);
      assertRefusal(await ask(`${base}/@v/v1.9.0.info`), [502], /github\.com/);
    } finally {
      host.server.intercept = () => undefined;
    }
  });

  test("what does not exist is 404, GOVCS and off are 403, and what is not git is left to the go command, each with a sentence", async () => {
    await using stoa = await startStoa({
      goproxy: "direct",
      env: {
        ...host.environment,
        ATHENS_GO_BINARY_ENV_VARS: "GOVCS=off.example:off,hg.example:hg",
      },
    });
    const refusals: readonly (readonly [string, number, RegExp])[] = [
      ["github.com/corp/none/@v/list", 404, /no such repository/],
      ["github.com/!corp/tool/@v/v1.2.3.info", 404, /unknown revision v1\.2\.3/],
      ["github.com/!corp/tool/none/@v/list", 404, /\S/],
      ["nowhere.example/m/@v/list", 404, /no go-import tags/],
      ["off.example/m.git/@v/list", 403, /GOVCS does not allow git/],
      [
        "any.example/m.hg/@v/list",
        403,
        /GOVCS does not allow hg .*add any\.example\/m\.hg:hg to GOVCS/,
      ],
      ["hg.example/m.hg/@v/list", 502, /its repository cannot be read/],
    ];
    for (const [path, status, sentence] of refusals) {
      assertRefusal(await ask(`${stoa.url}/${path}`), [status], sentence);
    }
  });
});

test("a private address is not visited unless the module is private", {
  skip: gitIsMissing,
}, async () => {
  await using host = await gitHost();
  await using stoa = await startStoa({
    goproxy: "direct",
    env: { GOINSECURE: "*", GOPRIVATE: "only.example", NO_PROXY: "*" },
  });
  const { port } = new URL(host.server.url);
  for (const module of [
    "127.0.0.1/m",
    "127.0.0.1/m.git",
    "169.254.169.254/latest",
    "0.0.0.0/x.git",
  ]) {
    const answer = await ask(`${stoa.url}/${module}/@v/list`);
    assertRefusal(answer, [403], /private address/);
  }
  assert.deepEqual(host.server.requests, [], `port ${port} was visited`);
});

test("without git Stoa starts, says so, and answers with a sentence", async () => {
  await using stoa = await startStoa({ goproxy: "direct", env: { PATH: "/nonexistent" } });
  const answer = await ask(`${stoa.url}/github.com/corp/tool/@v/list`);
  assertRefusal(answer, [501], /no git program/);
  await said(stoa, /no git program/);
});
