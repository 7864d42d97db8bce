import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { parseModuleRequest } from "./module-request.ts";

const page = (name: string) => ({ kind: "page", page: name });
const list = (path: string, keptOnly = false) => ({ kind: "list", path, keptOnly });
const latest = (path: string, keptOnly = false) => ({ kind: "latest", path, keptOnly });
const file = (path: string, version: string, name: string, keptOnly = false) => ({
  kind: "file",
  path,
  version,
  file: name,
  keptOnly,
});

const understood: readonly (readonly [target: string, prefix: string, request: object])[] = [
  ["/", "", page("home")],
  ["/?x=1", "", page("home")],
  ["", "", page("home")],
  ["/healthz", "", page("healthz")],
  ["/readyz", "/go", page("readyz")],
  ["/go/readyz", "/go", page("readyz")],
  ["/go/", "/go", page("home")],
  ["/robots.txt", "", page("robots.txt")],
  ["/example.com/m/@v/list", "", list("example.com/m")],
  ["/example.com/m/@v/list?go-get=1#x", "", list("example.com/m")],
  ["/go/example.com/m/@v/list", "/go", list("example.com/m")],
  ["/cached-only/example.com/m/@v/list", "", list("example.com/m", true)],
  ["/go/cached-only/example.com/m/@latest", "/go", latest("example.com/m", true)],
  ["/example.com/m/@latest", "", latest("example.com/m")],
  ["/example.com/m/@v/v1.2.3.info", "", file("example.com/m", "v1.2.3", "info")],
  ["/example.com/m/@v/main.info", "", file("example.com/m", "main", "info")],
  ["/example.com/m/@v/v1.0.0-rc.1.mod", "", file("example.com/m", "v1.0.0-rc.1", "mod")],
  ["/example.com/m/@v/list.info", "", file("example.com/m", "list", "info")],
  ["/rsc.io/!q!u!o!t!e/@v/v1.5.2.zip", "", file("rsc.io/QUOTE", "v1.5.2", "zip")],
  ["/rsc.io/%21q%21u%21o%21t%21e/@v/v1.5.2.zip", "", file("rsc.io/QUOTE", "v1.5.2", "zip")],
  ["/rsc.io/q/@v/v1.0.0-!r!c1.info", "", file("rsc.io/q", "v1.0.0-RC1", "info")],
  ["/a.b/c/@v/v2.0.0+incompatible.mod", "", file("a.b/c", "v2.0.0+incompatible", "mod")],
  ["/a.b/c/@v/v2.0.0%2Bincompatible.mod", "", file("a.b/c", "v2.0.0+incompatible", "mod")],
  ["/a.b/c/%40v/list", "", list("a.b/c")],
  ["http://proxy.example/a.b/c/@v/list", "", list("a.b/c")],
  ["HTTPS://proxy.example:8443/a.b/c/@v/list?q", "", list("a.b/c")],
  ["http://proxy.example", "", page("home")],
];

