// Settings: sealed wherever they are kept, opened when the service starts, and sealed anew with another key.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { greeter, startDelivery } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { entriesBelow, nothingIfGone } from "./testing/live-folder.ts";

const skip = goIsMissing();
const value = "azure-f3e1b7";

test("a setting is in no document and no file of the control plane, and reaches the service", {
  skip,
}, async () => {
  await using delivery = await startDelivery();
  const machine = await delivery.join("web-1");
  await delivery.write(greeter("sky"));
  await delivery.succeed("env", "set", "--service", "greeter", `COLOUR=${value}`);
  const url = (await delivery.succeed("deploy")).trim();
  assert.equal((await ask(url)).text, `sky ${value}\n`);
  assert.deepEqual(await filesWith(delivery.controlRoot, value), []);
  // What starts services, also without the agent, must have it; the folder is for root alone.
  const onMachine = await filesWith(machine.root, value);
  assert.notDeepEqual(onMachine, []);
  assert.deepEqual(
    onMachine.filter((path) => !path.startsWith(join(machine.root, "keeper"))),
    [],
  );

  // Set again as it is, nothing is new.
  await delivery.succeed("env", "set", "--service", "greeter", `COLOUR=${value}`);
  assert.match((await delivery.stoa("deploy")).stderr, /is what production runs already/);

  const before = await delivery.succeed("env", "key");
  assert.match(await stderrOf(delivery.stoa("env", "rotate")), /greeter are sealed with a new key/);
  const after = await delivery.succeed("env", "key");
  assert.equal(after.split("\n").length, before.split("\n").length + 1);
  const again = (await delivery.succeed("deploy")).trim();
  assert.equal((await ask(again)).text, `sky ${value}\n`);
  const kept = await readFile(join(machine.root, "keys", "settings.keys"), "utf8");
  assert.equal(kept, after);
  assert.deepEqual(await filesWith(delivery.controlRoot, value), []);
});

test("a machine without the key refuses the setting in a sentence; the old version serves on", {
  skip,
}, async () => {
  await using delivery = await startDelivery();
  await delivery.join("web-1");
  await delivery.write(greeter("sky"));
  const url = (await delivery.succeed("deploy")).trim();
  const tree = join(delivery.controlRoot, "tree");
  const server = JSON.parse(await delivery.succeed("key", "--json"));
  const words = ["--from", tree, "--environment", "production", "--key", server.rootKey];
  const stranger = delivery.start("web-2", words, {});
  const statusOf = async () =>
    JSON.parse(await readFile(join(stranger.root, "status", "status.json"), "utf8")).services
      .greeter;
  await until("web-2 to run it", async () => (await statusOf().catch(() => undefined))?.running);
  await delivery.succeed("env", "set", "--service", "greeter", `COLOUR=${value}`);
  await delivery.succeed("deploy");
  assert.equal((await ask(url)).text, `sky ${value}\n`);
  const refused = await until("web-2 to refuse it", async () => {
    const status = await statusOf();
    return /is sealed with the key/.test(status.sentence) && status;
  });
  assert.match(refused.sentence, /stoa env key/);
  const keys = (await delivery.succeed("env", "key")).trim();
  const informed = delivery.start("web-3", words, { STOA_SETTINGS_KEYS: keys });
  await until("web-3 to run it", async () => {
    const path = join(informed.root, "status", "status.json");
    const text = await readFile(path, "utf8").catch(() => "{}");
    return JSON.parse(text).services?.greeter?.state === "running";
  });
});

async function stderrOf(finished: Promise<{ readonly stderr: string }>): Promise<string> {
  return (await finished).stderr;
}

/** The files below a folder that hold the text. Its owner is at work: what is gone when its turn comes was passing by. */
async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const entries = (await entriesBelow(folder)).filter((entry) => entry.isFile());
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path).catch(nothingIfGone<number>);
      return Buffer.from(bytes).includes(text) ? [path] : [];
    }),
  );
  return found.flat();
}
