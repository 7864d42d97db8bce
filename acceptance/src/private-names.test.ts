// A network that records everything: of a private module no byte leaves towards proxies or checksum databases.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { gitHost, goImportPage, RepositoryDraft } from "./testing/git-host.ts";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";

const gitIsMissing = spawnSync("git", ["version"]).error !== undefined && "there is no git here";

/** Takes every connection, keeps every byte, and answers like a host that knows nothing. */
interface Recorder extends AsyncDisposable {
  readonly url: string;
  readonly text: () => string;
  readonly connections: () => number;
}

async function recorder(): Promise<Recorder> {
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      chunks.push(Buffer.from(chunk));
      socket.write("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    text: () => Buffer.concat(chunks).toString("latin1"),
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const patterns = "git.corp.example/*,go.corp.example/secret";
const exact = "go.corp.example/secret";
const below = "git.corp.example/team/tool";

/** A key of a checksum database that nobody can sign with. Authority: golang.org/x/mod/sumdb/note, NewVerifier. */
function someKey(name: string): string {
  const key = Buffer.from([1, ...new Array<number>(32).fill(7)]);
  const hash = createHash("sha256").update(`${name}\n`).update(key).digest("hex").slice(0, 8);
  return `${name}+${hash}+${key.toString("base64")}`;
}

function draftOf(module: string): RepositoryDraft {
  const draft = new RepositoryDraft();
  draft.commit({ "go.mod": `module ${module}\n`, "a.go": "package a\n" });
  draft.tag("v1.0.0");
  return draft;
}

/** Everything that can be asked about a module, things that do not exist included. */
async function askEverything(stoa: StoaProcess, module: string): Promise<readonly number[]> {
  const files = [
    "@v/list",
    "@latest",
    "@v/v1.0.0.info",
    "@v/v1.0.0.mod",
    "@v/v1.0.0.zip",
    "@v/main.info",
    "@v/v1.9.9.info",
    "@v/v1.9.9.zip",
    "@v/nothing.info",
  ];
  const statuses: number[] = [];
  for (const file of files) statuses.push((await ask(`${stoa.url}/${module}/${file}`)).status);
  return statuses;
}

test("of private modules no byte leaves towards proxies or checksum databases", {
  skip: goIsMissing() || gitIsMissing,
}, async () => {
  await using host = await gitHost();
  for (const [module, place] of [
    [exact, "store.corp.example/secret"],
    [below, "store.corp.example/tool"],
  ] as const) {
    await host.add(place, draftOf(module));
    const page = goImportPage(`${module} git https://${place}`);
    host.server.pages.set(module, page);
    host.server.pages.set(`${module}/none`, page);
  }
  await using proxy = await recorder();
  await using database = await recorder();
  // What goes to any host goes through host.server, which records it; these two are named by their own addresses.
  const env = {
    ...host.environment,
    GOPRIVATE: patterns,
    GOPROXY: `${proxy.url},direct`,
    GOSUMDB: `${someKey("sum.example")} ${database.url}`,
  };
  await using stoa = await startStoa({ goproxy: env.GOPROXY, env });

  const expected = [200, 200, 200, 200, 200, 200, 404, 404, 404];
  assert.deepEqual(await askEverything(stoa, exact), expected);
  assert.deepEqual(await askEverything(stoa, below), expected);
  for (const module of [exact, below]) {
    assert.equal((await ask(`${stoa.url}/${module}/none/@v/list`)).status, 404);
    const lookup = await ask(`${stoa.url}/sumdb/sum.example/lookup/${module}@v1.0.0`);
    assert.notEqual(lookup.status, 200);
  }
  host.server.intercept = () => ({ status: 503 });
  for (const module of [exact, below]) {
    const answer = await ask(`${stoa.url}/${module}/@v/v1.8.8.info`);
    assert.equal(answer.status, 502, answer.text);
  }
  host.server.intercept = () => undefined;
  await using go = await goCommand({ goproxy: stoa.url });
  await go.succeed(["mod", "download", `${exact}@v1.0.0`, `${below}@v1.0.0`]);
  const checked = await finishedStoa(["modules", "check-access", exact], env);
  assert.equal(checked.code, 0, checked.stdout);
  const verified = await finishedStoa(["modules", "verify"], {
    ...env,
    ATHENS_DISK_STORAGE_ROOT: stoa.root,
  });
  assert.equal(verified.code, 0, verified.stdout);

  for (const { text, connections } of [proxy, database]) {
    assert.equal(text(), "");
    assert.equal(connections(), 0);
  }
  const others = host.server.requests.filter((request) => !request.includes("corp.example/"));
  assert.deepEqual(others, [], "a host was asked that is none of theirs");

  // The recorders do record: a module that is not private is asked of the proxy.
  await ask(`${stoa.url}/public.example/module/@v/v1.0.0.info`);
  assert.match(proxy.text(), /public\.example\/module/);
});
