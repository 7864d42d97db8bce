// Logging in at the hosts of repositories: tokens, .netrc, helpers, GitHub Apps, and what check-access says about them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, verify } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { type GitHost, gitHost, goImportPage, RepositoryDraft } from "./testing/git-host.ts";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
import { assertRefusal } from "./testing/refusal.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

const gitIsMissing = spawnSync("git", ["version"]).error !== undefined && "there is no git here";
const module = "go.corp.example/secret";
const secret = "open-sesame-4711";

/**
 * What the hosts document for tokens over HTTPS, always as HTTP Basic: who takes it, our word for it, the user name.
 * Authority: docs.github.com, "Authenticating as a GitHub App installation" and "Managing your personal access tokens";
 * docs.gitlab.com, "Personal access tokens" and "Deploy tokens"; docs.gitea.com, "API usage"; support.atlassian.com,
 * "Using access tokens"; confluence.atlassian.com, "HTTP access tokens" (Bitbucket Data Center).
 */
const forms: readonly (readonly [host: string, kind: string, login: string])[] = [
  ["GitHub and GitHub Enterprise Server", "github", "x-access-token"],
  ["GitLab", "gitlab", "oauth2"],
  ["GitLab for deployments, which has a user name of its own", "basic", "gitlab+deploy-token-7"],
  ["Gitea", "gitea", "oauth2"],
  ["Bitbucket, for a repository, project or workspace", "bitbucket", "x-token-auth"],
  ["Bitbucket, of a person", "basic", "x-bitbucket-api-token-auth"],
];

