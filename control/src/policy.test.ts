// Policies at a real control plane: who may change them, what they refuse, and that nobody gets around them.
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import {
  countersign,
  makeSecretKey,
  type Policy,
  publicKeyLine,
  type SecretKey,
  sealEnvelope,
} from "@stoa/deployment";
import {
  type Said,
  type TestAgent,
  type TestControl,
  testControl,
} from "./testing/agent-stand-in.ts";
import { manualClock } from "./testing/manual-clock.ts";

const policyPath = "/environments/production/policy";

test("only administrators change a policy, and of two at once the second is told so", async () => {
  await using kit = await testControl();
  await kit.join("web-1");
  const deployer = await kit.token({ kind: "person", name: "dee", role: "deploy" });
  assert.equal((await kit.ask(deployer, "GET", policyPath)).body.serial, 0);
  const wish = { serial: 0, change: { kind: "freeze" }, reason: "the sale" };
  assert.equal((await kit.ask(deployer, "POST", policyPath, wish)).status, 403);
  assert.equal((await kit.ask(kit.admin, "POST", policyPath, { ...wish, reason: "" })).status, 400);
  const made = await kit.ask(kit.admin, "POST", policyPath, wish);
  assert.equal(made.body.serial, 1, JSON.stringify(made.body));
  const second = await kit.ask(kit.admin, "POST", policyPath, wish);
  assert.equal(second.status, 409);
  assert.match(
    second.body.error.message,
    /is another one by now; look at it \(stoa policy -e production\)/,
  );
  // Three different ones: the same change in the same millisecond is one change.
  const all = await Promise.all(
    ["the sale", "the fair", "the move"].map((reason) =>
      kit.ask(kit.admin, "POST", policyPath, { serial: 1, change: { kind: "freeze" }, reason }),
    ),
  );
  assert.deepEqual(all.map(({ status }) => status).toSorted(), [200, 409, 409]);
  assert.equal((await kit.ask(kit.admin, "GET", policyPath)).body.serial, 2);
  const nowhere = await kit.ask(kit.admin, "POST", "/environments/nowhere/policy", wish);
  assert.equal(nowhere.status, 404);
});

test("frozen: nothing new begins, the way back is open, an override with a reason passes, and all of it is in the audit log", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const [one, two, three] = [
    await kit.upload("shop", "one"),
    await kit.upload("shop", "two"),
    await kit.upload("shop", "three"),
  ];
  await rolled(kit, agent, one);
  await rolled(kit, agent, two);
  await change(kit, { kind: "freeze" }, "the sale");

  const refused = await begin(kit, three);
  assert.equal(refused.status, 403);
  assert.match(
    refused.body.error.message,
    /^production is frozen since .* \(the sale\), .* stoa policy override shop .* stoa policy thaw -e production$/,
  );
  // The same revision with other settings is something new too; unchanged it is what runs already.
  assert.equal((await begin(kit, two)).body.unchanged, true);
  const settings = "/environments/production/services/shop/settings";
  await kit.ask(kit.admin, "PUT", settings, { set: { COLOUR: "red" } });
  assert.equal((await begin(kit, two)).status, 403);

  await rolled(kit, agent, one, { kind: "rollback" });
  const deployer = await kit.token({ kind: "person", name: "dee", role: "deploy" });
  const override = { kind: "override", service: "shop", revision: three.slice(0, 12) };
  const wish = { serial: 1, change: override, reason: "the till does not open" };
  assert.equal((await kit.ask(deployer, "POST", policyPath, wish)).status, 403);
  await change(kit, override, "the till does not open");
  await rolled(kit, agent, three);
  const four = await kit.upload("shop", "four");
  assert.equal((await begin(kit, four)).status, 403);
  await change(kit, { kind: "thaw" }, "");
  await rolled(kit, agent, four);
  assert.equal((await kit.ask(kit.admin, "POST", policyPath, { ...wish, serial: 3 })).status, 409);

  const entries: readonly { action: string; actor: string; details: Record<string, unknown> }[] = (
    await kit.ask(kit.admin, "GET", "/audit")
  ).body.entries.map((text: string) => JSON.parse(JSON.parse(text).document));
  const about = entries.filter(({ action }) => action.startsWith("policy."));
  assert.deepEqual(
    about.map(({ action, actor, details }) => [action, actor, details["reason"]]),
    [
      ["policy.freeze", "admin", "the sale"],
      ["policy.override", "admin", "the till does not open"],
      ["policy.thaw", "admin", ""],
    ],
  );
  assert.deepEqual([about[1]?.details["service"], about[1]?.details["revision"]], ["shop", three]);
});

