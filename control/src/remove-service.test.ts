// A service that is removed: gone from the index and from its machines, and not back before somebody deploys it.
import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import {
  type Said,
  type TestAgent,
  type TestControl,
  testControl,
} from "./testing/agent-stand-in.ts";
import { manualClock } from "./testing/manual-clock.ts";

const removalPath = "/environments/production/services/shop/removal";
const settingsPath = "/environments/production/services/shop/settings";

test("removing: first only said, then done, with a higher serial and an entry in the audit log", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const revision = await kit.upload("shop", "one");
  await rolled(kit, agent, { revision });
  await kit.ask(kit.admin, "PUT", settingsPath, { set: { DATABASE_URL: "x" } });
  const before = await indexOf(kit);
  const deployer = await kit.token({ kind: "person", name: "dee", role: "deploy" });
  const reader = await kit.token({ kind: "person", name: "rea", role: "read" });

  const { body: planned } = await kit.ask(deployer, "GET", removalPath);
  assert.deepEqual(
    [planned.revision, planned.version, planned.machines, planned.settings],
    [revision, "1.0", ["web-1"], ["DATABASE_URL"]],
  );
  assert.deepEqual(await indexOf(kit), before);

  assert.equal((await kit.ask(reader, "POST", removalPath, {})).status, 403);
  const done = await kit.ask(deployer, "POST", removalPath, { reason: "a slip" });
  assert.deepEqual([done.status, done.body], [200, planned]);
  const after = await indexOf(kit);
  assert.equal(after.serial, before.serial + 1);
  assert.deepEqual(after.services, {});
  assert.deepEqual((await kit.ask(kit.admin, "GET", settingsPath)).body.names, []);
  const entry = (await auditOf(kit)).find(({ action }) => action === "service.remove");
  assert.deepEqual(
    [entry?.actor, entry?.subject, entry?.details["reason"], entry?.details["revision"]],
    ["dee", "production/shop", "a slip", revision],
  );

  const [leaving] = await servicesOf(kit);
  assert.deepEqual(
    [leaving.state, leaving.running, leaving.machines, leaving.revision],
    ["removing", 1, 0, revision],
  );
  await agent.report();
  assert.deepEqual(await servicesOf(kit), []);
  const { rollouts } = (await kit.ask(kit.admin, "GET", "/rollouts?service=shop")).body;
  assert.deepEqual([rollouts[0].state, rollouts[0].removed.owner], ["succeeded", "dee"]);
  assert.equal(rollouts[0].removed.reason, "a slip");

  const again = await kit.ask(deployer, "POST", removalPath, {});
  assert.equal(again.status, 404);
  assert.match(again.body.error.message, /was removed from production at .* by dee \(a slip\)/);
  assert.equal((await indexOf(kit)).serial, after.serial);
});

test("a machine that says that it has stopped the service holds it no more", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  await rolled(kit, agent, { revision: await kit.upload("shop", "one") });
  const other = await kit.upload("till", "one");
  await rolled(kit, agent, { revision: other }, "till");
  assert.equal((await kit.ask(kit.admin, "POST", removalPath, {})).status, 200);
  const names = async () => (await servicesOf(kit)).map(({ service }) => service);
  assert.deepEqual(await names(), ["shop", "till"]);
  await agent.report();
  assert.deepEqual(await names(), ["till"]);
});

