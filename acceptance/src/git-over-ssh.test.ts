// Repositories over ssh: keys, an agent, host keys, and what is said when they do not fit.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { type GitHost, gitHost, goImportPage, RepositoryDraft } from "./testing/git-host.ts";
import { ask } from "./testing/http-answer.ts";
import { assertRefusal } from "./testing/refusal.ts";
import { type SshServer, sshIsMissing, sshServer } from "./testing/ssh-server.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";

const module = "go.corp.example/secret";

describe("git over ssh", { skip: sshIsMissing() }, () => {
  let host: GitHost;
  let server: SshServer;

  before(async () => {
    host = await gitHost();
    server = await sshServer();
    const draft = new RepositoryDraft();
    draft.commit({ "go.mod": `module ${module}\n`, "a.go": "package secret\n" });
    draft.tag("v1.0.0");
    await host.add("corp/secret", draft);
    const { url } = server;
    host.server.pages.set(
      module,
      goImportPage(`${module} git ${url}${host.folderOf("corp/secret")}`),
    );
    const missing = join(host.folderOf("corp"), "none");
    host.server.pages.set(`${module}2`, goImportPage(`${module}2 git ${url}${missing}`));
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  });

  /** Nothing of the machine's own ssh counts. */
  function ssh(options: {
    readonly key?: string;
    readonly knownHosts?: string;
  }): Record<string, string> {
    const { key, knownHosts = server.knownHostsFile } = options;
    const identity = key === undefined ? "-o IdentityFile=none" : `-i ${key} -o IdentitiesOnly=yes`;
    const command = `ssh -F none -o BatchMode=yes -o UserKnownHostsFile=${knownHosts} ${identity}`;
    return { ...host.environment, GIT_SSH_COMMAND: command, GIT_ALLOW_PROTOCOL: "https:http:ssh" };
  }
  const info = async (env: Record<string, string>, name = module) => {
    await using stoa = await startStoa({ goproxy: "direct", env });
    return await ask(`${stoa.url}/${name}/@v/v1.0.0.info`);
  };

  test("a key lets in", async () => {
    await using stoa = await startStoa({ goproxy: "direct", env: ssh({ key: server.keyFile }) });
    const base = `${stoa.url}/${module}/@v`;
    assert.equal((await ask(`${base}/list`)).text, "v1.0.0\n");
    const answer = await ask(`${base}/v1.0.0.info`);
    assert.match(answer.text, /"URL":"ssh:\/\/[^"]+"/);
    assert.equal((await ask(`${base}/v1.0.0.zip`)).status, 200);
  });

  test("a key in an agent lets in", async () => {
    const socket = join(host.folderOf("."), "agent");
    const started = spawnSync("ssh-agent", ["-s", "-a", socket], { encoding: "utf8" });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started.stdout)?.[1]);
    try {
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      spawnSync("ssh-add", ["-q", server.keyFile], { env });
      const answer = await info({ ...ssh({}), SSH_AUTH_SOCK: socket });
      assert.equal(answer.status, 200, answer.text);
    } finally {
      process.kill(pid);
    }
  });

  test("a strange key, an unknown host and a repository that is not there are told apart", async () => {
    const strange = await info(ssh({ key: server.strangeKeyFile }));
    assertRefusal(strange, [403], /does not let this proxy read the repository/);
    const unknown = await info(ssh({ key: server.keyFile, knownHosts: "/dev/null" }));
    assertRefusal(unknown, [403], /ssh key of 127\.0\.0\.1\S* is not known: add it to known_hosts/);
    const missing = await info(ssh({ key: server.keyFile }), `${module}2`);
    assertRefusal(missing, [404], /no such repository/);
  });

  test("check-access goes this way, too", async () => {
    const env = { GOPROXY: "direct", ...ssh({ key: server.keyFile }) };
    const { code, stdout } = await finishedStoa(["modules", "check-access", module], env);
    assert.match(stdout, /^ok {4} login: ssh logs in: /m);
    assert.match(stdout, /^ok {4} module: its latest version is v1\.0\.0$/m);
    assert.equal(code, 0);
  });
});