test("rules: who is not named may not deploy, and approvals are counted", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const [ann, ben] = [makeSecretKey(), makeSecretKey()];
  const [one, two] = [await kit.upload("shop", "one"), await kit.upload("shop", "two")];
  await rolled(kit, agent, one);
  const ci = await kit.token({ kind: "person", name: "ci", role: "deploy" });
  const set = await change(kit, {
    kind: "set",
    rules: [
      { services: ["shop"], people: ["ci"], keys: [ann, ben].map(publicKeyLine), approvals: 2 },
    ],
  });
  assert.match(set.body.unready[0], /^shop runs .* has 0 of the 2 approvals/);

  const other = await begin(kit, two);
  assert.equal(other.status, 403);
  assert.match(other.body.error.message, /^admin may not deploy shop to production: .* names ci;/);
  const bare = await begin(kit, two, {}, ci);
  assert.match(bare.body.error.message, /has 0 of the 2 approvals .* stoa approve shop/);

  assert.deepEqual((await approve(kit, ci, two, ann)).body.approvers, [ann.id]);
  assert.deepEqual((await approve(kit, ci, two, ann)).body.approvers, [ann.id]);
  assert.match((await begin(kit, two, {}, ci)).body.error.message, /has 1 of the 2 approvals/);
  const eve = await approve(kit, ci, two, makeSecretKey());
  assert.equal(eve.status, 403);
  assert.match(eve.body.error.message, /not signed by a key that may approve shop in production/);
  const reader = await kit.token({ kind: "person", name: "rea", role: "read" });
  assert.equal((await approve(kit, reader, two, ben)).status, 403);
  assert.equal((await approve(kit, ci, two, ben)).body.approvers.length, 2);
  await rolled(kit, agent, two, {}, ci);
  // It ran just before: nobody's leave is needed to go back there.
  await rolled(kit, agent, one, { kind: "rollback" }, ci);

  const site = await kit.upload("site", "one");
  const path = "/environments/production/services/site/rollouts";
  const unruled = await kit.ask(kit.admin, "POST", path, { revision: site });
  assert.match(unruled.body.error.message, /has no rule about site, so nobody may deploy it there/);
});

test("an approval covers the settings: changed ones are refused until they are approved as well", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const [one, two] = [await kit.upload("shop", "one"), await kit.upload("shop", "two")];
  const ann = makeSecretKey();
  await change(kit, { kind: "set", rules: [{ keys: [publicKeyLine(ann)], approvals: 1 }] });
  // What was approved before settings were a part of it holds where there are none.
  assert.equal((await approve(kit, kit.admin, one, ann)).status, 200);
  await rolled(kit, agent, one);
  const set = async (value: string) =>
    await kit.ask(kit.admin, "PUT", "/environments/production/services/shop/settings", {
      set: { COLOUR: value },
    });
  await set("red");
  const bare = await begin(kit, one);
  assert.equal(bare.status, 403);
  assert.match(bare.body.error.message, /of shop with its settings .* stoa approve shop/);
  const path = `/environments/production/services/shop/approvals/${one}`;
  const { body: asked } = await kit.ask(kit.admin, "GET", path);
  assert.deepEqual([asked.names, asked.approvers, asked.wanted], [["COLOUR"], [], 1]);
  const { body: running } = await kit.ask(kit.admin, "GET", `${path}?running=true`);
  assert.deepEqual([running.names, running.settings, running.approvers.length], [[], undefined, 1]);

  // A signature under other settings than are named is none.
  const wrong = await approve(kit, kit.admin, one, ann, asked.settings, "0".repeat(64));
  assert.equal(wrong.status, 403);
  await approve(kit, kit.admin, one, ann, asked.settings);
  await approve(kit, kit.admin, two, ann, asked.settings);
  await rolled(kit, agent, one);
  await rolled(kit, agent, two);
  await set("blue");
  assert.equal((await begin(kit, two)).status, 403);
  // Back with the settings that it had needs nobody's leave; with others it does.
  assert.equal((await begin(kit, one, { kind: "rollback" })).status, 403);
  const { last } = (await kit.ask(kit.admin, "GET", "/audit?limit=1")).body;
  const { entries } = (await kit.ask(kit.admin, "GET", `/audit?from=2&limit=${last}`)).body;
  const approvals = entries.filter((text: string) => text.includes("revision.approve"));
  assert.match(approvals[1], new RegExp(asked.settings));
});

