// One crawler for all instances: who comes while another one crawls is told so, and asks nobody.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fixtureProxy, noPostgres, startPostgres } from "@stoa/proxy/testing";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { finishedStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

test("while one instance crawls another is told so and asks nobody, and crawls when that one has ended", {
  skip: noPostgres,
}, async () => {
  await using folder = await temporaryFolder();
  await using server = await startPostgres();
  const [kept, fresh] = [
    await smallModule("example.com/m", "v1.0.0"),
    await smallModule("example.com/m", "v1.1.0"),
  ];
  await using upstream = await fixtureProxy([kept]);
  const env = {
    GOPROXY: upstream.url,
    ATHENS_DISK_STORAGE_ROOT: join(folder.path, "kept"),
    ATHENS_SINGLE_FLIGHT_TYPE: "postgres",
    STOA_STATE: server.url,
  };
  const list = join(folder.path, "list");
  await writeFile(list, "example.com/m@v1.0.0\n");
  const seeded = await finishedStoa(["modules", "seed", list], env);
  assert.equal(seeded.code, 0, seeded.stderr);

  upstream.add(fresh);
  const gate = Promise.withResolvers<void>();
  upstream.fail(filePath(fresh, "zip"), { until: gate.promise });
  const first = finishedStoa(["modules", "crawl"], env);
  await upstream.requested(filePath(fresh, "zip"));
  const lists = (): number =>
    upstream.requests.filter(({ path }) => path === "/example.com/m/@v/list").length;
  const asked = lists();
  const second = await finishedStoa(["modules", "crawl"], env);
  assert.equal(second.code, 1, second.stdout);
  assert.match(second.stderr, /^stoa: another crawler of this fleet is at work[^\n]*\n$/);
  assert.equal(lists(), asked);

  gate.resolve();
  const ended = await first;
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /1 modules asked about, 1 versions fetched/);
  const third = await finishedStoa(["modules", "crawl"], env);
  assert.equal(third.code, 0, third.stderr);
  assert.match(third.stdout, /1 modules asked about, 0 versions fetched/);
});
