// Three instances behind nginx, restarted one after the other while clients go on asking.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fixtureProxy, noRedis, runServer, startRedis } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { freePort } from "./testing/free-port.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, largeModule, smallModule } from "./testing/proxied-modules.ts";
import { repositoryRoot } from "./testing/repository.ts";
import { startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const nginx = "/usr/sbin/nginx";
const noNginx =
  !existsSync(nginx) && "there is no nginx on this machine (Debian's package nginx-light)";
const clients = 12;

test("a rolling restart under load fails no request", { skip: noRedis || noNginx }, async () => {
  await using folder = await temporaryFolder();
  await using redis = await startRedis("secret");
  const small = await smallModule("example.com/small", "v1.0.0");
  const large = await largeModule("example.com/large", "v1.0.0", 3_000_000);
  const cold = await Promise.all(
    Array.from({ length: 40 }, (_, n) => smallModule(`example.com/cold${n}`, "v1.0.0")),
  );
  await using upstream = await fixtureProxy([small, large, ...cold]);
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const front = await freePort();
  const start = (port: number) =>
    startStoa({
      goproxy: upstream.url,
      root: join(folder.path, "kept"),
      env: {
        ATHENS_PORT: `127.0.0.1:${port}`,
        ATHENS_SINGLE_FLIGHT_TYPE: "redis",
        ATHENS_REDIS_ENDPOINT: `127.0.0.1:${redis.port}`,
        ATHENS_REDIS_PASSWORD: "secret",
      },
    });
  await using instances = new AsyncDisposableStack();
  const fleet = await Promise.all(ports.map(start));
  for (const stoa of fleet) instances.use(stoa);

  const conf = await readFile(join(repositoryRoot, "packaging/examples/nginx.conf"), "utf8");
  const own = [front, ...ports].reduce(
    (text, port, at) => text.replaceAll(`127.0.0.1:300${at}`, `127.0.0.1:${port}`),
    conf,
  );
  await mkdir(join(folder.path, "logs"));
  await writeFile(join(folder.path, "nginx.conf"), own);
  await using _balancer = await runServer(
    nginx,
    [
      "-p",
      folder.path,
      "-c",
      join(folder.path, "nginx.conf"),
      "-g",
      "daemon off; master_process off;",
    ],
    front,
    { cwd: folder.path },
  );

  let isOver = false;
  let answered = 0;
  const untouched = [...cold];
  const work = async (): Promise<void> => {
    while (!isOver) {
      const fresh = untouched.pop();
      for (const [module, kind] of [
        [small, "info"],
        [small, "mod"],
        [large, "zip"],
        ...(fresh === undefined ? [] : [[fresh, "zip"] as const]),
      ] as const) {
        const answer = await ask(`http://127.0.0.1:${front}${filePath(module, kind)}`);
        assert.equal(answer.status, 200, answer.text.slice(0, 300));
        assert.ok(answer.whole && answer.body.equals(Buffer.from(module[kind])));
        answered += 1;
      }
    }
  };
  const load = Promise.all(Array.from({ length: clients }, work));
  load.catch(() => undefined); // awaited at the end
  try {
    for (const [at, port] of ports.entries()) {
      const before = answered;
      const end = await fleet[at]?.stop();
      assert.deepEqual(end, { code: 0, signal: null });
      instances.use(await start(port));
      await until("the others to go on answering", () => answered > before);
    }
  } finally {
    isOver = true;
    await load;
  }
});
