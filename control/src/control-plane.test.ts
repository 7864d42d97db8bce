import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { documentPath } from "./http/openapi.ts";
import { revisionOf, type Said, type TestControl, testControl } from "./testing/agent-stand-in.ts";
import { manualClock } from "./testing/manual-clock.ts";

test("the OpenAPI document names every route and no other, and every route is there", async () => {
  await using kit = await testControl();
  const { body } = await kit.ask("", "GET", "/openapi.json");
  const described = Object.entries(body.paths as Record<string, object>).flatMap(
    ([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routed = kit.control.routes.map(({ method, path }) => `${method} ${documentPath(path)}`);
  assert.deepEqual(described.toSorted(), routed.toSorted());
  for (const { method, path, admission } of kit.control.routes) {
    if (admission === "anybody") continue;
    const said = await kit.ask("", method, path.replace(/[:*][a-z]*/gi, "x"));
    assert.equal(said.status, 401, `${method} ${path}`);
  }
});

test("what is answered is what the OpenAPI document says", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1", { role: "web" });
  const id = await kit.upload("shop", "one");
  const { rollout } = (await begin(kit, "shop", id)).body;
  await agent.report();
  await ended(kit, rollout.id);
  const paths: Readonly<Record<string, string>> = {
    "/server": "/server",
    "/environments": "/environments",
    "/services": "/services",
    "/audit": "/audit",
    "/tokens": "/tokens",
    "/machines": "/machines",
    "/machines/:machine/why": "/machines/web-1/why",
    "/environments/:environment/target": "/environments/production/target?tags=role=web",
    "/services/:service/revisions/:id": `/services/shop/revisions/${id.slice(0, 12)}`,
    "/rollouts": "/rollouts?service=shop",
    "/rollouts/:id": `/rollouts/${rollout.id}`,
    "/environments/:environment/services/:service/settings":
      "/environments/production/services/shop/settings",
    "/environments/:environment/services/:service/removal":
      "/environments/production/services/shop/removal",
    "/environments/:environment/settings-keys": "/environments/production/settings-keys",
    "/environments/:environment/policy": "/environments/production/policy",
    "/environments/:environment/services/:service/approvals/:revision": `/environments/production/services/shop/approvals/${id}`,
    "/settings-keys": "/settings-keys",
  };
  for (const route of kit.control.routes) {
    if (route.method !== "GET" || typeof route.answer !== "object") continue;
    const path = paths[route.path];
    assert.ok(path !== undefined, `${route.path} is not asked here`);
    const token = route.admission === "machine" ? agent.token : kit.admin;
    const { status, body } = await kit.ask(token, "GET", path);
    assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
    const result = (route.answer as z.ZodType).safeParse(body);
    assert.ok(result.success, `${path}: ${result.error?.message}`);
    assert.deepEqual(result.data, body, `${path} answers more than it says`);
  }
});

test("roles: each may what those before it may, machines and joiners nothing of it", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const reader = await kit.token({ kind: "person", name: "rea", role: "read" });
  const deployer = await kit.token({ kind: "person", name: "dee", role: "deploy" });
  const joiner = await kit.token({ kind: "join" });
  const status = async (token: string, method: string, path: string): Promise<number> =>
    (await kit.ask(token, method, path, method === "GET" ? undefined : {})).status;
  assert.equal(await status(reader, "GET", "/services"), 200);
  assert.equal(await status(reader, "POST", "/blobs/missing"), 403);
  assert.equal(await status(deployer, "POST", "/blobs/missing"), 400);
  assert.equal(await status(deployer, "GET", "/tokens"), 403);
  assert.equal(await status(agent.token, "GET", "/services"), 403);
  assert.equal(await status(joiner, "GET", "/services"), 401);
  assert.equal(await status("stoa_admin_000000000000_x", "GET", "/services"), 401);
  assert.equal(await status(kit.admin, "GET", "/tree/environments/production/index.json"), 403);
  assert.equal(await status(agent.token, "GET", "/tree/environments/other/index.json"), 403);
  assert.equal(await status(agent.token, "GET", "/tree/private/tokens/x.json"), 404);
  assert.equal(await status(agent.token, "GET", "/tree/..%2fadmin-token"), 400);
});

test("tokens: expired and revoked ones are refused with what to do next", async () => {
  await using kit = await testControl();
  const { body } = await kit.ask(kit.admin, "POST", "/tokens", {
    kind: "person",
    name: "rea",
    role: "read",
  });
  assert.equal((await kit.ask(kit.admin, "DELETE", `/tokens/${body.id}`)).status, 204);
  const revoked = await kit.ask(body.token, "GET", "/services");
  assert.match(revoked.body.error.message, /revoked/);
  const short = await kit.token({ kind: "join", lifetimeMs: 1 });
  await wait(20);
  const late = await kit.ask("", "POST", "/join/challenge", { token: short });
  assert.equal(late.status, 401);
  assert.match(late.body.error.message, /expired .* stoa token join/);
});

test("contents and revisions that are not what their names say are refused", async () => {
  await using kit = await testControl();
  const revision = revisionOf("shop", "one");
  const sha256 = revision.files[0]?.sha256;
  const wrong = await kit.ask(kit.admin, "PUT", `/blobs/sha256/${sha256}`, "other");
  assert.equal(wrong.status, 422);
  assert.deepEqual(
    (await kit.ask(kit.admin, "POST", "/blobs/missing", { sha256: [sha256] })).body.sha256,
    [sha256],
  );
  const id = "0".repeat(64);
  const alien = await kit.ask(kit.admin, "PUT", `/services/shop/revisions/${id}`, revision);
  assert.equal(alien.status, 422);
  const { revisionId } = await import("@stoa/deployment");
  const early = await kit.ask(
    kit.admin,
    "PUT",
    `/services/shop/revisions/${revisionId(revision)}`,
    revision,
  );
  assert.match(early.body.error.message, /send them first/);
});

test("one rollout at a time: the second is told who, why and what to do", async () => {
  await using kit = await testControl();
  await kit.join("web-1");
  const [one, two] = [await kit.upload("shop", "one"), await kit.upload("shop", "two")];
  assert.equal((await begin(kit, "shop", one, { reason: "the sale" })).status, 200);
  const second = await begin(kit, "shop", two);
  assert.equal(second.status, 409);
  assert.match(second.body.error.message, /by admin \(the sale\) .* stoa cancel/);
});

test("a rollout without machines, with other tags or another architecture is refused before anything is touched", async () => {
  await using kit = await testControl();
  const id = await kit.upload("shop", "one");
  assert.equal((await begin(kit, "shop", id)).status, 404);
  await kit.join("web-1", { role: "web" });
  const none = await begin(kit, "shop", id, { selector: [[{ key: "role", value: "db" }]] });
  assert.equal(none.status, 409);
  assert.match(
    none.body.error.message,
    /none of the 1 machines of production has the tags role=db/,
  );
  const odd = await begin(kit, "shop", id, { strategy: "minimum-healthy:7" });
  assert.equal(odd.status, 400);
  assert.deepEqual((await kit.ask(kit.admin, "GET", "/services")).body.services, []);
});

test("a machine that fails sends back those that moved; the rest is never told", async () => {
  await using kit = await testControl();
  const agents = [
    await kit.join("web-1"),
    await kit.join("web-2"),
    await kit.join("web-3"),
  ] as const;
  const [one, two] = [await kit.upload("shop", "one"), await kit.upload("shop", "two")];
  const first = (await begin(kit, "shop", one, { strategy: "all-at-once" })).body.rollout.id;
  for (const agent of agents) await agent.report();
  assert.equal((await ended(kit, first)).state, "succeeded");

  const second = (await begin(kit, "shop", two)).body.rollout.id;
  await agents[0].report();
  await waves(kit, second, 2);
  // A wave is shown a moment before the index says so.
  await waitFor(async () => {
    const path = "/tree/environments/production/index.json";
    const { document } = (await kit.ask(agents[1].token, "GET", path)).body;
    return JSON.parse(document).services.shop.open === 2;
  });
  await agents[1].report({
    shop: { running: one, state: "failed", sentence: "no", lastLines: ["oh"] },
  });
  await waitFor(async () => (await rolloutOf(kit, second)).state === "rolling-back");
  for (const agent of agents) await agent.report();
  for (const agent of agents) await agent.report();
  const end = await waitFor(async () => {
    for (const agent of agents) await agent.report();
    const rollout = await rolloutOf(kit, second);
    return rollout.endedAt !== undefined && rollout;
  });
  assert.equal(end.state, "rolled-back");
  assert.equal(end.machines["web-3"].state, "skipped");
  assert.deepEqual(end.machines["web-2"].lastLines, ["oh"]);
  const { services } = (await kit.ask(kit.admin, "GET", "/services")).body;
  assert.deepEqual([services[0].revision, services[0].running], [one, 3]);
});

test("a rollback goes the way that what it undoes came, unless it is told how", async () => {
  await using kit = await testControl();
  const agents = [await kit.join("web-1"), await kit.join("web-2")];
  const ids = [await kit.upload("shop", "one"), await kit.upload("shop", "two")];
  const said = async (revision: string | undefined, more: object): Promise<string> => {
    const { id, strategy } = (await begin(kit, "shop", revision ?? "", more)).body.rollout;
    await waitFor(async () => {
      for (const agent of agents) await agent.report();
      return (await rolloutOf(kit, id)).endedAt !== undefined;
    });
    return strategy;
  };
  assert.equal(await said(ids[0], {}), "one-at-a-time");
  assert.equal(await said(ids[1], { strategy: "all-at-once" }), "all-at-once");
  assert.equal(await said(ids[0], { kind: "rollback" }), "all-at-once");
  assert.equal(await said(ids[1], { kind: "rollback", strategy: "half" }), "half");
  assert.equal(await said(ids[0], {}), "one-at-a-time");
});

test("cancel and pause are honoured; after the end they are told that it is too late", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const one = await kit.upload("shop", "one");
  const first = (await begin(kit, "shop", one)).body.rollout.id;
  await kit.ask(kit.admin, "POST", `/rollouts/${first}/pause`, {});
  await agent.report();
  await waitFor(async () => (await rolloutOf(kit, first)).machines["web-1"].state === "moved");
  assert.equal((await rolloutOf(kit, first)).held, true);
  await kit.ask(kit.admin, "POST", `/rollouts/${first}/resume`, {});
  await ended(kit, first);
  const two = await kit.upload("shop", "two");
  const second = (await begin(kit, "shop", two)).body.rollout.id;
  await kit.ask(kit.admin, "POST", `/rollouts/${second}/cancel`, { reason: "wrong one" });
  await agent.report();
  const end = await ended(kit, second);
  assert.equal(end.state, "cancelled");
  assert.match(end.sentence, /cancelled by admin \(wrong one\)/);
  assert.equal((await kit.ask(kit.admin, "POST", `/rollouts/${second}/pause`, {})).status, 409);
});