describe("logins at the hosts of repositories", { skip: gitIsMissing }, () => {
  let host: GitHost;
  let folder: TemporaryFolder;

  /** A repository that wants a login, at the server's own address: that is where logins are sent. */
  beforeEach(async () => {
    folder = await temporaryFolder();
    host = await gitHost();
    const draft = new RepositoryDraft();
    draft.commit({ "go.mod": `module ${module}\n` });
    draft.tag("v1.0.0");
    await host.add("corp/secret", draft);
    host.server.passwords.set("corp", `me:${secret}`);
    const page = goImportPage(`${module} git ${host.server.url}/corp/secret`);
    host.server.pages.set(module, page);
  });
  afterEach(async () => {
    await host[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const start = (env: Record<string, string | undefined> = {}): Promise<StoaProcess> =>
    startStoa({
      goproxy: "direct",
      env: { ...host.environment, ATHENS_LOG_LEVEL: "debug", ...env },
    });
  const info = ({ url }: StoaProcess): Promise<HttpAnswer> =>
    ask(`${url}/${module}/@v/v1.0.0.info`);

  async function assertKept(stoa: StoaProcess, answers: readonly HttpAnswer[]): Promise<void> {
    await stoa.stop();
    const encoded = Buffer.from(`me:${secret}`).toString("base64");
    for (const text of [stoa.output(), ...answers.map((answer) => answer.text)]) {
      assert.ok(!text.includes(secret) && !text.includes(encoded), text);
    }
  }

  test("without one, the refusal says what is wanted", async () => {
    await using stoa = await start();
    assertRefusal(await info(stoa), [403], /give it credentials for 127\.0\.0\.1/);
  });

  test("a token in a file counts, and another one from when the file changes; it shows nowhere", async () => {
    const file = join(folder.path, "token");
    await writeFile(file, "me:wrong\n");
    await using stoa = await start({ STOA_HOST_TOKENS: `127.0.0.1=basic:@${file}` });
    const refused = await info(stoa);
    assertRefusal(refused, [403], /does not accept the login .* HostTokens for 127\.0\.0\.1/);
    await writeFile(file, `me:${secret}\n`);
    const answer = await until("the new login", async () => {
      const found = await info(stoa);
      return found.status === 200 ? found : undefined;
    });
    await assertKept(stoa, [refused, answer]);
  });

  for (const [owner, kind, login] of forms) {
    test(`a token of ${owner} is sent as that host wants it, with every request for the repository`, async () => {
      const seen = new Set<string | undefined>();
      host.server.passwords.set("corp", `${login}:${secret}`);
      host.server.intercept = (target, { headers }) => {
        if (target.startsWith("corp/")) seen.add(headers.authorization);
        return undefined;
      };
      const token = kind === "basic" ? `basic:${login}:${secret}` : `${kind}:${secret}`;
      await using stoa = await start({ STOA_HOST_TOKENS: `127.0.0.1/corp=${token}` });
      const answer = await info(stoa);
      assert.equal(answer.status, 200, answer.text);
      const encoded = Buffer.from(`${login}:${secret}`).toString("base64");
      assert.deepEqual([...seen], [`Basic ${encoded}`]);
      await stoa.stop();
      assert.ok(![secret, encoded].some((text) => stoa.output().includes(text)));
      host.server.passwords.set("corp", `${login}:another`);
      await using expired = await start({ STOA_HOST_TOKENS: `127.0.0.1/corp=${token}` });
      assertRefusal(await info(expired), [403], /does not accept the login .* HostTokens for 127/);
    });
  }

  test("a token is not sent where its pattern does not lead", async () => {
    await using stoa = await start({ STOA_HOST_TOKENS: `127.0.0.1/other=basic:me:${secret}` });
    assertRefusal(await info(stoa), [403], /give it credentials/);
  });

  test(".netrc in the home folder counts, also when it is written later", async () => {
    await using stoa = await start();
    assert.equal((await info(stoa)).status, 403);
    await writeFile(join(stoa.folder, ".netrc"), `machine 127.0.0.1 login me password ${secret}\n`);
    const answer = await until("the new login", async () => {
      const found = await info(stoa);
      return found.status === 200 ? found : undefined;
    });
    await assertKept(stoa, [answer]);
  });

  test("a credential helper of git is asked where Stoa has no login", async () => {
    const helper = join(folder.path, "helper");
    await writeFile(helper, `#!/bin/sh\necho username=me\necho password=${secret}\n`);
    await chmod(helper, 0o700);
    const configuration = join(folder.path, "gitconfig");
    await writeFile(configuration, `[credential]\n\thelper = ${helper}\n`);
    await using stoa = await start({ GIT_CONFIG_GLOBAL: configuration });
    const answer = await info(stoa);
    assert.equal(answer.status, 200, answer.text);
    await assertKept(stoa, [answer]);
  });

  test("a GitHub App gets a token for the repository, once, and another when that ends", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const keyFile = join(folder.path, "app.pem");
    await writeFile(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }));
    const asked: string[] = [];
    let lifeMs = 3_600_000;
    host.server.intercept = (target, request) => {
      if (!target.startsWith("api/v3/")) return undefined;
      asked.push(`${request.method} /${target}`);
      assertSignedBy(publicKey, request, "4711");
      if (target === "api/v3/repos/corp/secret/installation") {
        return { status: 200, body: JSON.stringify({ id: 99 }) };
      }
      if (target === "api/v3/app/installations/99/access_tokens") {
        const expires = new Date(Date.now() + lifeMs).toISOString();
        host.server.passwords.set("corp", `x-access-token:${secret}${asked.length}`);
        const token = `${secret}${asked.length}`;
        return { status: 201, body: JSON.stringify({ token, expires_at: expires }) };
      }
      return { status: 404, body: "{}" };
    };
    await using stoa = await start({
      STOA_GITHUB_APP_ID: "4711",
      STOA_GITHUB_APP_KEY: keyFile,
      STOA_GITHUB_API: `${host.server.url}/api/v3`,
      STOA_LIST_TTL: "0",
    });
    lifeMs = 60_000; // less than what is kept in reserve
    const list = () => ask(`${stoa.url}/${module}/@v/list`);
    assert.equal((await list()).text, "v1.0.0\n");
    assert.deepEqual(
      [...new Set(asked)],
      [
        "GET /api/v3/repos/corp/secret/installation",
        "POST /api/v3/app/installations/99/access_tokens",
      ],
    );
    lifeMs = 3_600_000;
    assert.equal((await list()).status, 200);
    const before = asked.length;
    for (let times = 0; times < 3; times++) assert.equal((await list()).status, 200);
    assert.equal(asked.length, before);
    await assertKept(stoa, []);
  });

  test("an outage of GitHub's API is an outage, and says so", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const keyFile = join(folder.path, "app.pem");
    await writeFile(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }));
    host.server.intercept = (target) =>
      target.startsWith("api/v3/")
        ? { status: 401, body: JSON.stringify({ message: "Bad credentials" }) }
        : undefined;
    await using stoa = await start({
      STOA_GITHUB_APP_ID: "4711",
      STOA_GITHUB_APP_KEY: keyFile,
      STOA_GITHUB_API: `${host.server.url}/api/v3`,
    });
    assertRefusal(await info(stoa), [502], /does not accept the GitHub App 4711 .*Bad credentials/);
  });

  describe("stoa modules check-access", () => {
    const check = (words: readonly string[], env: Record<string, string> = {}) =>
      finishedStoa(["modules", "check-access", ...words], {
        GOPROXY: "direct",
        ...host.environment,
        ...env,
      });
    const login = { STOA_HOST_TOKENS: `127.0.0.1=basic:me:${secret}` };

    test("says step by step that all is well", async () => {
      const { code, stdout } = await check([module], login);
      const steps = stdout.trimEnd().split("\n");
      const expected = [
        /^ok {4} route: GOPRIVATE or GONOPROXY matches it/,
        /^ok {4} git: there is a git program/,
        /^ok {4} place: go\.corp\.example\/secret is http:\/\/127\.0\.0\.1:\d+\/corp\/secret$/,
        /^ok {4} login: the login for 127\.0\.0\.1:\d+ is me, from HostTokens for 127\.0\.0\.1$/,
        /^ok {4} repository: \S+ answers: 1 branch, 1 tag$/,
        /^ok {4} module: its latest version is v1\.0\.0$/,
      ];
      assert.equal(steps.length, expected.length, stdout);
      for (const [index, words] of expected.entries()) assert.match(steps[index] ?? "", words);
      assert.equal(code, 0);
      assert.ok(!stdout.includes(secret));
    });

    test("says in JSON what does not work, and ends with 1", async () => {
      const wrong = { STOA_HOST_TOKENS: "127.0.0.1=basic:me:wrong" };
      const { code, stdout } = await check(["--json", module], wrong);
      const findings = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { step: string; works: boolean; sentence: string });
      const last = findings.at(-1);
      assert.deepEqual([last?.step, last?.works], ["repository", false]);
      assert.match(last?.sentence ?? "", /does not accept the login/);
      assert.equal(code, 1);
    });

    test("says what is wrong with the place or the route", async () => {
      const nowhere = await check(["nowhere.example/m"]);
      assert.match(nowhere.stdout, /FAILED place: .*no go-import tags/);
      assert.equal(nowhere.code, 1);
      const routed = await check([module], {
        ...login,
        GOPRIVATE: "",
        GOPROXY: "https://proxy.example",
        STOA_PRIVATE_ADDRESSES: "*",
      });
      assert.match(routed.stdout, /FAILED route: it never comes from its repository/);
      assert.match(routed.stdout, /ok {4} module: its latest version is v1\.0\.0/);
      assert.equal(routed.code, 1);
      const path = await check(["No Path"]);
      assert.equal(path.code, 1);
      assert.match(path.stderr, /^stoa: [^\n]+\n$/);
    });
  });
});

/** Authority: RFC 7519; docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App". */
function assertSignedBy(
  key: Parameters<typeof verify>[2],
  request: IncomingMessage,
  id: string,
): void {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const [head = "", claims = "", signature = ""] = token.split(".");
  assert.ok(
    verify("sha256", Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, "base64url")),
  );
  const decoded = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  assert.deepEqual(decoded(head), { alg: "RS256", typ: "JWT" });
  const { iat, exp, iss } = decoded(claims);
  const seconds = Date.now() / 1000;
  assert.equal(iss, id);
  assert.ok(iat < seconds && exp > seconds && exp - iat <= 600);
}
