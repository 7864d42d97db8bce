// Instances with different policies on one storage and one state: each gives out what its own policy says.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { noPostgres, startPostgres } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { startFleet } from "./testing/fleet.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
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