test("a clock that is set while a wave bakes makes nobody silent, and the bake neither shorter nor longer", async () => {
  const clock = manualClock(Date.now());
  await using kit = await testControl({ clock });
  const [one, two] = [await kit.join("web-1"), await kit.join("web-2")];
  const revision = await kit.upload("shop", "one");
  const { id } = (await begin(kit, "shop", revision, { bakeMs: 600_000 })).body.rollout;
  const heard = async (): Promise<void> => {
    await one.report();
    await two.report();
    clock.turn(1_000);
  };
  const baking = async (): Promise<boolean> => {
    await heard();
    return (await rolloutOf(kit, id)).state === "baking";
  };
  await waitFor(baking);
  for (const days of [1, -2, 30]) {
    clock.set(days * 86_400_000);
    assert.equal(await baking(), true, `after ${days} days`);
    assert.equal((await rolloutOf(kit, id)).waves.length, 1);
    const { machines } = (await kit.ask(kit.admin, "GET", "/machines")).body;
    for (const { reachable, machine } of machines) assert.equal(reachable, true, machine);
  }
  for (let minutes = 0; minutes < 10; minutes += 0.25) {
    clock.turn(14_000);
    await heard();
  }
  await waitFor(async () => {
    await heard();
    return (await rolloutOf(kit, id)).waves.length === 2;
  });
  const last = await rolloutOf(kit, id);
  assert.equal(last.endedAt, undefined, last.sentence);
});

