import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseConfigFile, readConfigFile } from "./config-file.ts";
import {
  type Environment,
  knownFileNames,
  loadConfig,
  settingKeys,
  settingOf,
} from "./load-config.ts";

const isWhole = (name: string): boolean => knownFileNames.has(name);

function load(text: string, environment: Environment = {}) {
  const path = "athens.toml";
  return loadConfig(environment, { path, ...parseConfigFile(text, path, isWhole) });
}

const sample = readFileSync(new URL("testing/athens-sample.toml", import.meta.url), "utf8");

describe("a file with every key of Athens", () => {
  const { values, problems, warnings, sources } = load(sample);

  it("is taken as it is", () => {
    assert.deepEqual(problems, []);
    assert.deepEqual(warnings, []);
    assert.partialDeepStrictEqual(values, {
      port: { host: undefined, port: 3000 },
      storageType: "memory",
      diskRoot: "/path/on/disk",
      logLevel: "debug",
      logFormat: "plain",
      timeoutSeconds: 300,
      goBinaryEnvVars: new Map([["GOPROXY", "direct"]]),
      sumDbs: ["https://sum.golang.org"],
      postgresParams: new Map([
        ["connect_timeout", "30s"],
        ["sslmode", "disable"],
      ]),
    });
  });

  it("has all of them: what it lacks are retired names and those of Stoa", () => {
    const missing = settingKeys.filter((key) => !sources.has(key)).map((key) => settingOf(key));
    assert.deepEqual(
      missing
        .filter(({ environment }) => !environment[0]?.startsWith("STOA_"))
        .map(({ name }) => name),
      ["Storage.Mongo.InsecureConn", "BuffaloLogLevel"],
    );
  });

  it("says of each value on which line it stands", () => {
    const line = sample.split("\n").findIndex((text) => text.includes("RootPath")) + 1;
    assert.equal(sources.get("diskRoot"), `athens.toml:${line}`);
  });

  it("may be written in any case, with dotted keys, and as inline tables", () => {
    const text =
      'PORT = 4000\nstorage.disk.ROOTPATH = "/a"\n[Index]\nmysql = { params = { a = "1" } }\n';
    assert.partialDeepStrictEqual(load(text).values, {
      port: { host: undefined, port: 4000 },
      diskRoot: "/a",
      mysqlParams: new Map([["a", "1"]]),
    });
    assert.deepEqual(load(text).warnings, []);
  });
});

const refused: readonly (readonly [text: string, at: string, message: RegExp])[] = [
  ["Timeout = 0\n", "athens.toml:1: Timeout", /^0 is not a whole number of seconds of at least 1$/],
  [
    '\n[Storage]\nx="1"\n[Storage.Disk]\nRootPath = 5\n',
    "athens.toml:5: Storage.Disk.RootPath",
    /^5 is not text/,
  ],
  ['timeout = "300"\n', "athens.toml:1: timeout", /^"300" is not a whole number/],
  ['StorageType = "s4"\n', "athens.toml:1: StorageType", /"s4" is none of disk, memory, s3/],
  ['SingleFlightType = "zoo"\n', "athens.toml:1: SingleFlightType", /^"zoo" is none of memory/],
  [
    'TraceExporter = "jaeger"\n',
    "athens.toml:1: TraceExporter",
    /not available in Stoa yet; there is otlp/,
  ],
  ['Direct = "svn"\n', "athens.toml:1: Direct", /^"svn" is none of git, go/],
  ["HGRCPath = 5\n", "athens.toml:1: HGRCPath", /^5 is not text/],
  ['ForceSSL = "yes"\n', "athens.toml:1: ForceSSL", /neither true nor false/],
  ['GoBinaryEnvVars = "GOPROXY=a"\n', "athens.toml:1: GoBinaryEnvVars", /not a list such as/],
  ['GoBinaryEnvVars = ["GOPROXY"]\n', "athens.toml:1: GoBinaryEnvVars", /NAME=VALUE/],
  ["TraceSamplingFraction = 2\n", "athens.toml:1: TraceSamplingFraction", /from 0 to 1/],
  ["Port = 1979-05-27\n", "athens.toml:1: Port", /is not text/],
  ["Timeout = 99999999999999999999\n", "athens.toml:1", /./],
  ["BasicAuthPass = 4711\n", "athens.toml:1: BasicAuthPass", /^its value, which is not shown here/],
  [
    'GoBinaryEnvVars = ["https://a:open-sesame@b.example"]\n',
    "athens.toml:1",
    /^(?!.*sesame).*NAME=VALUE/,
  ],
  ['Port = "1\n', "athens.toml:1:10", /^this is not TOML: /],
  ["a = 1\na = 2\n", "athens.toml:2:1", /^this is not TOML: /],
  ['Port = ":1"\nport = ":2"\n', "athens.toml:1: port", /set twice, also as Port/],
];