test("refused: unknown services, a rollout that runs, a freeze, people whom the policy does not name", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const [one, two] = [await kit.upload("shop", "one"), await kit.upload("shop", "two")];
  await rolled(kit, agent, { revision: one });
  const refusal = async (path: string, status: number): Promise<string> => {
    const plan = await kit.ask(kit.admin, "GET", path);
    const done = await kit.ask(kit.admin, "POST", path, {});
    assert.deepEqual([plan.status, done.status], [status, status], JSON.stringify(done.body));
    assert.equal(plan.body.error.message, done.body.error.message);
    return done.body.error.message;
  };
  assert.match(
    await refusal("/environments/production/services/shpo/removal", 404),
    /^shpo is not deployed to production, what is: shop$/,
  );
  assert.match(
    await refusal("/environments/production/services/constructor/removal", 404),
    /^constructor is not deployed/,
  );
  assert.match(
    await refusal("/environments/nowhere/services/shop/removal", 404),
    /no environment nowhere/,
  );

  const { id } = (await begin(kit, { revision: two })).body.rollout;
  assert.match(await refusal(removalPath, 409), /rollout .* of shop .* stoa cancel/);
  await kit.ask(kit.admin, "POST", `/rollouts/${id}/abandon`, {});
  await ended(kit, agent, id);

  const freeze = { serial: 0, change: { kind: "freeze" }, reason: "the sale" };
  await kit.ask(kit.admin, "POST", "/environments/production/policy", freeze);
  assert.match(
    await refusal(removalPath, 403),
    /^production is frozen since .* \(the sale\), so shop may not be removed from it; .*stoa policy thaw -e production$/,
  );
  const thaw = { serial: 1, change: { kind: "thaw" } };
  await kit.ask(kit.admin, "POST", "/environments/production/policy", thaw);
  const rules = [{ services: ["shop"], people: ["ci"], keys: [], approvals: 0 }];
  const set = { serial: 2, change: { kind: "set", rules } };
  const made = await kit.ask(kit.admin, "POST", "/environments/production/policy", set);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  assert.match(await refusal(removalPath, 403), /^admin may not deploy shop .* names ci;/);
  const ci = await kit.token({ kind: "person", name: "ci", role: "deploy" });
  assert.equal((await kit.ask(ci, "POST", removalPath, {})).status, 200);
  const entries = (await auditOf(kit)).filter(({ action }) => action === "service.remove");
  assert.equal(entries.length, 1, "what was refused is no entry");
});

test("of two at once one removes it, and the other is told so", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  await rolled(kit, agent, { revision: await kit.upload("shop", "one") });
  const both = await Promise.all([1, 2].map(() => kit.ask(kit.admin, "POST", removalPath, {})));
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 404]);
});

test("deployed again it is as the first time, and what brought it before does not count", async () => {
  await using kit = await testControl();
  const agents = [await kit.join("web-1", { role: "web" }), await kit.join("db-1", { role: "db" })];
  const revision = await kit.upload("shop", "one");
  const selector = [[{ key: "role", value: "web" }]];
  const first = await rolled(kit, agents, { revision, selector });
  await kit.ask(kit.admin, "POST", removalPath, {});
  const removed = await indexOf(kit);

  const again = await rolled(kit, agents, { revision });
  assert.notEqual(again.id, first.id);
  assert.deepEqual(
    [again.previous, Object.keys(again.machines).toSorted()],
    [undefined, ["db-1", "web-1"]],
  );
  const index = await indexOf(kit);
  assert.ok(index.serial > removed.serial);
  assert.ok(index.services.shop.serial > removed.serial);
  assert.equal((await servicesOf(kit))[0].state, "running");
  const { rollouts } = (await kit.ask(kit.admin, "GET", "/rollouts?service=shop")).body;
  assert.deepEqual(
    rollouts.map((one: { removed?: object }) => one.removed !== undefined),
    [false, true],
  );
  // Removed anew, it is the new rollout that has ended.
  assert.equal((await kit.ask(kit.admin, "POST", removalPath, {})).status, 200);
});

test("going back after a removal brings it to the machines it was on", async () => {
  await using kit = await testControl();
  const agents = [await kit.join("web-1", { role: "web" }), await kit.join("db-1", { role: "db" })];
  const revision = await kit.upload("shop", "one");
  await rolled(kit, agents, { revision, selector: [[{ key: "role", value: "web" }]] });
  await kit.ask(kit.admin, "POST", removalPath, {});
  const back = await rolled(kit, agents, { revision, kind: "rollback" });
  assert.deepEqual(Object.keys(back.machines), ["web-1"]);
});

test("another control plane process does not bring it back", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  await rolled(kit, agent, { revision: await kit.upload("shop", "one") });
  await rolled(kit, agent, { revision: await kit.upload("shop", "two") });
  await kit.ask(kit.admin, "POST", removalPath, {});
  const before = await indexOf(kit);
  await kit.control[Symbol.asyncDispose]();
  const clock = manualClock(Date.now());
  await using again = await testControl({ root: kit.root, clock });
  for (let looks = 0; looks < 5; looks += 1) {
    clock.turn(1_000);
    await again.control.upkeep();
  }
  assert.deepEqual(await indexOf(again), before);
  assert.equal((await again.ask(again.admin, "GET", removalPath)).status, 404);
});

