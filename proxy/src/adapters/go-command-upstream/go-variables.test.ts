import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type GoVariableSources, goVariables, serverGovcs } from "./go-variables.ts";

const folder = {
  path: "/run/x",
  moduleCache: "/run/x/modules",
  [Symbol.asyncDispose]: async () => undefined,
};

function given(sources: Partial<GoVariableSources>): Record<string, string> {
  return goVariables({ environment: {}, chosen: {}, ...sources }, folder);
}

describe("the variables of the go command", () => {
  it("are the machine's paths, proxies, certificates and credentials, and nothing else of it", () => {
    const environment = {
      PATH: "/bin",
      HOME: "/home/ann",
      https_proxy: "http://p",
      SSL_CERT_FILE: "/ca.pem",
      GIT_SSL_CAINFO: "/ca.pem",
      SSH_AUTH_SOCK: "/agent",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "http.proxy",
      GIT_CONFIG_VALUE_0: "http://p",
    };
    const variables = given({
      environment: { ...environment, ATHENS_BASIC_AUTH_PASS: "secret", GIT_DIR: "/x", LANG: "de" },
    });
    for (const [name, value] of Object.entries(environment)) assert.equal(variables[name], value);
    for (const name of ["ATHENS_BASIC_AUTH_PASS", "GIT_DIR", "LANG"]) {
      assert.equal(variables[name], undefined);
    }
  });

  it("let what was chosen count more, but never for where it fetches and what it asks", () => {
    const variables = given({
      environment: { PATH: "/bin", GOROOT: "/a" },
      chosen: {
        GOROOT: "/b",
        GOPRIVATE: "x.test",
        GOPROXY: "https://p.example",
        GOSUMDB: "sum.golang.org",
        GOFLAGS: "-insecure",
        GOMODCACHE: "/else",
        GIT_TERMINAL_PROMPT: "1",
      },
    });
    assert.partialDeepStrictEqual(variables, {
      GOROOT: "/b",
      GOPRIVATE: "x.test",
      GOPROXY: "direct",
      GOSUMDB: "off",
      GOFLAGS: "-insecure -mod=mod -modcacherw",
      GOMODCACHE: "/run/x/modules",
      GIT_TERMINAL_PROMPT: "0",
      GOTOOLCHAIN: "local",
      GOVCS: "*:git",
    });
  });

  it("let a go command that may fetch toolchains compare those, and nothing else", () => {
    assert.partialDeepStrictEqual(given({ chosen: { GOTOOLCHAIN: "auto" } }), {
      GOTOOLCHAIN: "auto",
      GOSUMDB: "sum.golang.org",
      GONOSUMDB: "*",
    });
  });

  it("hold the token for GitHub where no other user sees it, behind git's own configuration", () => {
    const variables = given({
      environment: { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "a.b", GIT_CONFIG_VALUE_0: "c" },
      githubToken: "secret",
    });
    assert.partialDeepStrictEqual(variables, {
      GIT_CONFIG_COUNT: "2",
      GIT_CONFIG_KEY_0: "a.b",
      GIT_CONFIG_KEY_1: "http.https://github.com/.extraHeader",
      GIT_CONFIG_VALUE_1: `Authorization: Basic ${btoa("x-access-token:secret")}`,
    });
  });
});

describe("GOVCS of a server", () => {
  for (const [rules, expected] of [
    ["", "*:git"],
    ["x.test:hg", "x.test:hg,*:git"],
    ["private:all", "private:all,*:git"],
    ["x.test:hg, *:off", "x.test:hg, *:off"],
    ["*:all", "*:all"],
  ] as const) {
    it(`${rules || "without rules"} is ${expected}`, () =>
      assert.equal(serverGovcs(rules), expected));
  }
});
