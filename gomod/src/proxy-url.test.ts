import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { proxyUrlProblem, redactUrl } from "./proxy-url.ts";

const taken = [
  "https://h",
  "http://h",
  "HTTPS://H",
  "https://h/",
  "https://h:80/x",
  "https://h:",
  "https://",
  "https:///x",
  "https:x",
  "https:/x",
  "https:",
  "https://u@h",
  "https://u:p@h",
  "https://:p@h",
  "https://@h",
  "https://a@b@h",
  "https://u:p:q@h",
  "https://u%20v:%41@h",
  "https://h/%41%2f",
  "https://h/a b",
  "https://h/é",
  "https://é.example",
  "https://h%c3%a9",
  "https://h%25",
  "https://h?%zz",
  "https://h?a#b",
  "https://h#",
  "https://h#a%20b",
  'https://h"<>',
  "https://[::1]",
  "https://[::1]:80/x",
  "https://[::ffff:1.2.3.4]",
  "https://[fe80::1%25en0]",
  "https://[fe80::1%25%20x]",
  "https://[fe80::1%25%25]",
  "https://u@[::]",
  "file:///srv/go",
  "file://",
  "file:///",
  "FILE:///x",
  "file:///a%20b",
  "file:///x#",
  "file:///a b",
  "http://h/\u0085",
  "https://h#\u0000",
];

describe("a proxy may have the URL", () => {
  for (const url of taken) {
    test(JSON.stringify(url), () => assert.equal(proxyUrlProblem(url), undefined));
  }
});

const refused = [
  "",
  "h",
  "//h",
  "://h",
  ":h",
  "1http://h",
  "ht tp://h",
  "é://h",
  "ftp://h",
  "goproxy://h",
  "*",
  "/srv",
  "https://h\u0000",
  "https://h/\n",
  "https://\u007f",
  "https://h:x",
  "https://h:80x",
  "https://h:80:80",
  "https://h/%",
  "https://h/%4",
  "https://h/%zz",
  "https:/%zz",
  "https://h#%zz",
  "https://h%41",
  "https://h%zz",
  "https://h%",
  "https://h i",
  "https://h\\x",
  "https://h^",
  "https://h`",
  "https://h{}",
  "https://u v@h",
  "https://u%zz@h",
  "https://u\\@h",
  "https://é@h",
  "https://u[@h",
  "https://[::1",
  "https://x[::1]",
  "https://[::1]x",
  "https://[::1]:x",
  "https://[]",
  "https://[1.2.3.4]",
  "https://[x]",
  "https://[12345::]",
  "https://[1:2:3:4:5:6:7:8:9]",
  "https://[1::2::3]",
  "https://[::1%en0]",
  "https://[::1%25]",
  "https://[::1%25%]",
  "https://[::1%25%41 b]",
  "https://[::1%25%c3%a9]",
  "https://[::1%25%5c]",
  "https://[%3a:1]",
  "file:x",
  "file:/x",
  "file://h/x",
  "file://u@/x",
  "file:///x?",
  "file:///x?a",
  "file:///x#a",
  "file:///%zz",
  "file://x",
];

describe("no proxy has the URL", () => {
  for (const url of refused) {
    test(JSON.stringify(url), () => assert.equal(typeof proxyUrlProblem(url), "string"));
  }
});

const redacted = [
  ["https://h/x", "https://h/x"],
  ["https://u:p@h/x", "https://…@h/x"],
  ["https://u@h", "https://…@h"],
  ["https://a@b@h", "https://…@h"],
  ["https://u:p/q@h", "https://…@h"],
  ["u:p@h//x", "…@h//x"],
  ["https:u:p@h", "…@h"],
] as const;

for (const [url, shown] of redacted) {
  test(`redactUrl shows ${url} as ${shown}`, () => assert.equal(redactUrl(url), shown));
}
