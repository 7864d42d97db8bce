// A pushed tag is there before its hook is answered, and nobody else can say that there is one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { gitHost, RepositoryDraft } from "./testing/git-host.ts";
import { ask } from "./testing/http-answer.ts";
import { proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { startStoa } from "./testing/stoa-process.ts";
import { versionsIn } from "./testing/stored-versions.ts";

const gitIsMissing = spawnSync("git", ["version"]).error !== undefined && "there is no git here";
const secret = "hush";
const hooks = {
  STOA_HOOK_GITHUB: secret,
  STOA_HOOK_GITLAB: secret,
  STOA_HOOK_GITEA: secret,
  STOA_HOOK_BITBUCKET: secret,
  STOA_ADMIN_API: "true",
  STOA_ADMIN_TOKEN: "administrator",
};

function hmac(body: string, key = secret): string {
  return createHmac("sha256", key).update(body).digest("hex");
}

async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { method: "POST", body, headers });
  return { status: answer.status, text: await answer.text() };
}

test("a tag in a repository is listed, latest and kept when its hook is answered", {
  skip: gitIsMissing,
}, async () => {
  await using host = await gitHost();
  const draft = new RepositoryDraft();
  draft.commit({
    "go.mod": "module github.com/corp/tool\n",
    "sub/go.mod": "module github.com/corp/tool/sub\n",
  });
  draft.tag("v1.0.0").tag("sub/v0.1.0");
  await host.add("github.com/corp/tool", draft);
  await using stoa = await startStoa({
    goproxy: "direct",
    env: { ...host.environment, ...hooks, STOA_LIST_TTL: "3600" },
  });
  const module = `${stoa.url}/github.com/corp/tool`;
  assert.equal((await ask(`${module}/@v/v1.0.0.zip`)).status, 200);
  assert.equal((await ask(`${module}/@v/list`)).text, "v1.0.0\n");
  assert.match((await ask(`${module}/@latest`)).text, /"v1\.0\.0"/);
  assert.equal((await ask(`${module}/sub/@v/list`)).text, "v0.1.0\n");

  const next = new RepositoryDraft();
  next.commit({
    "go.mod": "module github.com/corp/tool\n",
    "new.go": "package tool\n",
    "sub/go.mod": "module github.com/corp/tool/sub\n",
  });
  next.tag("v1.1.0").tag("sub/v0.2.0");
  await host.add("github.com/corp/tool", next);
  assert.equal((await ask(`${module}/@v/list`)).text, "v1.0.0\n", "nobody has said anything yet");
  for (const tag of ["v1.1.0", "sub/v0.2.0"]) {
    const body = JSON.stringify({
      ref: `refs/tags/${tag}`,
      repository: { html_url: "https://github.com/corp/tool" },
    });
    const headers = { "x-hub-signature-256": `sha256=${hmac(body)}` };
    const answer = await post(`${stoa.url}/api/hooks/github`, body, headers);
    assert.equal(answer.status, 202, answer.text);
    const kept = (await versionsIn(stoa.root)).map(({ folder }) => folder);
    assert.ok(kept.includes(`github.com/corp/tool/${tag}`), `${kept}\n${answer.text}`);
  }
  assert.equal((await ask(`${module}/@v/list`)).text, "v1.0.0\nv1.1.0\n");
  assert.match((await ask(`${module}/@latest`)).text, /"v1\.1\.0"/);
  assert.equal((await ask(`${module}/sub/@v/list`)).text, "v0.1.0\nv0.2.0\n");
});

const hookRequests = [
  {
    name: "github",
    body: {
      ref: "v1.1.0",
      ref_type: "tag",
      repository: { clone_url: "https://example.com/small.git" },
    },
    headers: (body: string, key: string) => ({
      "x-hub-signature-256": `sha256=${hmac(body, key)}`,
    }),
  },
  {
    name: "gitlab",
    body: { ref: "refs/tags/v1.1.0", project: { web_url: "https://example.com/small" } },
    headers: (_: string, key: string) => ({ "x-gitlab-token": key }),
  },
  {
    name: "gitea",
    body: { ref: "refs/tags/v1.1.0", repository: { html_url: "https://example.com:3000/small" } },
    headers: (body: string, key: string) => ({ "x-gitea-signature": hmac(body, key) }),
  },
  {
    name: "bitbucket",
    body: {
      push: { changes: [{ new: { type: "tag", name: "v1.1.0" } }] },
      repository: { links: { html: { href: "https://example.com/small" } } },
    },
    headers: (body: string, key: string) => ({ "x-hub-signature": `sha256=${hmac(body, key)}` }),
  },
] as const;

