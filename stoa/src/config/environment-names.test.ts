// Tests of how names in the environment are found: setting-names.ts, nearest-name.ts and what load-config.ts makes of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadConfig, settingKeys, settingOf } from "./load-config.ts";
import { nearestName } from "./nearest-name.ts";
import { environmentNames } from "./setting-names.ts";

const aliases: readonly (readonly [environment: Record<string, string>, expected: object])[] = [
  [
    { ATHENS_ATHENS_PORT: "1", ATHENS_PORT: "2", PORT: "3" },
    { port: { host: undefined, port: 1 } },
  ],
  [{ ATHENS_GO_ENV: "production", GO_ENV: "development" }, { goEnv: "production" }],
  [{ ATHENS_BASIC_AUTH_USER: "a", BASIC_AUTH_USER: "b" }, { basicAuthUser: "a" }],
  [{ ATHENS_STORAGE_S3_AWS_REGION: "a", AWS_REGION: "b" }, { s3Region: "a" }],
  [{ AWS_REGION: "b" }, { s3Region: "b" }],
  [{ ATHENS_SINGLEFLIGHT_REDIS_LOCKCONFIG_ATHENS_REDIS_LOCK_TTL: "5" }, { redisLockTtlSeconds: 5 }],
  [{ ATHENS_REDIS_LOCK_TTL: "6" }, { redisLockTtlSeconds: 6, sentinelLockTtlSeconds: 6 }],
  [
    { ATHENS_INDEX_MYSQL_PARAMS: "a:1,b:2" },
    {
      mysqlParams: new Map([
        ["a", "1"],
        ["b", "2"],
      ]),
    },
  ],
  [{ ATHENS_REDIS_CLUSTER: "T" }, { redisCluster: true }],
  [{ ATHENS_STATS_EXPORTER: "" }, { statsExporter: "" }],
  [{ ATHENS_HGRC_PATH: "/root/.hgrc" }, { hgrcPath: "/root/.hgrc" }],
  [{ ATHENS_CLOUD_RUNTIME: "GCP" }, { cloudRuntime: "gcp" }],
  [{ ATHENS_SINGLE_FLIGHT_TYPE: "", ATHENS_INDEX_TYPE: "" }, { singleFlightType: "memory" }],
  [{ ATHENS_TRACE_SAMPLING_FRACTION: "0.5" }, { traceSamplingFraction: 0.5 }],
];

for (const [environment, expected] of aliases) {
  it(`loadConfig reads ${JSON.stringify(environment)}`, () => {
    const { values, problems, warnings } = loadConfig(environment);
    assert.deepEqual([...problems, ...warnings], []);
    assert.partialDeepStrictEqual(values, expected);
  });
}

const refused: readonly (readonly [name: string, value: string, message: RegExp])[] = [
  ["ATHENS_INDEX_MYSQL_PARAMS", "a=1", /name:value/],
  ["ATHENS_INDEX_MYSQL_PARAMS", "a:1:2", /name:value/],
  ["PROXY_FORCE_SSL", "yes", /neither true nor false/],
  ["ATHENS_STORAGE_TYPE", "mongo", /not available in Stoa yet; there is disk, memory/],
  ["ATHENS_STATS_EXPORTER", "datadog", /not available in Stoa yet; there is prometheus/],
  ["ATHENS_TRACE_SAMPLING_FRACTION", "", /from 0 to 1/],
  ["STOA_DIRECT", "hg", /none of git, go/],
  [
    "ATHENS_PORT",
    "tcp://10.0.0.7:80",
    /what Kubernetes sets for a service.*enableServiceLinks: false/,
  ],
];

for (const [name, value, message] of refused) {
  it(`loadConfig refuses ${name}=${value}`, () => {
    const { problems } = loadConfig({ [name]: value });
    assert.deepEqual(
      problems.map(({ at }) => at),
      [name],
    );
    assert.match(problems[0]?.message ?? "", message);
  });
}

describe("unknown names", () => {
  for (const [name, hint] of [
    ["ATHENS_GO_GET_WORKERS", /is ATHENS_GOGET_WORKERS meant\?$/],
    ["ATHENS_STORAGETYPE", /is ATHENS_STORAGE_TYPE meant\?$/],
    ["ATHENS_DISK_ROOT", /stoa config print shows all keys$/],
    ["STOA_LIST_TLL", /is STOA_LIST_TTL meant\?$/],
    ["ATHENS_TLS_CERT_FILE", /is ATHENS_TLSCERT_FILE meant\?$/],
  ] as const) {
    it(`loadConfig warns about ${name}`, () => {
      const { warnings, problems } = loadConfig({ [name]: "1" });
      assert.deepEqual(problems, []);
      assert.deepEqual(
        warnings.map(({ at }) => at),
        [name],
      );
      assert.match(warnings[0]?.message ?? "", hint);
    });
  }

  it("are none of ours without our prefixes, nor what Kubernetes sets for services", () => {
    const environment = {
      GOFLAGS: "-v",
      ATHENS_SERVICE_HOST: "10.0.0.7",
      ATHENS_SERVICE_PORT_HTTP: "80",
      ATHENS_PROXY_PORT: "tcp://10.0.0.7:80",
      ATHENS_PROXY_PORT_80_TCP_ADDR: "10.0.0.7",
      STOA_SERVICE_PORT: "80",
    };
    assert.deepEqual(loadConfig(environment).warnings, []);
  });
});

it("no name in the environment belongs to two keys that differ in kind", () => {
  const kinds = new Map<string, string>();
  for (const setting of settingKeys.map(settingOf)) {
    for (const name of environmentNames(setting)) {
      assert.equal(kinds.get(name) ?? setting.kind, setting.kind, name);
      kinds.set(name, setting.kind);
    }
  }
});

for (const [name, known, expected] of [
  ["Prot", ["Port", "Pprof"], undefined],
  ["Porta", ["Port"], "Port"],
  ["LOG_LEVEL", ["LogLevel"], "LogLevel"],
  ["Bucket", ["Storage.GCP.Bucket", "Storage.S3.Bucket"], "Storage.GCP.Bucket"],
  ["abc", [], undefined],
] as const) {
  it(`nearestName finds ${expected} for ${name}`, () => {
    assert.equal(nearestName(name, known), expected);
  });
}