test("approvals that come at the same moment are all kept", async () => {
  await using kit = await testControl();
  await kit.join("web-1");
  const keys = Array.from({ length: 6 }, () => makeSecretKey());
  const one = await kit.upload("shop", "one");
  const lines = keys.map(publicKeyLine);
  await change(kit, { kind: "set", rules: [{ keys: lines, approvals: 6 }] });
  const given = await Promise.all(keys.map((key) => approve(kit, kit.admin, one, key)));
  assert.deepEqual(new Set(given.map(({ status }) => status)), new Set([200]));
  const path = `/environments/production/services/shop/approvals/${one}`;
  const { body } = await kit.ask(kit.admin, "GET", path);
  assert.deepEqual([body.approvers.length, body.wanted], [6, 6]);
});

test("the server renews what it signs, and what administrators sign ends by itself and stops everything new", async () => {
  const clock = manualClock(Date.now());
  await using kit = await testControl({ clock });
  await kit.join("web-1");
  const day = 24 * 3_600_000;
  await change(kit, { kind: "freeze" }, "the sale");
  clock.turn(100 * day);
  await kit.control.upkeep();
  assert.equal((await kit.ask(kit.admin, "GET", policyPath)).body.serial, 1);
  clock.turn(100 * day);
  await kit.control.upkeep();
  const { body } = await kit.ask(kit.admin, "GET", policyPath);
  assert.deepEqual([body.serial, body.policy.freeze.reason], [2, "the sale"]);
  assert.ok(Date.parse(body.policy.notAfter) > clock.now() + 364 * day);

  const administrators = [publicKeyLine(makeSecretKey())];
  await change(kit, { kind: "thaw" });
  await change(kit, { kind: "set", rules: [], administrators, lifetimeMs: 10 * day });
  clock.turn(11 * day);
  await kit.control.upkeep();
  assert.equal((await kit.ask(kit.admin, "GET", policyPath)).body.serial, 4);
  // The machine has not been heard for long; the policy says no before that matters.
  const refused = await begin(kit, await kit.upload("shop", "one"));
  assert.equal(refused.status, 403, JSON.stringify(refused.body));
  assert.match(refused.body.error.message, /expired at .*\(stoa policy renew -e production\)/);
});

test("a policy that a killed process could not make known is made known by the next", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const one = await kit.upload("shop", "one");
  const index = join(kit.root, "tree", "environments", "production", "index.json");
  const before = await readFile(index);
  await change(kit, { kind: "freeze" }, "the sale");
  await kit.control[Symbol.asyncDispose]();
  await writeFile(index, before);
  await using again = await testControl({ root: kit.root });
  assert.equal((await begin(again, one)).status, 403);
  const path = "/tree/environments/production/index.json";
  const { document } = (await again.ask(agent.token, "GET", path)).body;
  assert.equal(JSON.parse(document).policy, 1);
});

