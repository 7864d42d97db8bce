// Instances with different policies on one storage and one state: each gives out what its own policy says.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { noPostgres, startPostgres } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { startFleet } from "./testing/fleet.ts";
import { filePath, largeModule, smallModule } from "./testing/proxied-modules.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

test("what one instance may fetch and another may not, the other refuses, and both go on", {
  skip: noPostgres,
}, async () => {
  await using server = await startPostgres();
  await using folder = await temporaryFolder();
  const filter = join(folder.path, "filter.txt");
  await writeFile(filter, "+\n- example.com/guarded\n");
  const [guarded, open, queued] = [
    await smallModule("example.com/guarded", "v1.0.0"),
    await smallModule("example.com/open", "v1.0.0"),
    await smallModule("example.com/queued", "v1.0.0"),
  ];
  const policies = [
    {},
    { ATHENS_FILTER_FILE: filter },
    { ATHENS_DOWNLOAD_MODE: "async" },
    { ATHENS_DOWNLOAD_MODE: "none" },
  ];
  await using fleet = await startFleet({
    env: { ATHENS_SINGLE_FLIGHT_TYPE: "postgres", STOA_STATE: server.url, STOA_LIST_TTL: "3600" },
    ownEnv: (at) => policies[at] ?? {},
    instances: policies.length,
    modules: [guarded, open, queued],
  });
  const [all, filtering, asynchronous, keeping] = [0, 1, 2, 3];
  const files = (path: string): string[] => [
    ...["/@v/list", "/@latest", "/@v/v1.0.0.info", "/@v/v1.0.0.mod", "/@v/v1.0.0.zip"].map(
      (file) => `/${path}${file}`,
    ),
  ];

  for (const file of files("example.com/guarded")) {
    assert.equal((await fleet.ask(all, file)).status, 200);
    assert.equal((await fleet.ask(filtering, file)).status, 403, "kept, and yet refused");
  }
  for (const file of files("example.com/open")) {
    assert.equal((await fleet.ask(filtering, file)).status, 200);
  }
  for (const file of files("example.com/open")) {
    assert.equal((await fleet.ask(all, file)).status, 200);
    assert.equal((await fleet.ask(keeping, file)).status, 200, "kept by the others");
  }

  assert.equal((await fleet.ask(keeping, "/example.com/queued/@v/list")).status, 404);
  assert.equal((await fleet.zip(keeping, queued)).status, 404);
  assert.equal((await fleet.zip(asynchronous, queued)).status, 404);
  await until("the queued version is kept", async () => {
    return (await fleet.zip(keeping, queued)).status === 200;
  });
  for (const at of [all, filtering, asynchronous, keeping]) {
    const zip = await fleet.zip(at, queued);
    assert.ok(zip.body.equals(Buffer.from(queued.zip)));
  }
  for (const module of [guarded, open, queued]) {
    assert.equal(fleet.asked(filePath(module, "zip")), 1);
  }
});

test("one that a validator guards, one that is offline and one that may everything are asked at once: one fetch, whole for those that may", {
  skip: noPostgres,
}, async () => {
  const validator = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(403).end("not for us"));
  }).listen(0, "127.0.0.1");
  await once(validator, "listening");
  const { port } = validator.address() as AddressInfo;
  await using stack = new AsyncDisposableStack();
  stack.defer(() => {
    validator.close();
    validator.closeAllConnections();
  });
  const server = stack.use(await startPostgres());
  const policies = [
    {},
    { ATHENS_PROXY_VALIDATOR: `http://127.0.0.1:${port}/` },
    { ATHENS_NETWORK_MODE: "offline" },
  ];
  const fleet = stack.use(
    await startFleet({
      env: { ATHENS_SINGLE_FLIGHT_TYPE: "postgres", STOA_STATE: server.url },
      ownEnv: (at) => policies[at] ?? {},
    }),
  );
  const [open, guarded, offline] = [0, 1, 2];
  for (let round = 0; round < 5; round++) {
    const module = await largeModule(`example.com/round${round}`, "v1.0.0", 300_000);
    fleet.upstream.add(module);
    const members = Array.from({ length: 30 }, (_, n) => n % 3);
    const answers = await Promise.all(members.map((at) => fleet.zip(at, module)));
    for (const [n, { status, whole, body, text }] of answers.entries()) {
      const allowed = { [open]: [200], [guarded]: [403], [offline]: [404, 200] }[n % 3] ?? [];
      assert.ok(allowed.includes(status), `instance ${n % 3}: ${status} ${text.slice(0, 200)}`);
      if (status === 200) assert.ok(whole && body.equals(Buffer.from(module.zip)));
    }
    assert.equal((await fleet.zip(offline, module)).status, 200, "kept by another");
    assert.equal((await fleet.zip(guarded, module)).status, 403);
    assert.equal(fleet.asked(filePath(module, "zip")), 1);
  }
});
