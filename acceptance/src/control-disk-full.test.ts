// The disk of the control plane runs full: what cannot be kept is refused in a sentence, and nothing that runs notices.
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, greeter, startDelivery } from "./testing/delivery.ts";
import type { FinishedProgram } from "./testing/finished-program.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { type SmallDisk, smallDisk, smallDiskIsMissing } from "./testing/small-disk.ts";

const skip = goIsMissing() || smallDiskIsMissing();

test("no room at all: a deployment is refused in a sentence, services run on, and with room it goes on by itself", {
  skip,
}, async () => {
  await using disk = await smallDisk(96 << 20);
  await using delivery = await startDelivery({ kept: disk.path });
  await delivery.join("web-1");
  await delivery.write(greeter("one"));
  const url = await delivery.succeed("deploy");

  await disk.fill();
  await delivery.write(greeter("two"));
  const refused = await delivery.stoa("deploy");
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(lastLine(refused), /for want of room: .*; make room there and ask again/);
  assert.doesNotMatch(refused.stderr, /\n\s+at /);
  const setting = await delivery.stoa("env", "set", "COLOUR=red", "--service", "greeter");
  assert.equal(setting.code, 1);
  assert.match(lastLine(setting), /for want of room: /);

  // Whoever only looks is answered, and machines are heard.
  assert.equal(await answerOf(url), "one \n");
  const [machine] = JSON.parse(await delivery.succeed("machines", "--json"));
  assert.equal(machine.reachable, true);
  assert.equal(await stateOf(delivery), "running");

  await disk.makeRoom();
  await delivery.succeed("deploy");
  assert.equal(await answerOf(url), "two \n");
  assert.match(await delivery.succeed("audit", "verify"), /in order/);
});

test("full while a rollout runs: it waits, and ends when there is room; another start finds everything whole", {
  skip,
}, async () => {
  await using disk = await smallDisk(96 << 20);
  await using delivery = await startDelivery({ kept: disk.path });
  await delivery.joinAll(["web-1", "web-2"]);
  await delivery.write(greeter("one"));
  await delivery.succeed("deploy");
  await delivery.write(greeter("two"));
  const rollout = (
    await delivery.succeed("deploy", "--strategy", "one-at-a-time", "--bake", "5", "--detach")
  ).trim();
  await disk.fill();
  const { output, end } = delivery.stay(["watch", rollout], {});
  await until("both to be heard with a full disk", async () => {
    const machines = JSON.parse(await delivery.succeed("machines", "--json"));
    return machines.every(({ reachable }: { reachable: boolean }) => reachable);
  });
  assert.equal(await stateOf(delivery, "endedAt"), undefined, output());
  await disk.makeRoom();
  await delivery.succeed("watch", rollout);
  await end();
  assert.match(await delivery.succeed("audit", "verify"), /in order/);
  await delivery.killControl();
  await delivery.startControl();
  const [{ state }] = JSON.parse(await delivery.succeed("history", "greeter", "--json"));
  assert.equal(state, "succeeded");
  assert.match(await delivery.succeed("audit", "verify"), /in order/);
});

test("room for some documents and not for others: each is whole or absent, and the audit log has no gap", {
  skip,
}, async () => {
  await using disk = await smallDisk(96 << 20);
  await using delivery = await startDelivery({ kept: disk.path });
  await delivery.join("web-1");
  await delivery.write(greeter("one"));
  const url = await delivery.succeed("deploy");
  for (const pages of [1, 2, 3, 5, 8, 12]) {
    await leaveRoom(disk, pages);
    const set = await delivery.stoa("env", "set", `COLOUR=${pages}`, "--service", "greeter");
    const deployed = await delivery.stoa("deploy", "--detach");
    for (const said of [set, deployed]) {
      assert.doesNotMatch(said.stderr, /\n\s+at |internal/);
      if (said.code !== 0) assert.match(lastLine(said), /want of room|runs since/);
    }
    await disk.makeRoom();
    await until("the rollout to end", async () => {
      const rollouts = JSON.parse(await delivery.succeed("history", "greeter", "--json"));
      return rollouts.every(({ endedAt }: { endedAt?: string }) => endedAt !== undefined);
    });
    await delivery.succeed("env", "set", `COLOUR=${pages}`, "--service", "greeter");
    await delivery.succeed("deploy");
    assert.equal(await answerOf(url), `one ${pages}\n`);
    assert.match(await delivery.succeed("audit", "verify"), /in order/, `${pages} pages`);
  }
});

/** Leaves room for so many pages of 4 KiB. */
async function leaveRoom(disk: SmallDisk, pages: number): Promise<void> {
  const spare = join(disk.path, "spare");
  await writeFile(spare, Buffer.alloc(pages * 4096));
  await disk.fill();
  await rm(spare);
}

function lastLine({ stderr }: FinishedProgram): string {
  return stderr.trimEnd().split("\n").at(-1) ?? "";
}

async function stateOf(delivery: Delivery, member = "state"): Promise<unknown> {
  const [first] = JSON.parse(
    await delivery.succeed(...(member === "state" ? ["list"] : ["history", "greeter"]), "--json"),
  );
  return first[member];
}

async function answerOf(url: string): Promise<string> {
  return await (await fetch(url.trim())).text();
}
