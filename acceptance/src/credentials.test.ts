// Credentials for upstreams: who gets them, and where they never show.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fixtureProxy } from "@stoa/proxy/testing";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const secret = "open-sesame-4711";

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** Ends the program and looks for the secret, plain and encoded, in all it has written and answered. */
async function assertKeptSecret(
  stoa: StoaProcess,
  header: string,
  answers: readonly HttpAnswer[],
): Promise<void> {
  for (const page of ["/", "/metrics", "/version"])
    answers = [...answers, await ask(`${stoa.url}${page}`)];
  await stoa.stop();
  const shown = [
    stoa.output(),
    ...answers.map(({ text, headers }) => `${JSON.stringify(headers)}\n${text}`),
  ];
  for (const text of shown) {
    assert.ok(!text.includes(secret), text);
    assert.ok(!text.includes(header.replace("Basic ", "")), text);
  }
}

test("the user and password of a GOPROXY entry go to that entry alone, and are shown nowhere", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using guarded = await fixtureProxy([]);
  await using open = await fixtureProxy([small]);
  const goproxy = `${guarded.url.replace("://", `://reader:${secret}@`)}|${open.url}`;
  await using stoa = await startStoa({ goproxy, env: { ATHENS_LOG_LEVEL: "debug" } });
  const answers: HttpAnswer[] = [];
  for (const kind of ["info", "mod", "zip"] as const) {
    answers.push(await ask(`${stoa.url}${filePath(small, kind)}`));
    assert.equal(answers.at(-1)?.status, 200);
  }
  guarded.fail(/./, { status: 401 });
  open.fail(/./, { status: 401 });
  answers.push(await ask(`${stoa.url}/example.com/other/@v/v1.0.0.zip`));
  guarded.fail(/./, { reset: true });
  answers.push(await ask(`${stoa.url}/example.com/other/@v/v1.0.1.zip`));
  await guarded.close();
  answers.push(await ask(`${stoa.url}/example.com/other/@v/v1.0.2.zip`));
  const header = basic("reader", secret);
  assert.ok(guarded.requests.length > 0);
  assert.ok(guarded.requests.every(({ headers }) => headers.authorization === header));
  assert.ok(open.requests.length > 0);
  assert.ok(open.requests.every(({ headers }) => headers.authorization === undefined));
  await assertKeptSecret(stoa, header, answers);
});

test("an escaped password in a GOPROXY entry is sent as it is meant", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using upstream = await fixtureProxy([small]);
  const goproxy = upstream.url.replace("://", "://re%40der:p%2Fss%3Aw%25rd@");
  await using stoa = await startStoa({ goproxy });
  assert.equal((await ask(`${stoa.url}${filePath(small, "mod")}`)).status, 200);
  assert.equal(upstream.requests[0]?.headers.authorization, basic("re@der", "p/ss:w%rd"));
});

for (const variable of ["ATHENS_NETRC_PATH", "NETRC", "HOME"]) {
  test(`the credentials that ${variable} leads to go to their host alone, and are shown nowhere`, async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using folder = await temporaryFolder();
    const file = join(folder.path, ".netrc");
    await writeFile(file, `machine localhost login reader password ${secret}\n`, { mode: 0o600 });
    await using guarded = await fixtureProxy([]);
    await using open = await fixtureProxy([small]);
    const goproxy = `${guarded.url.replace("127.0.0.1", "localhost")}|${open.url}`;
    const env = {
      [variable]: variable === "HOME" ? folder.path : file,
      ATHENS_LOG_LEVEL: "debug",
    };
    await using stoa = await startStoa({ goproxy, env });
    const answers = [
      await ask(`${stoa.url}${filePath(small, "info")}`),
      await ask(`${stoa.url}${filePath(small, "zip")}`),
      await ask(`${stoa.url}/example.com/small/@v/list`),
    ];
    for (const answer of answers) assert.equal(answer.status, 200, answer.text);
    guarded.fail(/./, { status: 401 });
    answers.push(await ask(`${stoa.url}/example.com/other/@v/v1.0.0.zip`));
    const header = basic("reader", secret);
    assert.ok(guarded.requests.length > 0);
    assert.ok(guarded.requests.every(({ headers }) => headers.authorization === header));
    assert.ok(open.requests.length > 0);
    assert.ok(open.requests.every(({ headers }) => headers.authorization === undefined));
    await assertKeptSecret(stoa, header, answers);
  });
}

test("what a client authenticates with goes to no upstream and into no log", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using upstream = await fixtureProxy([small]);
  await using stoa = await startStoa({
    goproxy: upstream.url,
    env: { ATHENS_LOG_LEVEL: "debug" },
  });
  const header = basic("developer", secret);
  const answers: HttpAnswer[] = [];
  for (const kind of ["info", "mod", "zip"] as const) {
    const headers = { Authorization: header, Cookie: `session=${secret}` };
    answers.push(await ask(`${stoa.url}${filePath(small, kind)}`, { headers }));
  }
  assert.ok(
    upstream.requests.every(
      ({ headers }) => headers.authorization === undefined && headers.cookie === undefined,
    ),
  );
  await assertKeptSecret(stoa, header, answers);
});