test("killed between what is kept and what is published, the next process removes it, settings and all", async () => {
  await using kit = await testControl();
  kit.forgive(/history/);
  const agent = await kit.join("web-1");
  await rolled(kit, agent, { revision: await kit.upload("shop", "one") });
  await kit.ask(kit.admin, "PUT", settingsPath, { set: { COLOUR: "red" } });
  const { serial } = await indexOf(kit);
  // Without a history no index is followed by another.
  const history = join(kit.root, "tree", "environments", "production", "history");
  await rename(history, `${history}-away`);
  await writeFile(history, "");
  const said = await kit.ask(kit.admin, "POST", removalPath, {});
  assert.equal(said.status, 200, JSON.stringify(said.body));
  assert.ok(kit.failures.length > 0, "it could not be published");
  assert.ok("shop" in (await indexOf(kit)).services);
  await kit.control[Symbol.asyncDispose]();
  await rm(history);
  await rename(`${history}-away`, history);

  await using again = await testControl({ root: kit.root });
  const index = await until(async () => {
    const now = await indexOf(again);
    return !("shop" in now.services) && now;
  });
  assert.equal(index.serial, serial + 1);
  await until(async () => {
    const { body } = await again.ask(again.admin, "GET", settingsPath);
    return body.names.length === 0;
  });
});

test("retention: what ran is no more live, and stays as what can be gone back to", async () => {
  const clock = manualClock(Date.now());
  await using kit = await testControl({ clock });
  const agent = await kit.join("web-1");
  const held = await kit.upload("shop", "one");
  await rolled(kit, agent, { revision: held });
  clock.turn(1);
  // It never held, and is live only as what machines are to run.
  const given = await kit.upload("shop", "two");
  const { id } = (await begin(kit, { revision: given })).body.rollout;
  await kit.ask(kit.admin, "POST", `/rollouts/${id}/abandon`, {});
  await ended(kit, agent, id);
  const kept = async (): Promise<readonly boolean[]> => {
    for (let looks = 0; looks < 8; looks += 1) {
      clock.turn(3_600_000);
      await kit.control.upkeep();
    }
    const found = [held, given].map((one) =>
      kit.ask(kit.admin, "GET", `/services/shop/revisions/${one}`),
    );
    return (await Promise.all(found)).map(({ status }) => status === 200);
  };
  assert.deepEqual(await kept(), [true, true]);
  assert.equal((await kit.ask(kit.admin, "POST", removalPath, {})).status, 200);
  assert.deepEqual(await kept(), [true, false]);
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into documents of every shape
type Document = any;

async function indexOf({ root }: TestControl): Promise<Document> {
  const path = join(root, "tree", "environments", "production", "index.json");
  return JSON.parse(JSON.parse(await readFile(path, "utf8")).document);
}

async function servicesOf(kit: TestControl): Promise<readonly Document[]> {
  return (await kit.ask(kit.admin, "GET", "/services")).body.services;
}

async function auditOf(kit: TestControl): Promise<readonly Document[]> {
  const { entries } = (await kit.ask(kit.admin, "GET", "/audit?limit=1000")).body;
  return entries.map((text: string) => JSON.parse(JSON.parse(text).document));
}

function begin(kit: TestControl, wish: object, service = "shop"): Promise<Said> {
  return kit.ask(kit.admin, "POST", `/environments/production/services/${service}/rollouts`, wish);
}

async function rolled(
  kit: TestControl,
  agents: TestAgent | readonly TestAgent[],
  wish: object,
  service = "shop",
): Promise<Document> {
  const { status, body } = await begin(kit, wish, service);
  assert.equal(status, 200, JSON.stringify(body));
  const rollout = await ended(kit, agents, body.rollout.id);
  assert.equal(rollout.state, "succeeded", rollout.sentence);
  return rollout;
}

async function ended(
  kit: TestControl,
  agents: TestAgent | readonly TestAgent[],
  id: string,
): Promise<Document> {
  return await until(async () => {
    for (const agent of [agents].flat()) await agent.report();
    const { body } = await kit.ask(kit.admin, "GET", `/rollouts/${id}`);
    return body.endedAt !== undefined && body;
  });
}

async function until<T>(found: () => Promise<T | false>): Promise<T> {
  for (let tries = 0; tries < 3_000; tries += 1) {
    const one = await found();
    if (one !== false) return one;
    await wait(20);
  }
  throw new Error("it never came to be");
}
