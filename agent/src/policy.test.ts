// A machine obeys the policy by itself: whoever holds the server, its key or the bucket cannot make it run what that forbids.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { makeSecretKey, publicKeyLine, type ServiceStatus } from "@stoa/deployment";
import { openMachine, type TestMachine, Tree } from "./testing/delivery.ts";

describe("a machine under a policy", () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-policy-"));
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const treeIn = (): Tree => new Tree(mkdtempSync(join(folder, "tree-")));
  const machineOf = (tree: Tree, more: Parameters<typeof openMachine>[2] = {}) =>
    openMachine(folder, tree, { targetRoot: mkdtempSync(join(folder, "machine-")), ...more });

  test("runs nothing that too few have approved, and keeps what it has", async () => {
    const tree = treeIn();
    const [ann, ben, eve] = [makeSecretKey(), makeSecretKey(), makeSecretKey()];
    const [one, two, three] = [bundle(tree, "1"), bundle(tree, "2"), bundle(tree, "3")];
    tree.assign({ shop: one });
    await using machine = await machineOf(tree);
    await runs(machine, one);
    const keys = [ann, ben].map(publicKeyLine);
    tree.decree({ rules: [{ services: ["shop"], people: [], keys, approvals: 2 }] });

    tree.approve("shop", two, ann, eve);
    tree.assign({ shop: two });
    const { running } = await refuses(
      machine,
      two,
      /has 1 of the 2 approvals that the policy of production .* stoa approve shop/,
    );
    assert.equal(running, one);
    // Somebody hands in the approval of another revision under this name.
    tree.approve("shop", three, ann, ben);
    const approvals = join(tree.folder, "environments", "production", "approvals", "shop");
    writeFileSync(join(approvals, `${two}.json`), readFileSync(join(approvals, `${three}.json`)));
    tree.assign({ shop: two });
    await refuses(machine, two, /has 0 of the 2/);

    tree.approve("shop", two, ann, ben);
    tree.assign({ shop: two });
    await runs(machine, two);
    // What ran just before may be gone back to without anybody's leave.
    tree.assign({ shop: one });
    await runs(machine, one);
  });

  test("runs no settings that nobody has approved with the revision, and goes back to those it had", async () => {
    const tree = treeIn();
    const ann = makeSecretKey();
    const [one, two] = [bundle(tree, "1"), bundle(tree, "2")];
    const keys = [publicKeyLine(ann)];
    tree.decree({ rules: [{ services: [], people: [], keys, approvals: 1 }] });
    tree.approveWith({ COLOUR: "red" }, "shop", one, ann);
    tree.assign({ shop: one }, { COLOUR: "red" });
    await using machine = await machineOf(tree);
    await runs(machine, one);
    // Whoever holds the server gives what was approved other settings, or none at all.
    for (const settings of [
      { COLOUR: "red", LD_PRELOAD: "/tmp/evil.so" },
      { COLOUR: "blue" },
      {},
    ]) {
      tree.assign({ shop: one }, settings);
      await refuses(machine, one, /has 0 of the 1 approval/);
    }
    // What was approved without settings is not approved with any.
    tree.approve("shop", two, ann);
    tree.assign({ shop: two }, { COLOUR: "blue" });
    await refuses(machine, two, /of shop with its settings \([0-9a-f]{12}\) has 0 of the 1/);
    tree.approveWith({ COLOUR: "blue" }, "shop", two, ann);
    tree.assign({ shop: two }, { COLOUR: "blue" });
    await runs(machine, two);
    tree.assign({ shop: one }, { COLOUR: "red" });
    await runs(machine, one);
  });

  test("asks again: an approval that comes later is enough, without another rollout", async () => {
    const tree = treeIn();
    const ann = makeSecretKey();
    const one = bundle(tree, "1");
    const keys = [publicKeyLine(ann)];
    tree.decree({ rules: [{ services: [], people: [], keys, approvals: 1 }] });
    tree.assign({ shop: one });
    await using machine = await machineOf(tree);
    await refuses(machine, one, /has 0 of the 1 approval/);
    tree.approve("shop", one, ann);
    await runs(machine, one);
  });

  test("takes a policy from its administrators alone, whatever the key of the server signs", async () => {
    const tree = treeIn();
    const ann = makeSecretKey();
    const [one, two] = [bundle(tree, "1"), bundle(tree, "2")];
    const keys = [publicKeyLine(ann)];
    tree.decree({
      administrators: keys,
      rules: [{ services: [], people: [], keys, approvals: 1 }],
    });
    tree.approve("shop", one, ann);
    tree.assign({ shop: one });
    await using machine = await machineOf(tree);
    await runs(machine, one);
    // Whoever holds the server lets everything pass, and names the policy in a newer index.
    tree.decree({});
    tree.assign({ shop: two });
    await decided(machine, /the policy document is not signed by a key that counts here/);
    assert.equal(tree.status("one")?.services["shop"]?.running, one);
    // An index that names no policy, or one that is not there, does not help either.
    tree.policySerial = 7;
    tree.assign({ shop: two });
    await decided(machine, /not signed by a key that counts here/);
    tree.policySerial = 0;
    tree.assign({ shop: two });
    await refuses(machine, two, /has 0 of the 1 approval/);
    // The administrator's word counts.
    tree.policySerial = 1;
    tree.decree({ administrators: keys }, ann);
    tree.assign({ shop: two });
    await runs(machine, two);
  });

  test("believes indexes that the keys in the policy have signed, and no others", async () => {
    const tree = treeIn();
    const old = tree.key;
    const renewed = makeSecretKey();
    const [one, two] = [bundle(tree, "1"), bundle(tree, "2")];
    tree.assign({ shop: one });
    await using machine = await machineOf(tree);
    await runs(machine, one);
    tree.decree({ keys: [publicKeyLine(renewed)] });
    tree.assign({ shop: two }, {}, old);
    await decided(
      machine,
      new RegExp(`environment document is not signed by a key .* of ${renewed.id}`),
    );
    tree.assign({ shop: two }, {}, renewed);
    await runs(machine, two);
    // It is taken up again after a restart.
    await machine.stopAgent();
    await using again = await machine.anotherAgent();
    await again.until("shop", ({ state, running }) => state === "running" && running === two);
  });

  test("frozen: begins nothing new but what was let pass; goes back; a machine that joins gets what runs", async () => {
    const tree = treeIn();
    const ids = ["1", "2", "3", "4"].map((version) => bundle(tree, version));
    const [one = "", two = "", three = "", four = ""] = ids;
    tree.assign({ shop: one });
    await using machine = await machineOf(tree);
    await runs(machine, one);
    const since = new Date().toISOString();
    const freeze = {
      reason: "the sale",
      since,
      services: [],
      runs: { shop: [one, two] },
      overrides: [],
    };
    tree.decree({ freeze });
    tree.assign({ shop: three });
    const { running } = await refuses(
      machine,
      three,
      /production is frozen since .* \(the sale\), .* stoa policy override shop/,
    );
    assert.equal(running, one);
    tree.assign({ shop: two });
    await runs(machine, two);
    await using late = await machineOf(tree, { machine: "two" });
    await tree.until("two", "shop", ({ state, running: id }) => state === "running" && id === two);
    assert.ok(late.decisions.some((said) => /serial 1 holds; frozen: the sale/.test(said)));

    const override = { service: "shop", revision: four, by: "ann", reason: "a leak", at: since };
    tree.decree({ freeze: { ...freeze, overrides: [override] } });
    tree.assign({ shop: four });
    await runs(machine, four);
    tree.decree({ freeze: { ...freeze, until: since } });
    tree.assign({ shop: three });
    await runs(machine, three);
  });

  test("remembers the policy: what is put back in the tree, or taken away, changes nothing", async () => {
    const tree = treeIn();
    const [one, two] = [bundle(tree, "1"), bundle(tree, "2")];
    tree.assign({ shop: one });
    await using machine = await machineOf(tree);
    await runs(machine, one);
    tree.decree({});
    tree.decree({ notAfter: new Date(Date.now() - 1).toISOString() });
    tree.assign({ shop: two });
    await refuses(machine, two, /expired at .*stoa policy renew -e production/);
    await machine.stopAgent();
    rmSync(join(tree.folder, "environments", "production", "policy"), { recursive: true });
    tree.policySerial = 1;
    tree.assign({ shop: two });
    await using again = await machine.anotherAgent();
    const { sentence } = await again.until("shop", ({ state }) => state === "failed");
    assert.match(sentence, /expired at/);
    assert.ok(existsSync(join(machine.root, "status", "policy.json")));
  });

  test("that was told a key when it joined begins nothing before that key has signed a policy", async () => {
    const tree = treeIn();
    const ann = makeSecretKey();
    const one = bundle(tree, "1");
    tree.assign({ shop: one });
    await using machine = await machineOf(tree, { policyKeys: [ann] });
    await refuses(
      machine,
      one,
      new RegExp(`runs nothing new before it has a policy of production that ${ann.id} signed`),
    );
    tree.decree({});
    tree.assign({ shop: one });
    await refuses(machine, one, /runs nothing new before/);
    tree.decree({}, ann);
    tree.assign({ shop: one });
    await runs(machine, one);
  });

  test("says that its remembered policy is damaged instead of forgetting it", async () => {
    const tree = treeIn();
    const one = bundle(tree, "1");
    tree.decree({});
    tree.assign({ shop: one });
    await using machine = await machineOf(tree);
    await runs(machine, one);
    await machine.stopAgent();
    const file = join(machine.root, "status", "policy.json");
    writeFileSync(file, readFileSync(file, "utf8").replace("production", "protection"));
    const again = await machine.anotherAgent();
    await assert.rejects(
      again.stopAgent(),
      /policy.json is refused: .* shall forget which policies/,
    );
  });
});

/** A bundle whose scripts do nothing: what matters here is whether it is begun. */
function bundle(tree: Tree, version: string): string {
  return tree.publishBundle("shop", version, {
    "appspec.yml": "version: 0.0\nos: linux\n",
    "version.txt": version,
  });
}

async function runs(machine: TestMachine, revision: string): Promise<void> {
  await machine.until(
    "shop",
    ({ state, running, desired }) =>
      state === "running" && running === revision && desired === revision,
  );
}

/** Waits until the machine has refused a revision in these words. */
async function refuses(
  machine: TestMachine,
  revision: string,
  pattern: RegExp,
): Promise<ServiceStatus> {
  return await machine.until(
    "shop",
    ({ state, desired, sentence }) =>
      state === "failed" && desired === revision && pattern.test(sentence),
  );
}

async function decided(machine: TestMachine, pattern: RegExp): Promise<void> {
  const known = machine.decisions.length;
  for (let tries = 0; tries < 3_000; tries += 1) {
    if (machine.decisions.slice(Math.max(0, known - 1)).some((said) => pattern.test(said))) return;
    await wait(20);
  }
  throw new Error(`it did not decide ${pattern}: ${machine.decisions.join("\n")}`);
}
