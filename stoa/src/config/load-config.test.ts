import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readGoEnvironment } from "./go-environment.ts";
import { loadConfig } from "./load-config.ts";
import { configAsJson, printConfig, printSettingsHelp } from "./print-config.ts";
import { settings } from "./settings.ts";

const accepted: readonly (readonly [environment: Record<string, string>, expected: object])[] = [
  [{}, { port: { host: undefined, port: 3000 }, storageType: "disk", diskRoot: "./data" }],
  [{ PORT: "8080" }, { port: { host: undefined, port: 8080 } }],
  [{ PORT: "8080", ATHENS_PORT: "9090" }, { port: { host: undefined, port: 9090 } }],
  [{ ATHENS_PORT: ":8080" }, { port: { host: undefined, port: 8080 } }],
  [{ ATHENS_PORT: "127.0.0.1:0" }, { port: { host: "127.0.0.1", port: 0 } }],
  [{ ATHENS_PORT: "[::1]:8080" }, { port: { host: "::1", port: 8080 } }],
  [{ ATHENS_PORT: "localhost:8080" }, { port: { host: "localhost", port: 8080 } }],
  [{ ATHENS_PORT: "" }, { port: { host: undefined, port: 3000 } }],
  [{ ATHENS_STORAGE_TYPE: "memory" }, { storageType: "memory" }],
  [{ ATHENS_LOG_LEVEL: "WARNING" }, { logLevel: "warn" }],
  [{ ATHENS_LOG_LEVEL: "trace" }, { logLevel: "debug" }],
  [{ ATHENS_LOG_FORMAT: "json" }, { logFormat: "json" }],
  [{ ATHENS_TIMEOUT: "0x10" }, { timeoutSeconds: 16 }],
  [{ ATHENS_SHUTDOWN_TIMEOUT: "0" }, { shutdownTimeoutSeconds: 0 }],
  [{ ATHENS_PATH_PREFIX: "/go/" }, { pathPrefix: "/go" }],
  [{ ATHENS_PATH_PREFIX: "/" }, { pathPrefix: "" }],
  [
    { ATHENS_GO_BINARY_ENV_VARS: "GOPROXY=https://a.example,direct; GOPRIVATE=corp.example/*" },
    {
      goBinaryEnvVars: new Map([
        ["GOPROXY", "https://a.example,direct"],
        ["GOPRIVATE", "corp.example/*"],
      ]),
    },
  ],
  [{ ATHENS_GO_BINARY_ENV_VARS: "" }, { goBinaryEnvVars: new Map() }],
];

const refused: readonly (readonly [name: string, value: string, message: RegExp])[] = [
  ["ATHENS_PORT", "abc", /"abc" is not an address/],
  ["ATHENS_PORT", "70000", /"70000"/],
  ["ATHENS_PORT", "a:b:1", /"a:b:1"/],
  ["PORT", "-1", /"-1"/],
  ["ATHENS_STORAGE_TYPE", "tape", /"tape" is none of disk, memory/],
  ["ATHENS_LOG_LEVEL", "loud", /"loud"/],
  ["ATHENS_LOG_FORMAT", "xml", /"xml" is none of plain, json/],
  ["ATHENS_TIMEOUT", "", /"" is not a whole number of seconds/],
  ["ATHENS_TIMEOUT", "0", /at least 1/],
  ["ATHENS_TIMEOUT", "1.5", /"1.5"/],
  ["ATHENS_TIMEOUT", "5m", /"5m"/],
  ["ATHENS_PATH_PREFIX", "go", /begin with a slash/],
  ["ATHENS_PATH_PREFIX", "/a b", /begin with a slash/],
  ["ATHENS_PATH_PREFIX", "/a/../b", /begin with a slash/],
  ["ATHENS_GO_BINARY_ENV_VARS", "GOPROXY", /NAME=VALUE/],
  ["ATHENS_GO_BINARY_ENV_VARS", "GOPROXY=a;", /NAME=VALUE/],
];

