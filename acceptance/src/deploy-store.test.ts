// A machine that reads the documents itself and never speaks to the control plane takes part in rollouts, once its key is known.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseSecretKey, publicKeyLine } from "@stoa/deployment";
import { until } from "./testing/bounded-wait.ts";
import { greeter, startDelivery } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";

interface ShownMachine {
  readonly machine: string;
  readonly reachable: boolean;
  readonly via?: string;
  readonly tags: Readonly<Record<string, string>>;
}

test("a machine that reports into the store is shown, rolled out to, and asked why", {
  skip: goIsMissing(),
}, async () => {
  await using delivery = await startDelivery();
  await delivery.join("web-1");
  const tree = join(delivery.controlRoot, "tree");
  const root = (await delivery.succeed("key")).trim();
  const words = ["--from", tree, "--environment", "production", "--key", root, "--tag", "role=web"];
  const machine = delivery.start("web-9", words, {});
  const key = await until("the key of web-9", async () => {
    const text = await readFile(join(machine.root, "keys", "machine.key"), "utf8").catch(() => "");
    return text !== "" && publicKeyLine(parseSecretKey(text));
  });
  await delivery.succeed("machines", "add", "web-9", "--key", key);
  await until("web-9 to be heard", async () => {
    const shown: readonly ShownMachine[] = JSON.parse(await delivery.succeed("machines", "--json"));
    const found = shown.find((one) => one.machine === "web-9");
    return found?.reachable === true && found.via === "store" && found.tags["role"] === "web";
  });

  await delivery.write(greeter("hello"));
  const deployed = await delivery.stoa("deploy", "--strategy", "all-at-once");
  assert.equal(deployed.code, 0, deployed.stderr);
  assert.match(deployed.stderr, /runs on 2 machines of production/);
  const status = await delivery.succeed("status", "greeter");
  assert.match(status, /web-1/);
  assert.match(status, /web-9/);
  assert.match(
    await delivery.succeed("why", "web-9"),
    /^web-9 in production, heard .* ago in the store/,
  );

  await delivery.succeed("machines", "remove", "web-9");
  assert.doesNotMatch(await delivery.succeed("machines"), /web-9/);
});