const refused: readonly (readonly [target: string, code: string, message: RegExp])[] = [
  ["/a.b/c/@v/v1.0.0.tar", "not_found", /nothing else/],
  ["/a.b/c/@v/", "not_found", /nothing else/],
  ["/a.b/c/@v/.info", "not_found", /nothing else/],
  ["/a.b/c/@v/feature/x.info", "not_found", /feature\/x/],
  ["/a.b/c", "not_found", /no such page/],
  ["/favicon.ico", "not_found", /no such page/],
  ["/sumdb/sum.golang.org", "not_found", /nothing else/],
  ["/sumdb/sum.golang.org/lookup/a.b/c@v1", "bad_request", /lookup looks like/],
  ["/sumdb/sum.golang.org/lookup/a.b/c@v1.0.0+other", "bad_request", /lookup looks like|version/],
  ["/sumdb/sum.golang.org/lookup/b/c@v1.0.0", "bad_request", /b\/c/],
  ["/sumdb/sum.golang.org/tile/8/0/1", "bad_request", /tile path/],
  ["/Example.com/m/@v/list", "not_found", /Example\.com/],
  ["/example/m/@v/list", "not_found", /example\/m/],
  ["/a.b/!/@v/list", "not_found", /a\.b\/!/],
  ["/a.b/c%2521d/@v/list", "not_found", /%21d/],
  ["/a.b/c/@v/@v/list", "not_found", /./],
  ["/@v/list", "not_found", /no such page/],
  ["/@latest", "not_found", /./],
  ["//a.b/c/@v/list", "bad_request", /empty/],
  ["/a.b//c/@v/list", "bad_request", /empty/],
  ["/a.b/../c/@v/list", "bad_request", /empty, '\.' or '\.\.'/],
  ["/a.b/%2e%2e/c/@v/list", "bad_request", /empty, '\.' or '\.\.'/],
  ["/a.b/./c/@v/list", "bad_request", /empty, '\.' or '\.\.'/],
  ["/a.b/..", "bad_request", /empty, '\.' or '\.\.'/],
  ["/a.b\\c/@v/list", "bad_request", /backslash/],
  ["/a.b/c%00/@v/list", "bad_request", /control/],
  ["/a.b/%zz/@v/list", "bad_request", /percent/],
  ["/a.b/%ff/@v/list", "bad_request", /percent/],
  ["*", "bad_request", /slash/],
  ["a.b/c/@v/list", "bad_request", /slash/],
  [`/${"a".repeat(5000)}`, "bad_request", /longer/],
];

const database = "sum.golang.org";
const lookups: readonly (readonly [target: string, request: object])[] = [
  [`/sumdb/${database}/supported`, { database, question: { kind: "supported" }, keptOnly: false }],
  [
    "/cached-only/sumdb/a.b/c/latest",
    { database: "a.b/c", question: { kind: "latest" }, keptOnly: true },
  ],
  [
    `/sumdb/${database}/lookup/github.com/%21azure/latest/tile@v2.0.0+incompatible?x`,
    {
      database,
      question: {
        kind: "lookup",
        module: { path: "github.com/Azure/latest/tile", version: "v2.0.0+incompatible" },
      },
      keptOnly: false,
    },
  ],
  [
    `/sumdb/${database}/tile/8/data/x001/234.p/5`,
    {
      database,
      question: { kind: "tile", tile: { height: 8, level: "data", n: 1234, width: 5 } },
      keptOnly: false,
    },
  ],
];

describe("parseModuleRequest", () => {
  for (const [target, request] of lookups) {
    it(`understands ${target}`, () => {
      assert.deepEqual(parseModuleRequest(target, ""), { kind: "sumdb", ...request });
    });
  }
  for (const [target, prefix, request] of understood) {
    it(`understands ${target || "nothing"}${prefix && ` under ${prefix}`}`, () => {
      assert.deepEqual(parseModuleRequest(target, prefix), request);
    });
  }
  for (const [target, code, message] of refused) {
    it(`refuses ${target.slice(0, 60)}`, () => {
      assert.throws(
        () => parseModuleRequest(target, ""),
        (failure: unknown) => {
          assert.ok(failure instanceof ProxyFailure);
          assert.equal(failure.code, code);
          assert.match(failure.message, message);
          return true;
        },
      );
    });
  }
  it("takes the root for a probe where the proxy is mounted elsewhere", () => {
    assert.deepEqual(parseModuleRequest("/", "/go"), { kind: "page", page: "healthz" });
    assert.deepEqual(parseModuleRequest("/go/", "/go"), { kind: "page", page: "home" });
  });
  it("finds nothing outside the prefix", () => {
    assert.throws(() => parseModuleRequest("/a.b/c/@v/list", "/go"), { code: "not_found" });
    assert.throws(() => parseModuleRequest("/gone/a.b/c/@v/list", "/go"), { code: "not_found" });
  });
});