describe("loadConfig", () => {
  for (const [environment, expected] of accepted) {
    it(`reads ${JSON.stringify(environment)}`, () => {
      const { values, problems } = loadConfig(environment);
      assert.deepEqual(problems, []);
      assert.partialDeepStrictEqual(values, expected);
    });
  }

  for (const [name, value, message] of refused) {
    it(`refuses ${name}=${value}`, () => {
      const { problems } = loadConfig({ [name]: value });
      assert.equal(problems.length, 1);
      assert.equal(problems[0]?.at, name);
      assert.match(problems[0]?.message ?? "", message);
    });
  }

  it("tells all problems at once", () => {
    const { problems } = loadConfig({ ATHENS_PORT: "x", ATHENS_TIMEOUT: "y", STOA_LIST_TTL: "z" });
    assert.deepEqual(
      problems.map(({ at }) => at),
      ["ATHENS_PORT", "ATHENS_TIMEOUT", "STOA_LIST_TTL"],
    );
  });

  it("reads back what it prints, for every key", () => {
    for (const setting of Object.values(settings)) {
      const print = setting.print as (value: unknown) => string;
      assert.deepEqual(setting.parse(print(setting.default)), setting.default, setting.name);
    }
  });
});

describe("readGoEnvironment", () => {
  const nowhere = { GOENV: "off" };

  it("takes assignments before the environment before the default", () => {
    const assignments = new Map([["GOPROXY", "https://a.example"]]);
    const environment = { ...nowhere, GOPROXY: "https://b.example" };
    assert.equal(readGoEnvironment(assignments, environment).goproxy, "https://a.example");
    assert.equal(readGoEnvironment(new Map(), environment).goproxy, "https://b.example");
    assert.equal(readGoEnvironment(new Map(), nowhere).goproxy, "https://proxy.golang.org,direct");
  });

  it("reads the file that go env -w writes, and takes empty variables for unset ones", () => {
    const folder = mkdtempSync(join(tmpdir(), "stoa-go-env-"));
    try {
      const file = join(folder, "env");
      writeFileSync(file, "GOFLAGS=-v\nGOPROXY=https://c.example|direct\nGOPRIVATE=corp.example\n");
      const go = readGoEnvironment(new Map(), { GOENV: file, GOPROXY: "" });
      assert.equal(go.goproxy, "https://c.example|direct");
      assert.equal(go.goproxySource, file);
      assert.equal(go.noproxy, "corp.example");
      assert.equal(
        readGoEnvironment(new Map(), { GOENV: file, GONOPROXY: "none" }).noproxy,
        "none",
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("printConfig", () => {
  const environment = {
    GOENV: "off",
    ATHENS_PORT: "4000",
    ATHENS_GO_BINARY_ENV_VARS: "GOPROXY=https://user:secret@a.example,direct",
  };
  const config = loadConfig(environment);
  const go = readGoEnvironment(config.values.goBinaryEnvVars, environment);

  it("says where each value came from", () => {
    const printed = printConfig(config, go);
    assert.match(printed, /^Port +:4000 +# ATHENS_PORT$/m);
    assert.match(printed, /^StorageType +disk +# default$/m);
    assert.match(printed, /^GOPROXY +\S+ +# GoBinaryEnvVars$/m);
  });

  it("shows no password", () => {
    for (const printed of [printConfig(config, go), configAsJson(config, go)]) {
      assert.doesNotMatch(printed, /secret/);
      assert.match(printed, /https:\/\/\*\*\*@a\.example,direct/);
    }
  });

  it("is JSON where JSON is wanted", () => {
    const json = JSON.parse(configAsJson(config, go)) as Record<string, unknown>;
    assert.deepEqual(json["Port"], { value: ":4000", source: "ATHENS_PORT" });
  });

  it("explains every variable in the help", () => {
    const help = printSettingsHelp();
    for (const setting of Object.values(settings)) {
      if ("idle" in setting) continue;
      for (const name of setting.environment) assert.ok(help.includes(name), name);
    }
  });
});
