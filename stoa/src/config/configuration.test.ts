// Tests of what is wrong although each key is right: configuration.ts, consistency.ts, named-files.ts.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { loopbackCertificate } from "@stoa/serving/testing";
import { readConfiguration } from "./configuration.ts";

const folder = mkdtempSync(join(tmpdir(), "stoa-configuration-"));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string, mode = 0o644): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const cert = write("cert.pem", loopbackCertificate.cert);
const key = write("key.pem", loopbackCertificate.key);
const otherKey = write(
  "other-key.pem",
  "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFl5bLDsJs8EEL3ZMpzxXZqTqzpIMNK4rSzvGZoXlQbN\n-----END PRIVATE KEY-----\n",
);
const noPem = write("no.pem", "hello\n");

function read(environment: Record<string, string>, file?: string) {
  return readConfiguration({ environment: { GOENV: "off", ...environment }, file, folder });
}

const refused: readonly (readonly [
  environment: Record<string, string>,
  at: string,
  message: RegExp,
])[] = [
  [
    { ATHENS_TLSCERT_FILE: cert },
    "ATHENS_TLSCERT_FILE",
    /TLSKeyFile \(ATHENS_TLSKEY_FILE\) must be set/,
  ],
  [{ ATHENS_TLSKEY_FILE: key }, "ATHENS_TLSKEY_FILE", /TLSCertFile .* must be set/],
  [
    { ATHENS_SUM_DBS: "https://sum.golang.org,https://sum.corp.example" },
    "SumDBs",
    /the key of sum\.corp\.example is not known: write name\+hash\+key before the URL, and a space$/,
  ],
  [
    { ATHENS_TLSCERT_FILE: "/no/cert", ATHENS_TLSKEY_FILE: key },
    "ATHENS_TLSCERT_FILE",
    /\/no\/cert cannot be read: there is no such file/,
  ],
  [
    { ATHENS_TLSCERT_FILE: noPem, ATHENS_TLSKEY_FILE: key },
    "ATHENS_TLSCERT_FILE",
    /holds no certificate/,
  ],
  [
    { ATHENS_TLSCERT_FILE: cert, ATHENS_TLSKEY_FILE: noPem },
    "ATHENS_TLSKEY_FILE",
    /holds no private key/,
  ],
  [
    { ATHENS_TLSCERT_FILE: cert, ATHENS_TLSKEY_FILE: otherKey },
    "ATHENS_TLSKEY_FILE",
    /does not belong/,
  ],
  [{ BASIC_AUTH_USER: "a" }, "BASIC_AUTH_USER", /BasicAuthPass .* everybody would be let in/],
  [{ BASIC_AUTH_PASS: "a" }, "BASIC_AUTH_PASS", /BasicAuthUser/],
  [{ ATHENS_NETRC_PATH: "/no/netrc" }, "ATHENS_NETRC_PATH", /\/no\/netrc cannot be read/],
  [{ GOPROXY: "ftp://a.example" }, "GOPROXY from the environment", /./],
];

describe("readConfiguration", () => {
  for (const [environment, at, message] of refused) {
    it(`refuses ${JSON.stringify(environment).slice(0, 90)}`, () => {
      const { problems } = read(environment);
      assert.deepEqual(
        problems.map((problem) => problem.at),
        [at],
        JSON.stringify(problems),
      );
      assert.match(problems[0]?.message ?? "", message);
    });
  }

  it("takes a certificate with its key", () => {
    assert.deepEqual(read({ ATHENS_TLSCERT_FILE: cert, ATHENS_TLSKEY_FILE: key }).problems, []);
  });

  it("names the line of the file where a pair is broken", () => {
    const file = write("pair.toml", '\nBasicAuthUser = "a"\n');
    assert.equal(read({}, file).problems[0]?.at, `${file}:2: BasicAuthUser`);
  });

  const isPosix = process.platform !== "win32";
  for (const [mode, isRefused] of [
    [0o644, false],
    [0o600, false],
    [0o664, true],
    [0o646, true],
    [0o755, true],
  ] as const) {
    const shown = mode.toString(8);
    it(`with GoEnv=production a file of mode ${shown} is ${isRefused ? "refused" : "taken"}`, {
      skip: !isPosix,
    }, () => {
      const file = write(`mode-${shown}.toml`, 'GoEnv = "production"\n', mode);
      const { problems } = read({}, file);
      assert.equal(problems.length, isRefused ? 1 : 0, JSON.stringify(problems));
      if (isRefused) assert.match(problems[0]?.message ?? "", new RegExp(`its mode is 0${shown}`));
      assert.deepEqual(read({ GO_ENV: "development" }, file).problems, []);
    });
  }
});