describe("loadConfig with a file", () => {
  for (const [text, at, message] of refused) {
    it(`refuses ${JSON.stringify(text)} at its place`, () => {
      const { problems } = load(text);
      assert.equal(problems.length, 1, JSON.stringify(problems));
      assert.equal(problems[0]?.at.startsWith(at), true, JSON.stringify(problems));
      assert.match(problems[0]?.message ?? "", message);
    });
  }

  it("tells all that is wrong, in the file and in the environment, also what is overridden", () => {
    const { problems, values } = load('Timeout = 0\nLogLevel = "loud"\n', {
      ATHENS_LOG_LEVEL: "warn",
      ATHENS_PORT: "x",
    });
    assert.deepEqual(problems.map(({ at }) => at).toSorted(), [
      "ATHENS_PORT",
      "athens.toml:1: Timeout",
      "athens.toml:2: LogLevel",
    ]);
    assert.equal(values.logLevel, "warn");
  });

  it("lets the environment count before the file, and the file before the default", () => {
    const text =
      'LogLevel = "warn"\nTimeout = 7\nGoBinaryEnvVars = ["GOPROXY=https://a.example"]\n';
    const environment = {
      ATHENS_LOG_LEVEL: "error",
      ATHENS_GO_BINARY_ENV_VARS: "",
      ATHENS_PORT: "",
      PORT: "4000",
    };
    const { values, sources } = load(text, environment);
    assert.partialDeepStrictEqual(values, {
      logLevel: "error",
      timeoutSeconds: 7,
      port: { host: undefined, port: 4000 },
      goBinaryEnvVars: new Map([["GOPROXY", "https://a.example"]]),
      upstreamQueue: 1000,
    });
    assert.equal(sources.get("logLevel"), "ATHENS_LOG_LEVEL");
    assert.equal(sources.get("timeoutSeconds"), "athens.toml:2");
    assert.equal(sources.get("port"), "PORT");
    assert.equal(sources.get("upstreamQueue"), undefined);
  });

  it("takes a variable that is set to nothing for set", () => {
    const { values } = load('DownloadMode = "sync"\nHomeTemplatePath = "/a"\n', {
      ATHENS_HOME_TEMPLATE_PATH: "",
    });
    assert.equal(values.homeTemplatePath, "");
    assert.equal(load("", { PROXY_FORCE_SSL: "" }).problems.length, 1);
  });

  it("replaces lists and assignments as a whole", () => {
    const { values } = load(
      'GoBinaryEnvVars = ["GOPROXY=a", "GOPRIVATE=b"]\nSumDBs = ["c", "d"]\n',
      {
        ATHENS_GO_BINARY_ENV_VARS: "GOPROXY=https://e.example",
        ATHENS_SUM_DBS: "https://f.example, https://g.example",
      },
    );
    assert.deepEqual(values.goBinaryEnvVars, new Map([["GOPROXY", "https://e.example"]]));
    assert.deepEqual(values.sumDbs, ["https://f.example", "https://g.example"]);
  });

  for (const [text, hint] of [
    ["GoGetWorker = 3\n", /is GoGetWorkers meant\?$/],
    ["Go_Get_Workers = 3\n", /is GoGetWorkers meant\?$/],
    ['RootPath = "/a"\n', /is Storage\.Disk\.RootPath meant\?$/],
    ['[Storage.S3]\nBuckett = "a"\n', /is Storage\.S3\.Bucket meant\?$/],
    ["Colour = 3\n", /stoa config print shows all keys$/],
  ] as const) {
    it(`warns about the unknown ${JSON.stringify(text)}`, () => {
      const { warnings, problems } = load(text);
      assert.deepEqual(problems, []);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]?.at ?? "", /^athens\.toml:\d: \w/);
      assert.match(warnings[0]?.message ?? "", hint);
    });
  }
});

describe("readConfigFile", () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-config-file-"));
  const read = (named?: string) => readConfigFile(named, folder, isWhole);

  it("reads athens.toml where the program is started, or the file that is named", (t) => {
    t.after(() => rmSync(folder, { recursive: true }));
    assert.equal(read(), undefined);
    writeFileSync(join(folder, "athens.toml"), "\uFEFFTimeout = 1\n");
    assert.deepEqual(read()?.problems, []);
    assert.equal(read()?.entries.get("timeout")?.at, "athens.toml:1");
    const other = join(folder, "other.toml");
    writeFileSync(other, "Timeout = 1\n");
    assert.equal(read(other)?.entries.get("timeout")?.at, `${other}:1`);
    assert.match(read(join(folder, "none"))?.problems[0]?.message ?? "", /there is no such file$/);
    mkdirSync(join(folder, "deep"));
    assert.match(read(join(folder, "deep"))?.problems[0]?.message ?? "", /it is a folder$/);
  });
});
