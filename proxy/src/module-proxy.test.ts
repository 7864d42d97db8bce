// The composition as a whole: what needs more than one part to go wrong.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { moduleFixture } from "@stoa/gomod/testing";
import { openLog, openMetrics } from "@stoa/telemetry";
import { openModuleProxy } from "./module-proxy.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { type PolicySettings, policyFiles } from "./open-policy.ts";
import { fixtureProxy } from "./testing/fixture-proxy.ts";

const policy: PolicySettings = {
  downloadMode: "sync",
  downloadUrl: "",
  networkMode: "strict",
  scope: "everywhere",
  filterFile: "",
  globalEndpoint: "",
  validatorHook: "",
};

function settingsFor(goproxy: string): ModuleProxySettings {
  return {
    storage: { kind: "memory" },
    zipCache: undefined,
    state: { kind: "memory" },
    leases: { kind: "memory" },
    housekeeping: {
      rules: {
        ...{ ageMs: 0, unusedMs: 0, mostBytes: 0, protect: "", private: "" },
        even: new Set(),
      },
      ...{ everyMs: 0, trashMs: 0, quotaBytes: 0, evicts: false },
    },
    freshness: {
      hookSecrets: new Map(),
      hookPatienceMs: 1000,
      hotLists: 0,
      notices: { urls: [], secret: "" },
      crawl: {
        everyMs: 0,
        patterns: "",
        usedMs: 0,
        versions: "all",
        recheckDays: 0,
        feeds: [],
        paceMs: 0,
        restMs: 0,
      },
    },
    leaseLifetimeMs: 1000,
    upstreams: {
      goproxy,
      noproxy: "",
      hgrcPath: undefined,
      netrcPath: undefined,
      hostTokens: [],
      proxies: {},
      connections: 4,
      queue: 10,
      timeoutMs: 10_000,
      connectMs: 10_000,
      firstByteMs: 10_000,
      progressMs: 10_000,
    },
    goCommand: {
      isForAll: false,
      binary: "go",
      folder: "",
      workers: 1,
      queue: 1,
      paperMs: 10_000,
      zipMs: 10_000,
      cloneBytes: 1 << 20,
      variables: {},
      environment: {},
    },
    direct: {
      mirrors: { folder: join(tmpdir(), "stoa-no-mirrors"), mostBytes: 0, mostFetchBytes: 0 },
      rules: { govcs: "", privateModules: "", privateAddresses: "", insecure: "" },
      deadlines: { pageMs: 1000, silenceMs: 1000, totalMs: 1000 },
      fetches: { concurrent: 1, waiting: 1 },
      fresh: { refsMs: 0, placesMs: 0 },
      environment: {},
    },
    policy: { ...policy, validatorTimeoutMs: 1000, validatorLifetimeMs: 1000, redirectStatus: 302 },
    gate: { forceSsl: false, account: undefined, adminToken: undefined },
    external: undefined,
    pages: { showsMetrics: false, homeTemplatePath: "", robotsPath: "", noSumPatterns: [] },
    checksums: { gosumdb: "off", nosumdb: "", databases: [] },
    index: "none",
    adminApi: false,
    background: { workers: 1, queue: 1 },
    lifetimes: { freshMs: 60_000, absentMs: 1000, patienceMs: 1000, retryMs: 1000 },
    hotBytes: 1 << 20,
    pathPrefix: "",
    version: "test",
  };
}

test("another policy holds from the next request on, also for answers that were in memory", async (context) => {
  const small = await moduleFixture(
    "module example.com/m@v1.0.0\n-- go.mod --\nmodule example.com/m\n",
  );
  await using upstream = await fixtureProxy([small]);
  const log = openLog({ level: "silent", format: "json" });
  await using proxy = await openModuleProxy(settingsFor(upstream.url), {
    log,
    metrics: openMetrics(),
  });
  const server = createServer(proxy.handle).listen(0, "127.0.0.1");
  context.after(() => server.close());
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/example.com/m/@v`;
  const statuses = (): Promise<readonly number[]> =>
    Promise.all(
      ["list", "v1.0.0.info", "v1.0.0.mod"].map(async (name) => {
        const answer = await fetch(`${base}/${name}`, { headers: { connection: "close" } });
        await answer.arrayBuffer();
        return answer.status;
      }),
    );
  assert.deepEqual(await statuses(), [200, 200, 200]);
  assert.deepEqual(await statuses(), [200, 200, 200]);

  const folder = await mkdtemp(join(tmpdir(), "stoa-policy-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const filterFile = join(folder, "filter.txt");
  await writeFile(filterFile, "- example.com/m\n");
  const enact = proxy.preparePolicy({ ...policy, filterFile });
  assert.deepEqual(await statuses(), [200, 200, 200]);
  enact();
  assert.deepEqual(await statuses(), [403, 403, 403]);

  assert.throws(
    () => proxy.preparePolicy({ ...policy, downloadMode: "asink" }),
    /"asink" is none of/,
  );
  assert.deepEqual(await statuses(), [403, 403, 403]);
  proxy.preparePolicy(policy)();
  assert.deepEqual(await statuses(), [200, 200, 200]);
});

test("policyFiles names the files that a policy is read from", () => {
  const settings = { ...policy, downloadMode: " file:/a/d.hcl ", filterFile: "f.txt" };
  assert.deepEqual(policyFiles(settings), ["/a/d.hcl", "f.txt"]);
  assert.deepEqual(policyFiles({ ...policy, downloadMode: "custom:xx" }), []);
});
