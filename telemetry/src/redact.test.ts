// Tests of redact.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { redact, redactNamed } from "./redact.ts";

const secret = "s3cr3tV4lue";

const masked: readonly (readonly [text: string, expected: string])[] = [
  [`https://user:${secret}@example.com/a`, "https://***@example.com/a"],
  [`https://${secret}@example.com`, "https://***@example.com"],
  [`https://user:p@${secret}@example.com/@v/list`, "https://***@example.com/@v/list"],
  [
    `see ssh://git:${secret}@host:22/x and http://a:${secret}@b`,
    "see ssh://***@host:22/x and http://***@b",
  ],
  [`https://a.com,https://u:${secret}@b.com|direct`, "https://a.com,https://***@b.com|direct"],
  [
    `postgres://stoa:${secret}@db:5432/stoa?sslmode=disable`,
    "postgres://***@db:5432/stoa?sslmode=disable",
  ],
  [`stoa:${secret}@tcp(db:3306)/stoa`, "***@tcp(db:3306)/stoa"],
  [
    `host=db user=stoa password=${secret} dbname=stoa`,
    "host=db user=stoa password=*** dbname=stoa",
  ],
  [`AccountName=a;AccountKey=${secret}==;X=1`, "AccountName=a;AccountKey=***;X=1"],
  [`https://b/x?a=1&X-Amz-Signature=${secret}&b=2`, "https://b/x?a=1&X-Amz-Signature=***&b=2"],
  [`https://b/x?sv=1&sig=${secret}%3D`, "https://b/x?sv=1&sig=***"],
  [`access_token=${secret}`, "access_token=***"],
  [`GITHUB_TOKEN=${secret} go mod download`, "GITHUB_TOKEN=*** go mod download"],
  [`Authorization: Basic ${secret}`, "Authorization: ***"],
  [`authorization: token ${secret}\nnext line`, "authorization: ***\nnext line"],
  [`PRIVATE-TOKEN: ${secret}`, "PRIVATE-TOKEN: ***"],
  [`Set-Cookie: a=${secret}; Path=/`, "Set-Cookie: ***"],
  [`it sent Bearer ${secret} to us`, "it sent Bearer *** to us"],
  [`Basic ${secret}==, then`, "Basic ***, then"],
  [`{"access_token": "${secret}", "type":"x"}`, '{"access_token": "***", "type":"x"}'],
  [`{"password":"a\\"${secret}\\\\"}`, '{"password":"***"}'],
];

for (const [text, expected] of masked) {
  test(`redact masks ${JSON.stringify(text.replaceAll(secret, "…"))}`, () => {
    assert.equal(redact(text), expected);
  });
}

const untouched = [
  "https://proxy.golang.org/github.com/a/b/@v/v1.0.0.info",
  "http://localhost:3000/@v/list",
  "git@github.com:a/b.git",
  "github.com/a/b@v1.2.3",
  "unexpected token: }",
  "the password is missing",
  "use basic authentication",
  "a bearer of news",
  "tokens=5 left",
  "user@example.com wrote",
  "signatures=2",
];

for (const text of untouched) {
  test(`redact leaves ${text} as it is`, () => {
    assert.equal(redact(text), text);
  });
}

test("redact does not change what it has masked", () => {
  for (const [, expected] of masked) assert.equal(redact(expected), expected);
});

test("redact takes linear time for hostile text", () => {
  // So long that anything quadratic would never come to an end.
  for (const part of ["://", "a", "a=", '"', "token", "token-", "a@", "a-", "Basic ", '\\"']) {
    assert.ok(redact(part.repeat(200_000)).length > 0);
  }
});

const named: readonly (readonly [name: string, isSecret: boolean])[] = [
  ["password", true],
  ["dbPassword", true],
  ["Authorization", true],
  ["X-Api-Key", true],
  ["githubToken", true],
  ["secretAccessKey", true],
  ["module", false],
  ["tokens", false],
  ["url", false],
];

for (const [name, isSecret] of named) {
  test(`redactNamed ${isSecret ? "masks" : "shows"} what is called ${name}`, () => {
    assert.equal(redactNamed(name, "value"), isSecret ? "***" : "value");
    assert.equal(redactNamed(name, ""), "");
  });
}