for (const { name, body, headers } of hookRequests) {
  test(`a hook of ${name} shows a new version of an upstream proxy; a forged one does nothing`, async () => {
    const [older, newer] = [
      await smallModule("example.com/small", "v1.0.0"),
      await smallModule("example.com/small", "v1.1.0"),
    ];
    await using scene = await proxiedModules([older], {
      env: { ...hooks, STOA_LIST_TTL: "3600" },
    });
    const list = `${scene.stoa.url}/example.com/small/@v/list`;
    assert.equal((await ask(list)).text, "v1.0.0\n");
    scene.upstream.add(newer);
    const text = JSON.stringify(body);
    const url = `${scene.stoa.url}/api/hooks/${name}`;
    const before = scene.upstream.requests.length;
    assert.equal((await post(url, text, headers(text, "guessed"))).status, 401);
    assert.equal((await post(url, text, {})).status, 401);
    assert.equal(scene.upstream.requests.length, before);
    assert.equal((await ask(list)).text, "v1.0.0\n");
    const answer = await post(url, text, headers(text, secret));
    assert.equal(answer.status, 202);
    assert.match(answer.text, /^example\.com\/small@v1\.1\.0 kept$/m);
    assert.equal((await ask(list)).text, "v1.0.0\nv1.1.0\n");
    assert.ok((await versionsIn(scene.stoa.root)).some(({ folder }) => folder.endsWith("/v1.1.0")));
  });
}

test("an administrator says which modules are to be asked about; what is not open says so", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([], { env: hooks });
  const list = `${scene.stoa.url}/example.com/small/@v/list`;
  assert.equal((await ask(list)).status, 404);
  scene.upstream.add(small);
  const url = `${scene.stoa.url}/api/modules/refresh`;
  assert.equal((await post(url, "example.com/small", {})).status, 401);
  assert.equal((await ask(url)).status, 405);
  const bearer = { authorization: "Bearer administrator" };
  assert.equal((await post(url, "", bearer)).status, 400);
  const answer = await post(url, "example.com/small@v1.0.0\nexample.com/nobody\n", bearer);
  assert.equal(answer.status, 202, answer.text);
  assert.match(answer.text, /^example\.com\/small@v1\.0\.0 kept$/m);
  assert.match(answer.text, /^example\.com\/nobody absent/m);
  assert.equal((await ask(list)).text, "v1.0.0\n");
  assert.equal((await ask(`${scene.stoa.url}/example.com/nobody/@v/list`)).status, 404);

  await using closed = await proxiedModules([small]);
  for (const page of ["hooks/github", "modules/refresh"]) {
    assert.equal((await post(`${closed.stoa.url}/api/${page}`, "{}", bearer)).status, 404);
  }
});

test("a hook needs its signature and no account, and everything else needs the account", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  const env = { ...hooks, BASIC_AUTH_USER: "ann", BASIC_AUTH_PASS: "secret" };
  await using scene = await proxiedModules([small], { env });
  const body = JSON.stringify({
    ref: "refs/tags/v1.0.0",
    repository: { html_url: "https://example.com/small" },
  });
  const hook = `${scene.stoa.url}/api/hooks/github`;
  assert.match((await post(hook, body, {})).text, /signature or token of this hook/);
  const signed = { "x-hub-signature-256": `sha256=${hmac(body)}` };
  assert.equal((await post(hook, body, signed)).status, 202);
  assert.equal((await ask(`${scene.stoa.url}/example.com/small/@v/list`)).status, 401);
  assert.equal(
    (await ask(`${scene.stoa.url}/api/hooks/github/../../example.com/small/@v/list`)).status,
    400,
  );
});
