import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseModulePath } from "@stoa/gomod";
import { moduleLayout } from "./module-layout.ts";
import type { ModuleSource } from "./module-source.ts";
import { answerQuery } from "./query-answer.ts";
import { RepositoryRefs } from "./repository-refs.ts";
import type { Commit, RepositoryView } from "./repository-view.ts";
import { taggedVersions } from "./tagged-versions.ts";

/** A commit: what it is built upon, its tags, its files (which replace those before). */
interface Sketch {
  readonly after?: number;
  readonly tags?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** A repository in a few lines. Commit 1 has the hash 111…, a day passes between commits, main is the last. */
function repository(...sketches: readonly Sketch[]): RepositoryView {
  const hashOf = (index: number) => String(index).repeat(40);
  const commits = sketches.map((sketch, position) => ({
    ...sketch,
    hash: hashOf(position + 1),
    time: new Date(Date.UTC(2024, 0, position + 1)),
    after: sketch.after ?? position,
  }));
  const tags = commits.flatMap(({ tags: names = "", hash }) =>
    names
      .split(" ")
      .filter(Boolean)
      .map((name) => [`refs/tags/${name}`, hash] as const),
  );
  const tip = hashOf(commits.length);
  const refs = new RepositoryRefs([...tags, ["HEAD", tip], ["refs/heads/main", tip]]);
  const find = (hash: string) => commits.find((commit) => commit.hash.startsWith(hash));
  return {
    system: "git",
    url: "https://a.b/c",
    refs,
    commit: async (hash) => find(hash),
    file: async ({ hash }, path) => {
      const content = find(hash)?.files?.[path];
      return content === undefined ? undefined : Buffer.from(content);
    },
    tagsBefore: async (commit: Commit) => {
      const names: string[] = [];
      for (let at = find(commit.hash); at; at = commits[at.after - 1])
        names.push(...refs.tagsAt(at.hash));
      return new Set(names);
    },
  };
}

function source(view: RepositoryView, path = "a.b/c"): ModuleSource {
  const place = { system: "git", urls: [], root: "a.b/c", directory: "" };
  return { repository: view, layout: moduleLayout(parseModulePath(path), place) };
}

async function versionOf(view: RepositoryView, query: string, path?: string): Promise<string> {
  const { info } = await answerQuery(source(view, path), query);
  return info.version;
}

const goMod = { "go.mod": "module a.b/c\n" };

describe("answerQuery", () => {
  const history = repository(
    { files: goMod },
    { files: goMod, tags: "v1.0.0 v1.0.0+meta" },
    { files: goMod },
    { files: goMod, tags: "v1.1.0-rc.1" },
    { files: goMod },
  );

  /** Query, and the version that it means or a word of the failure. */
  const queries: readonly (readonly [string, string])[] = [
    ["v1.0.0", "v1.0.0"],
    ["v1.0.0+other", "v1.0.0"],
    ["latest", "v1.0.0"],
    ["v1", "v1.0.0"],
    ["v1.1", "no version"],
    [">v1.0.0", "v1.1.0-rc.1"],
    ["<=v1.0.0", "v1.0.0"],
    ["main", "v1.1.0-rc.1.0.20240105000000-555555555555"],
    ["1111111", "v0.0.0-20240101000000-111111111111"],
    ["2222222", "v1.0.0"],
    ["3333333", "v1.0.1-0.20240103000000-333333333333"],
    ["333333", "unknown revision"],
    ["v1.0.1-0.20240103000000-333333333333", "v1.0.1-0.20240103000000-333333333333"],
    ["v0.0.0-20240103000000-333333333333", "v0.0.0-20240103000000-333333333333"],
    ["v1.0.0-20240103000000-333333333333", "v0, not v1"],
    ["v1.1.0-rc.1.0.20240103000000-333333333333", "does not come after"],
    ["v1.0.1-0.20240102000000-222222222222", "the version to use"],
    ["v1.5.1-0.20240103000000-333333333333", "no tag v1.5.0"],
    ["v1.0.1-0.20240103000001-333333333333", "20240103000000"],
    ["v1.0.1-0.20240103000000-33333333333", "too short"],
    ["v1.0.1-0.20240103000000-3333333333333", "too long"],
    ["v2.0.0", "unknown revision"],
    ["<v1", "no version"],
    ["a/b", "not allowed"],
  ];
  for (const [query, answer] of queries) {
    it(`${query}: ${answer}`, async () => {
      const found = await versionOf(history, query).catch((failure: Error) => failure.message);
      assert.ok(found === answer || found.includes(answer), found);
    });
  }

  it("passes retracted versions over, and their own retraction counts", async () => {
    const view = repository(
      { files: goMod, tags: "v1.0.0" },
      { files: goMod, tags: "v1.1.0" },
      { files: { "go.mod": "module a.b/c\nretract [v1.1.0, v1.2.0]\n" }, tags: "v1.2.0" },
    );
    assert.equal(await versionOf(view, "latest"), "v1.0.0");
    assert.equal(await versionOf(view, "main"), "v1.0.1-0.20240103000000-333333333333");
    assert.equal(await versionOf(view, "v1.2.0"), "v1.2.0");
    assert.deepEqual(await taggedVersions(source(view)), ["v1.0.0", "v1.1.0", "v1.2.0"]);
  });

  it("has +incompatible where there is no go.mod", async () => {
    const view = repository(
      { tags: "v1.0.0" },
      { tags: "v2.0.0" },
      { files: goMod, tags: "v3.0.0" },
    );
    assert.deepEqual(await taggedVersions(source(view)), ["v1.0.0", "v2.0.0+incompatible"]);
    assert.equal(await versionOf(view, "v2.0.0"), "v2.0.0+incompatible");
    assert.equal(await versionOf(view, "latest"), "v2.0.0+incompatible");
    await assert.rejects(versionOf(view, "v3.0.0"), { code: "not_found", message: /a\.b\/c\/v3/ });
  });

  it("finds a major version in its branch or its directory, but not in both", async () => {
    const two = "module a.b/c/v2\n";
    const view = repository(
      { files: { "go.mod": two }, tags: "v2.0.0" },
      { files: { ...goMod, "v2/go.mod": two }, tags: "v2.1.0" },
      { files: { "go.mod": two, "v2/go.mod": two }, tags: "v2.2.0" },
    );
    const place = async (query: string) =>
      (await answerQuery(source(view, "a.b/c/v2"), query)).directory.path;
    assert.equal(await place("v2.0.0"), "");
    assert.equal(await place("v2.1.0"), "v2");
    await assert.rejects(place("v2.2.0"), { code: "not_found", message: /both/ });
  });

  it("says where a version comes from", async () => {
    const { info } = await answerQuery(source(history), "main");
    assert.deepEqual(info.origin, {
      vcs: "git",
      url: "https://a.b/c",
      subdir: "",
      hash: "5".repeat(40),
      ref: "refs/heads/main",
      tagPrefix: "",
      tagSum: history.refs.tagSum(""),
    });
  });
});