test("with administrators of its own a policy is theirs alone", async () => {
  await using kit = await testControl();
  await kit.join("web-1");
  const [ann, ben] = [makeSecretKey(), makeSecretKey()];
  const administrators = [ann, ben].map(publicKeyLine);
  await change(kit, { kind: "set", rules: [], administrators, quorum: 2 });
  const freeze = { serial: 1, change: { kind: "freeze" }, reason: "the sale" };
  const alone = await kit.ask(kit.admin, "POST", policyPath, freeze);
  assert.equal(alone.status, 403);
  assert.match(alone.body.error.message, /2 of the administrators of production .* add --key FILE/);

  const { envelope } = (await kit.ask(kit.admin, "POST", `${policyPath}/drafts`, freeze)).body;
  const put = (text: string) =>
    kit.ask(kit.admin, "PUT", policyPath, { envelope: text, reason: "" });
  assert.equal((await put(countersign(envelope, "policy", ann))).status, 403);
  const both = countersign(countersign(envelope, "policy", ann), "policy", ben);
  assert.deepEqual((await put(both)).body.signers, [ann.id, ben.id]);
  assert.equal((await put(both)).status, 409);
  // Nobody may sign the server out of what it has to say.
  const { policy }: { policy: Policy } = (await kit.ask(kit.admin, "GET", policyPath)).body;
  const without = { ...policy, serial: 3, keys: [publicKeyLine(ann)] };
  const rejected = await put(sealEnvelope("policy", without, [ann, ben]));
  assert.match(rejected.body.error.message, /its key must stand among keys/);
  assert.equal((await kit.ask(kit.admin, "GET", policyPath)).body.serial, 2);
});

test("a policy that was removed or exchanged in the tree is no way around it", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const one = await kit.upload("shop", "one");
  await change(kit, { kind: "freeze" }, "the sale");
  await kit.control[Symbol.asyncDispose]();
  const file = join(kit.root, "tree", "environments", "production", "policy", "1.json");
  await rm(file);
  await using again = await testControl({ root: kit.root });
  const refused = await begin(again, one);
  assert.equal(refused.status, 503);
  assert.match(refused.body.error.message, /has a policy with the serial 1, and .*1.json is gone/);
  assert.equal(agent.name, "web-1");
  again.forgive(/is gone; restore it/);
});

async function change(kit: TestControl, wanted: object, reason = ""): Promise<Said> {
  const { serial } = (await kit.ask(kit.admin, "GET", policyPath)).body;
  const said = await kit.ask(kit.admin, "POST", policyPath, { serial, change: wanted, reason });
  assert.equal(said.status, 200, JSON.stringify(said.body));
  return said;
}

function approve(
  kit: TestControl,
  token: string,
  revision: string,
  key: SecretKey,
  settings?: string,
  signed = settings,
): Promise<Said> {
  const of = { format: 1, environment: "production", service: "shop", revision } as const;
  const approval = signed === undefined ? of : { ...of, settings: signed };
  const path = `/environments/production/services/shop/approvals/${revision}`;
  const envelope = sealEnvelope("approval", approval, key);
  return kit.ask(token, "PUT", path, { envelope, ...(settings === undefined ? {} : { settings }) });
}

function begin(
  kit: TestControl,
  revision: string,
  more: object = {},
  token = kit.admin,
): Promise<Said> {
  const path = "/environments/production/services/shop/rollouts";
  return kit.ask(token, "POST", path, { revision, ...more });
}

/** Rolls it out, and waits until that has succeeded. */
async function rolled(
  kit: TestControl,
  agent: TestAgent,
  revision: string,
  more: object = {},
  token = kit.admin,
): Promise<void> {
  const begun = await begin(kit, revision, more, token);
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  for (let tries = 0; tries < 2_400; tries += 1) {
    await agent.report();
    const { body } = await kit.ask(kit.admin, "GET", `/rollouts/${begun.body.rollout.id}`);
    if (body.endedAt !== undefined) {
      assert.equal(body.state, "succeeded", body.sentence);
      return;
    }
    await wait(25);
  }
  throw new Error("it did not end");
}
