// Policies as people use them: frozen environments, approvals, administrators with keys, and a server that was broken into.
import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  type EnvironmentIndex,
  openEnvelope,
  parseSecretKey,
  sealEnvelope,
} from "@stoa/deployment";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, greeter, startDelivery } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";

const skip = goIsMissing();

test("a frozen environment refuses what is new, goes back, and lets pass what an administrator answers for", {
  skip,
}, async () => {
  await using delivery = await startDelivery();
  await delivery.join("web-1");
  assert.match(await delivery.succeed("policy"), /^production has no policy/);
  for (const greeting of ["one", "two"]) await deployed(delivery, greeting);
  await refused(delivery, /this needs a reason/, "policy", "freeze");
  assert.match(
    await delivery.succeed("policy", "freeze", "--reason", "the sale"),
    /frozen since .*, everything: the sale/,
  );

  await delivery.write(greeter("three"));
  await refused(
    delivery,
    /production is frozen since .* \(the sale\), .*stoa policy override greeter .*stoa policy thaw/,
    "deploy",
  );
  await delivery.succeed("rollback", "greeter", "--reason", "two is broken");
  await serves(delivery, "one");
  await delivery.succeed("deploy", "--override", "the till does not open");
  await serves(delivery, "three");
  assert.match(
    await delivery.succeed("policy"),
    /greeter [0-9a-f]{12} passes all the same, by admin at .*: the till does not open/,
  );
  assert.match(
    await delivery.succeed("audit"),
    /admin {2}policy.override {2}production {2}.*reason="the till does not open"/,
  );
  await delivery.succeed("policy", "thaw");
  await deployed(delivery, "four");
  assert.match(await delivery.succeed("audit", "verify"), /in order/);
});

test("machines run what was approved, and nothing else, also when the server itself says so", {
  skip,
}, async () => {
  await using delivery = await startDelivery();
  await delivery.join("web-1");
  await deployed(delivery, "one");
  const approver = (await delivery.succeed("key", "make", "ann.key")).trim();
  const administrator = (await delivery.succeed("key", "make", "admin.key")).trim();
  await delivery.write({
    "policy.toml": `administrators = ["${administrator}"]

[[rules]]
services = ["greeter"]
keys = ["${approver}"]
`,
  });
  const set = await delivery.stoa("policy", "set", "policy.toml", "--reason", "keys of our own");
  assert.match(set.stdout, /greeter: whoever has the role deploy; 1 of [0-9A-F]{16} must approve/);
  assert.match(set.stderr, /! greeter runs .* has 0 of the 1 approval/);
  await delivery.succeed("approve", "greeter", "--key", "ann.key");
  assert.doesNotMatch((await delivery.stoa("policy")).stderr, /greeter runs/);

  await delivery.write(greeter("two"));
  await refused(delivery, /has 0 of the 1 approval .*stoa approve greeter/, "deploy");
  await refused(
    delivery,
    /not signed by a key that may approve greeter/,
    ...["deploy", "--key", "admin.key"],
  );
  await delivery.succeed("deploy", "--key", "ann.key");
  await serves(delivery, "two");

  // Settings are a part of what is approved.
  await delivery.succeed("env", "set", "COLOUR=red", "--service", "greeter");
  await refused(delivery, /of greeter with its settings .* has 0 of the 1 approval/, "deploy");
  const [{ revision }] = JSON.parse(await delivery.succeed("list", "--json"));
  await serves(delivery, "two");
  const { stderr } = await delivery.stoa("approve", "greeter", revision, "--key", "ann.key");
  assert.match(stderr, /greeter .* with the settings COLOUR has 1 of 1 approvals/);
  await delivery.succeed("deploy");
  await serves(delivery, "two", "red");
  await delivery.succeed("env", "unset", "COLOUR", "--service", "greeter");
  await delivery.succeed("deploy");
  await serves(delivery, "two");

  await refused(
    delivery,
    /1 of the administrators of production .* add --key FILE/,
    ...["policy", "freeze", "--reason", "the sale"],
  );
  const freeze = ["policy", "freeze", "--reason", "the sale"];
  await delivery.succeed(...freeze, "--save", "next.json");
  await refused(delivery, /must sign it/, "policy", "publish", "next.json");
  await delivery.succeed(
    "policy",
    "publish",
    "next.json",
    "--key",
    "admin.key",
    "--reason",
    "sale",
  );
  await delivery.succeed("policy", "thaw", "--key", "admin.key");

  // Whoever holds the server has its key, and writes into the index what was never approved.
  await delivery.write(greeter("three"));
  await refused(delivery, /has 0 of the 1 approval/, "deploy");
  await delivery.killControl();
  const forged = await forgedIndex(delivery);
  await delivery.startControl();
  const why = await until("web-1 to refuse it", async () => {
    const { stdout } = await delivery.stoa("why", "web-1");
    return stdout.includes(forged.slice(0, 12)) && /greeter: failed/.test(stdout) && stdout;
  });
  assert.match(why, /has 0 of the 1 approval that the policy of production/);
  await serves(delivery, "two");
});

async function deployed(delivery: Delivery, greeting: string): Promise<void> {
  await delivery.write(greeter(greeting));
  await delivery.succeed("deploy");
  await serves(delivery, greeting);
}

async function serves(delivery: Delivery, greeting: string, colour = ""): Promise<void> {
  const services: readonly { readonly url?: string }[] = JSON.parse(
    await delivery.succeed("list", "--json"),
  );
  const url = services[0]?.url;
  assert.ok(url);
  assert.equal((await ask(url)).text, `${greeting} ${colour}\n`);
}

async function refused(
  delivery: Delivery,
  pattern: RegExp,
  ...words: readonly string[]
): Promise<void> {
  const { code, stderr } = await delivery.stoa(...words);
  assert.equal(code, 1, words.join(" "));
  assert.match(stderr, pattern);
  assert.doesNotMatch(stderr, /\n\s+at /);
}

/** Makes the index name the revision that was uploaded last, under the server's own key; gives its id. */
async function forgedIndex({ controlRoot }: Delivery): Promise<string> {
  const key = parseSecretKey(await readFile(join(controlRoot, "keys", "signing.key"), "utf8"));
  const path = join(controlRoot, "tree", "environments", "production", "index.json");
  const opened = openEnvelope(await readFile(path, "utf8"), {
    kind: "environment",
    keys: [key],
    nowMs: 0,
  });
  assert.ok("document" in opened);
  const { document: index } = opened;
  const assignment = index.services["greeter"];
  assert.ok(assignment);
  const folder = join(controlRoot, "tree", "revisions", "greeter");
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => ({
      name,
      at: (await stat(join(folder, name))).mtimeMs,
    })),
  );
  const newest = files.toSorted((one, other) => other.at - one.at)[0]?.name ?? "";
  const revision = newest.replace(/\.json$/, "");
  const serial = index.serial + 1;
  const forged: EnvironmentIndex = {
    ...index,
    serial,
    services: { greeter: { ...assignment, rollout: "forged", serial, revision } },
  };
  await writeFile(path, sealEnvelope("environment", forged, key));
  return revision;
}