test("a machine that fails while the rollout is paused sends back those that moved, as it does otherwise", async () => {
  await using kit = await testControl();
  const agents = [
    await kit.join("web-1"),
    await kit.join("web-2"),
    await kit.join("web-3"),
  ] as const;
  const [one, two] = [await kit.upload("shop", "one"), await kit.upload("shop", "two")];
  const first = (await begin(kit, "shop", one, { strategy: "all-at-once" })).body.rollout.id;
  for (const agent of agents) await agent.report();
  await ended(kit, first);
  const second = (await begin(kit, "shop", two)).body.rollout.id;
  await agents[0].report();
  await waves(kit, second, 2);
  await waitFor(async () => {
    await agents[1].report();
    return (await rolloutOf(kit, second)).machines["web-2"].state === "moved";
  });
  assert.equal((await kit.ask(kit.admin, "POST", `/rollouts/${second}/pause`, {})).body.held, true);
  const broken = { shop: { running: one, state: "failed", sentence: "it has crashed" } } as const;
  const end = await waitFor(async () => {
    const rollout = await rolloutOf(kit, second);
    const isBack = rollout.state !== "rolling" && rollout.state !== "baking";
    for (const agent of [agents[0], agents[2]]) await agent.report();
    await agents[1].report(isBack ? {} : broken);
    return rollout.endedAt !== undefined && rollout;
  });
  assert.equal(end.state, "rolled-back", end.sentence);
  assert.match(end.sentence, /web-2 failed: it has crashed; .*went back/);
  const { services } = (await kit.ask(kit.admin, "GET", "/services")).body;
  assert.deepEqual([services[0].revision, services[0].running], [one, 3]);
});

