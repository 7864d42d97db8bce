// Machines whose disk is full, or whose clock is wrong.
import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, greeter, startDelivery } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { smallDisk, smallDiskIsMissing } from "./testing/small-disk.ts";

test("a full disk: the old version serves on, it is said that there is no room, and with room it goes on", {
  skip: goIsMissing() || smallDiskIsMissing(),
}, async () => {
  await using disk = await smallDisk(96 << 20);
  await using delivery = await startDelivery();
  const machines = join(delivery.project, "..", "machines");
  await mkdir(machines, { recursive: true });
  await symlink(disk.path, join(machines, "web-1"));
  await delivery.join("web-1");
  await delivery.write(greeter("one"));
  const url = await delivery.succeed("deploy");

  await disk.fill();
  await delivery.write(greeter("two"));
  const { code, stderr } = await delivery.stoa("deploy", "--patience", "5");
  assert.equal(code, 1, stderr);
  assert.match(await delivery.succeed("why", "web-1"), /there is no room for .*; free some/);
  assert.equal(await answerOf(url), "one \n");
  await disk.makeRoom();
  await until("the old version to be what runs", async () => {
    const [{ state }] = JSON.parse(await delivery.succeed("list", "--json"));
    return state === "running";
  });
  await delivery.succeed("deploy");
  assert.equal(await answerOf(url), "two \n");
});

test("clocks that are an hour off do no harm; one that is years ahead believes no document, and says so", {
  skip: goIsMissing(),
}, async () => {
  await using delivery = await startDelivery();
  await delivery.join("early", "", clockOff(-3_600));
  await delivery.join("late", "", clockOff(3_600));
  await delivery.write(greeter("one"));
  await delivery.succeed("deploy");
  await delivery.write(greeter("two"));
  await delivery.succeed("deploy", "--strategy", "all-at-once");
  assert.deepEqual(await states(delivery), ["running", "running"]);

  await delivery.join("future", "role=odd", clockOff(10 * 365 * 86_400));
  await until("the machine to say why it runs nothing", async () =>
    /expired|not valid|over since|until/.test(await delivery.succeed("why", "future")),
  );
  await delivery.write(greeter("three"));
  const { code } = await delivery.stoa("deploy", "--tags", "role=odd", "--patience", "4");
  assert.equal(code, 1);
});

/** A Node whose time of day is so many seconds ahead. */
function clockOff(seconds: number): readonly string[] {
  const script = `const Real = Date; globalThis.Date = class extends Real {
    constructor(...words) { if (words.length === 0) super(Real.now() + ${seconds * 1000}); else super(...words); }
    static now() { return Real.now() + ${seconds * 1000}; }
  };`;
  const url = `data:text/javascript,${encodeURIComponent(script)}`;
  return ["env", `NODE_OPTIONS=--import=${url}`];
}

async function states(delivery: Delivery): Promise<readonly string[]> {
  const machines = JSON.parse(await delivery.succeed("machines", "--json"));
  return machines.map(
    ({ services }: { services: Record<string, { state: string } | undefined> }) =>
      services["greeter"]?.state ?? "absent",
  );
}

async function answerOf(url: string): Promise<string> {
  return await (await fetch(url.trim())).text();
}
