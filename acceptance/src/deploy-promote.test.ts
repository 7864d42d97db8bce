// Environments: what one runs is promoted to the next, the very same bytes, and nothing else can be.
import assert from "node:assert/strict";
import { test } from "node:test";
import { greeter, startDelivery } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";

test("stoa promote brings what staging runs to production, and refuses what staging does not run", {
  skip: goIsMissing(),
}, async () => {
  await using delivery = await startDelivery();
  await delivery.join("test-1", "role=web", { environment: "staging" });
  await delivery.join("web-1", "role=web");
  const refused = await delivery.stoa(
    "promote",
    "greeter",
    "--from",
    "staging",
    "--to",
    "production",
  );
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /greeter does not run in staging; stoa list/);

  await delivery.write(greeter("one"));
  await delivery.succeed("env", "set", "-e", "staging", "--service", "greeter", "COLOUR=grey");
  await delivery.succeed("deploy", "-e", "staging", "--label", "1.1", "--tags", "role=web");
  const words = ["promote", "greeter", "--from", "staging", "--to", "production"];
  const first = await delivery.stoa(...words, "--reason", "tested");
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^http:\/\/localhost:[0-9]+\n$/);
  assert.match(first.stderr, /production has no setting COLOUR, which staging has/);
  assert.equal((await ask(first.stdout.trim())).text, "one \n");
  const services = JSON.parse(await delivery.succeed("list", "--json"));
  assert.equal(services.length, 2);
  assert.equal(services[0].revision, services[1].revision);
  const [promotion] = JSON.parse(await delivery.succeed("history", "greeter", "--json"));
  assert.deepEqual(
    [promotion.kind, promotion.environment, promotion.version, promotion.reason],
    ["promotion", "production", "1.1", "tested"],
  );

  // What only production runs cannot be said to come from staging.
  await delivery.write(greeter("two"));
  await delivery.succeed("deploy", "--label", "1.2");
  const { revision } = JSON.parse(await delivery.succeed("list", "-e", "production", "--json"))[0];
  const token = (await delivery.succeed("token", "create", "ci", "--role", "deploy")).trim();
  const answer = await fetch(
    `${delivery.url}/api/v1/environments/production/services/greeter/rollouts`,
    {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify({ revision, from: "staging" }),
    },
  );
  assert.equal(answer.status, 409);
  assert.match(await answer.text(), /cannot be promoted from staging, which runs/);
  assert.match(await delivery.succeed("audit"), /rollout\.promotion/);
});
