import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidText } from "./invalid-text.ts";
import { type OnFailure, type ProxyListEntry, parseProxyList } from "./proxy-list.ts";

const direct: ProxyListEntry = { kind: "direct" };
const off: ProxyListEntry = { kind: "off" };

function proxy(url: string, onFailure: OnFailure = "next-if-absent"): ProxyListEntry {
  return { kind: "proxy", url, onFailure };
}

const lists: readonly (readonly [text: string, ...entries: ProxyListEntry[]])[] = [
  ["direct", direct],
  ["off", off],
  ["https://proxy.golang.org,direct", proxy("https://proxy.golang.org"), direct],
  ["https://proxy.golang.org|direct", proxy("https://proxy.golang.org", "next-on-any"), direct],
  [
    "https://a.example|https://b.example,https://c.example",
    proxy("https://a.example", "next-on-any"),
    proxy("https://b.example"),
    proxy("https://c.example"),
  ],
  [" https://a.example ,\t,| direct ", proxy("https://a.example"), direct],
  ["\u00a0\u0085direct\u3000", direct],
  ["direct,https://a.example", direct],
  ["off|ftp://never.example/looked/at", off],
  ["https://a.example,off,single-word", proxy("https://a.example"), off],
  ["a.example", proxy("https://a.example")],
  ["a.example:8080/path", proxy("https://a.example:8080/path")],
  ["localhost/go", proxy("https://localhost/go")],
  ["localhost:3000", proxy("https://localhost:3000")],
  ["a.example|", proxy("https://a.example", "next-on-any")],
  ["http://localhost:3000", proxy("http://localhost:3000")],
  ["HTTP://Host", proxy("HTTP://Host")],
  ["file:///srv/go", proxy("file:///srv/go")],
  ["https://user:p%40ss@a.example/go?x=y#z", proxy("https://user:p%40ss@a.example/go?x=y#z")],
];

describe("parseProxyList reads", () => {
  for (const [text, ...entries] of lists) {
    test(JSON.stringify(text), () => assert.deepEqual(parseProxyList(text), entries));
  }
});

const refused = [
  "single",
  "noproxy",
  "Direct",
  "OFF",
  "/srv/go",
  "ftp://a.example",
  "a.example,b c",
  "https://a.example,x",
  "https:x",
  "direct off",
];

describe("parseProxyList refuses", () => {
  for (const text of refused) {
    test(JSON.stringify(text), () => {
      assert.throws(
        () => parseProxyList(text),
        (failure) => failure instanceof InvalidText && failure.kind === "GOPROXY entry",
      );
    });
  }

  for (const text of ["", " ", ",", "|, |"]) {
    test(`${JSON.stringify(text)}, which has no entry`, () => {
      assert.throws(
        () => parseProxyList(text),
        (failure) => failure instanceof InvalidText && failure.kind === "GOPROXY",
      );
    });
  }
});

test("a refusal does not tell the password", () => {
  for (const text of [
    "https://u:secret@h:x",
    "ftp://u:secret@h",
    "u:secret@h.example:x",
    "https://u:se/cret@h",
  ]) {
    assert.throws(
      () => parseProxyList(text),
      (failure) =>
        failure instanceof InvalidText && !/secret|cret/.test(failure.message + failure.text),
      text,
    );
  }
});
