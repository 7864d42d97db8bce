import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseGoImportTags, tagForModule } from "./go-import-tags.ts";

const meta = (content: string) => `<meta name="go-import" content="${content}">`;
const roots = (page: string) => parseGoImportTags(page).map(({ root }) => root);

describe("parseGoImportTags", () => {
  it("reads three and four fields, and no other number", () => {
    const page =
      meta("a.b git https://x") + meta(" a.c  git https://y  sub/dir ") + meta("a.d git");
    assert.deepEqual(parseGoImportTags(page + meta("a b c d e")), [
      { root: "a.b", system: "git", url: "https://x", directory: "" },
      { root: "a.c", system: "git", url: "https://y", directory: "sub/dir" },
    ]);
  });

  it("puts module proxies first, in the place of others of the same root", () => {
    const page = meta("a git x:1") + meta("b git x:2") + meta("b mod x:3") + meta("c mod x:4");
    const tags = parseGoImportTags(page);
    assert.deepEqual(
      tags.map(({ root, system }) => `${root} ${system}`),
      ["b mod", "c mod", "a git"],
    );
  });

  /** Pages, and the roots that are found in them. */
  const pages: readonly (readonly [string, string, readonly string[]])[] = [
    ["ends with the head", `<head>${meta("a g u")}</head>${meta("b g u")}`, ["a"]],
    ["ends with the body", `${meta("a g u")}<BODY>${meta("b g u")}`, ["a"]],
    ["takes any case and quotes", `<META NAME='go-import' CONTENT='a g u'/>`, ["a"]],
    ["takes names without quotes", `<meta name=go-import content="a g u">`, ["a"]],
    ["takes other attributes", `<meta charset name="go-import" id=x content="a g u">`, ["a"]],
    ["passes comments over", `<!-- ${meta("a g u")} -->${meta("b g u")}`, ["b"]],
    [
      "passes declarations over",
      `<?xml version="1.0"?><!DOCTYPE html><![CDATA[<]]>${meta("b g u")}`,
      ["b"],
    ],
    ["knows entities", meta("a&#46;b&#x2e;c g u&amp;v &nbsp;"), ["a.b.c"]],
    [
      "stops at what is no markup",
      `${meta("a g u")}<script>if (a<b && c)</script>${meta("b g u")}`,
      ["a"],
    ],
    ["stops in the middle of a tag", `${meta("a g u")}<meta name="go-import`, ["a"]],
    ["reads text between tags", `x > y ${meta("a g u")} & z`, ["a"]],
    ["leaves others alone", `<meta name="go-source" content="a g u"><meta content="b g u">`, []],
    ["takes nothing", "", []],
  ];
  for (const [title, page, found] of pages) {
    it(title, () => assert.deepEqual(roots(page), found));
  }

  it("takes no longer for hostile pages", () => {
    const hostile = [
      "<a ".repeat(50_000),
      `<a ${"b ".repeat(100_000)}`,
      "<!--".repeat(50_000),
      "&#x".repeat(50_000),
    ];
    for (const page of hostile) assert.deepEqual(roots(page), []);
  });
});

describe("tagForModule", () => {
  const tag = (root: string, system = "git") => ({ root, system, url: "u", directory: "" });

  it("takes whole elements", () => {
    assert.equal(tagForModule([tag("a.b/c")], "a.b/cd"), undefined);
    assert.equal(tagForModule([tag("a.b/c")], "a.b/c/d")?.root, "a.b/c");
    assert.equal(tagForModule([tag("a.b/c")], "a.b"), undefined);
  });

  it("refuses two, unless the first is a module proxy and the second is not", () => {
    assert.throws(() => tagForModule([tag("a"), tag("a/b")], "a/b"), { code: "not_found" });
    assert.throws(() => tagForModule([tag("a", "mod"), tag("a/b", "mod")], "a/b"), {
      code: "not_found",
    });
    assert.equal(tagForModule([tag("a", "mod"), tag("a/b")], "a/b")?.system, "mod");
  });
});
