import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidText } from "./invalid-text.ts";
import { parseVersion } from "./version.ts";
import { formatVersionInfo, parseVersionInfo, type VersionInfo } from "./version-info.ts";

const version = parseVersion("v1.2.3");
const time = new Date("2020-01-02T17:33:45Z");

const read: readonly (readonly [document: string, info: VersionInfo])[] = [
  ['{"Version":"v1.2.3"}', { version, time: undefined }],
  [
    '{"Version":"v1.2.3","Time":"2020-01-02T17:33:45Z"}',
    { version, time, timeText: "2020-01-02T17:33:45Z" },
  ],
  [
    ' {"tIME" : "2020-01-02T18:33:45.000+01:00",\n"version":"v1.2.3"}\n',
    { version, time, timeText: "2020-01-02T18:33:45+01:00" },
  ],
  [
    '{"Version":"v1.2.3","Time":"0001-01-01T00:00:00Z"}',
    { version, time: undefined, timeText: "0001-01-01T00:00:00Z" },
  ],
  [
    '{"Version":"v1.2.3","Time":null,"Origin":null,"New":[{"Version":1}]}',
    { version, time: undefined },
  ],
  ['{"Version":"v1.2.3","Origin":{}}', { version, time: undefined, origin: {} }],
  [
    '{"Version":"v1.2.3","Origin":{"vcs":"git","URL":"https://x.y/z","Hash":"","Ref":null,"repoSUM":"r1:x","More":1}}',
    { version, time: undefined, origin: { vcs: "git", url: "https://x.y/z", repoSum: "r1:x" } },
  ],
  ['{"Version":"v1.0.0","version":null,"VERSION":"v1.2.3"}', { version, time: undefined }],
  ['{"Version":"v1.2.3","verſion":"v1.2.3"}', { version, time: undefined }],
  [
    '{"Version":"v1.2.3","Origin":{"VCS":"hg","URL":"u","Ref":"x"},"origin":{"VCS":"git","Ref":null,"URL":""}}',
    { version, time: undefined, origin: { vcs: "git", ref: "x" } },
  ],
  [
    '{"Version":"v1.2.3","Origin":{"VCS":"hg","Ref":"x"},"Origin":null,"Origin":{"VCS":"git"}}',
    { version, time: undefined, origin: { vcs: "git" } },
  ],
  [
    '{"Version":"v1.2.3","Origin":{"Ref":"\\ud800x"}}',
    { version, time: undefined, origin: { ref: "\ufffdx" } },
  ],
];

describe("parseVersionInfo reads", () => {
  for (const [document, info] of read) {
    test(document, () => {
      assert.deepEqual(parseVersionInfo(document), info);
      assert.deepEqual(parseVersionInfo(Buffer.from(document)), info);
    });
  }
});

const refused = [
  "",
  "null",
  "[]",
  '"v1.2.3"',
  "{}",
  "{'Version':'v1.2.3'}",
  '{"Version":"v1.2.3",}',
  '{"Version":"v1.2.3"}{}',
  '\ufeff{"Version":"v1.2.3"}',
  '{"Version":""}',
  '{"Version":null}',
  '{"Version":123}',
  '{"Version":["v1.2.3"]}',
  '{"Version":"v1.2"}',
  '{"Version":"v1.2.3+meta"}',
  '{"Version":"latest"}',
  '{"Version":1,"Version":"v1.2.3"}',
  '{"Version":"v1.2.3","Time":""}',
  '{"Version":"v1.2.3","Time":"yesterday"}',
  '{"Version":"v1.2.3","Time":1577986425}',
  '{"Version":"v1.2.3","Time":"2020\\u002d01-02T17:33:45Z"}',
  '{"Version":"v1.2.3","Time":"x","Time":"2020-01-02T17:33:45Z"}',
  '{"Version":"v1.2.3","Origin":"git"}',
  '{"Version":"v1.2.3","Origin":[]}',
  '{"Version":"v1.2.3","Origin":{"VCS":1}}',
  '{"Version":"v1.2.3","Origin":{"VCS":1},"Origin":null}',
];

describe("parseVersionInfo refuses", () => {
  for (const document of refused) {
    test(JSON.stringify(document), () => {
      assert.throws(
        () => parseVersionInfo(document),
        (failure) => failure instanceof InvalidText && failure.kind === ".info document",
      );
    });
  }
});

const zero = "0001-01-01T00:00:00Z";
const written: readonly (readonly [info: VersionInfo, document: string])[] = [
  [{ version, time }, '{"Version":"v1.2.3","Time":"2020-01-02T17:33:45Z"}'],
  [{ version, time: undefined }, `{"Version":"v1.2.3","Time":"${zero}"}`],
  [
    { version, time: new Date("2020-01-02T17:33:45.670Z"), origin: {} },
    '{"Version":"v1.2.3","Time":"2020-01-02T17:33:45.67Z","Origin":{}}',
  ],
  [
    { version, time, timeText: "2020-01-02T18:33:45.000000001+01:00" },
    '{"Version":"v1.2.3","Time":"2020-01-02T18:33:45.000000001+01:00"}',
  ],
  [
    { version, time, timeText: "2021-01-02T17:33:45Z" },
    '{"Version":"v1.2.3","Time":"2020-01-02T17:33:45Z"}',
  ],
  [{ version, time, timeText: "nonsense" }, '{"Version":"v1.2.3","Time":"2020-01-02T17:33:45Z"}'],
  [
    {
      version,
      time,
      origin: {
        repoSum: "8",
        ref: "7",
        tagSum: "6",
        tagPrefix: "5",
        hash: "4",
        subdir: "3",
        url: "2",
        vcs: "1",
      },
    },
    '{"Version":"v1.2.3","Time":"2020-01-02T17:33:45Z","Origin":{"VCS":"1","URL":"2","Subdir":"3","Hash":"4","TagPrefix":"5","TagSum":"6","Ref":"7","RepoSum":"8"}}',
  ],
  [
    {
      version,
      time,
      origin: { vcs: "", url: undefined, ref: '<é&\u2028\u2029>\u0000\b\f\n\r\t\u007f"\\' },
    },
    '{"Version":"v1.2.3","Time":"2020-01-02T17:33:45Z","Origin":{"Ref":"\\u003cé\\u0026\\u2028\\u2029\\u003e\\u0000\\b\\f\\n\\r\\t\u007f\\"\\\\"}}',
  ],
];

describe("formatVersionInfo writes", () => {
  for (const [info, document] of written) {
    test(document, () => assert.equal(formatVersionInfo(info), document));
  }
});