test("what another control plane process finds in the folder is carried on", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const one = await kit.upload("shop", "one");
  const { id } = (await begin(kit, "shop", one)).body.rollout;
  await kit.control[Symbol.asyncDispose]();
  await using again = await testControl({ root: kit.root });
  assert.equal(again.admin, kit.admin);
  await agent.report();
  const { body } = await again.ask(agent.token, "GET", "/tree/machines/web-1/status.json");
  assert.equal(body.error.code, "forbidden");
  const second = await testAgentReport(again, agent, kit);
  assert.equal(second.status, 204);
  assert.equal((await ended(again, id)).state, "succeeded");
});

test("a status that the machine has not signed itself is refused", async () => {
  await using kit = await testControl();
  const [one, two] = [await kit.join("web-1"), await kit.join("web-2")];
  assert.equal((await kit.ask(one.token, "PUT", "/machines/web-2/status", "{}")).status, 403);
  assert.equal((await kit.ask(one.token, "PUT", "/machines/web-1/status", "{}")).status, 400);
  assert.equal((await two.report()).status, 204);
});

async function testAgentReport(
  again: TestControl,
  agent: { name: string; token: string },
  kit: TestControl,
): Promise<Said> {
  // The agent's own `report` speaks to the first process, whose memory the second does not have: hand over what it stored.
  const { readFile } = await import("node:fs/promises");
  const path = `${kit.root}/tree/machines/${agent.name}/status.json`;
  return await again.ask(
    agent.token,
    "PUT",
    `/machines/${agent.name}/status`,
    await readFile(path, "utf8"),
  );
}

function begin(
  kit: TestControl,
  service: string,
  revision: string,
  more: object = {},
): Promise<Said> {
  const path = `/environments/production/services/${service}/rollouts`;
  return kit.ask(kit.admin, "POST", path, { revision, ...more });
}

async function rolloutOf(kit: TestControl, id: string): Promise<any> {
  return (await kit.ask(kit.admin, "GET", `/rollouts/${id}`)).body;
}

function ended(kit: TestControl, id: string): Promise<any> {
  return waitFor(async () => {
    const rollout = await rolloutOf(kit, id);
    return rollout.endedAt !== undefined && rollout;
  });
}

function waves(kit: TestControl, id: string, number: number): Promise<unknown> {
  return waitFor(async () => (await rolloutOf(kit, id)).waves.length === number);
}

async function waitFor<T>(probe: () => Promise<T | false>): Promise<T> {
  for (let tries = 0; tries < 2_400; tries += 1) {
    const found = await probe();
    if (found !== false) return found;
    await wait(25);
  }
  throw new Error("it did not come about");
}
