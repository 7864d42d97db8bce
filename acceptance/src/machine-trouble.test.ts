// Machines whose disk is full, or whose clock is wrong.
import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, greeter, startDelivery } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { replaceFile } from "./testing/replaced-file.ts";
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
  const { code, stderr } = await delivery.stoa("deploy", "--label", "2");
  assert.equal(code, 1, stderr);
  assert.match(
    stderr.trimEnd().split("\n").at(-1) ?? "",
    /greeter 2 does not run in production: web-1 failed: greeter 2: there is no room for its files in \/.*\/services\/greeter: [0-9]+ MiB are needed and 0 are free; free [0-9]+ MiB there and deploy again, nothing was touched/,
  );
  assert.match(await delivery.succeed("why", "web-1"), /there is no room for its files/);
  assert.equal(await answerOf(url), "one \n");
  await disk.makeRoom();
  await until("the old version to be what runs", async () => {
    const [{ state }] = JSON.parse(await delivery.succeed("list", "--json"));
    return state === "running";
  });
  await delivery.succeed("deploy");
  assert.equal(await answerOf(url), "two \n");
});

test("clocks that are off by a day do no harm; one that is years ahead believes no document, and says so", {
  skip: goIsMissing(),
}, async () => {
  await using delivery = await startDelivery();
  const machines = [
    await delivery.join("early", "", { inside: await clockOf(delivery, "early", -1) }),
    await delivery.join("late", "", { inside: await clockOf(delivery, "late", 1) }),
  ];
  await delivery.write(greeter("one"));
  await delivery.succeed("deploy");
  await delivery.write(greeter("two"));
  const url = await delivery.succeed("deploy", "--strategy", "all-at-once");
  assert.deepEqual(await states(delivery), ["running", "running"]);
  assert.equal(await answerOf(url), "two \n");

  // Both clocks are set while the next version is on its way, to where the other one was.
  await delivery.write(greeter("three"));
  const rollout = (await delivery.succeed("deploy", "--bake", "2", "--detach")).trim();
  await setClock(delivery, "early", 1);
  await setClock(delivery, "late", -1);
  await delivery.succeed("watch", rollout);
  assert.deepEqual(await states(delivery), ["running", "running"]);

  // An index is good for ninety days. Beyond them nothing new is believed, and nothing old is given up.
  for (const name of ["early", "late"]) await setClock(delivery, name, 91);
  await delivery.write(greeter("four"));
  const { code, stderr } = await delivery.stoa("deploy", "--patience", "6");
  assert.equal(code, 1, stderr);
  for (const { name } of machines) {
    await until(`${name} to say why it runs nothing new`, async () =>
      /expired at .*; a new one must be signed, or the clock set right/.test(
        await delivery.succeed("why", name),
      ),
    );
  }
  assert.equal(await answerOf(url), "three \n");
  for (const name of ["early", "late"]) await setClock(delivery, name, 0);
  await delivery.succeed("deploy", "--label", "again");
  assert.equal(await answerOf(url), "four \n");

  await delivery.join("future", "role=odd", { inside: await clockOf(delivery, "future", 3_650) });
  await until("the machine to say why it runs nothing", async () =>
    /expired at/.test(await delivery.succeed("why", "future")),
  );
  const odd = await delivery.stoa("deploy", "--tags", "role=odd", "--patience", "4");
  assert.equal(odd.code, 1);
});

/** The words of a Node whose time of day is so many days ahead, until `setClock` sets it elsewhere. */
async function clockOf(delivery: Delivery, name: string, days: number): Promise<readonly string[]> {
  const file = clockFile(delivery, name);
  await setClock(delivery, name, days);
  const script = `import { readFileSync } from "node:fs";
  const Real = Date;
  const ahead = () => Number(readFileSync(${JSON.stringify(file)}, "utf8")) * 86_400_000;
  globalThis.Date = class extends Real {
    constructor(...words) { if (words.length === 0) super(Real.now() + ahead()); else super(...words); }
    static now() { return Real.now() + ahead(); }
  };`;
  const url = `data:text/javascript,${encodeURIComponent(script)}`;
  return ["env", `NODE_OPTIONS=--import=${url}`];
}

async function setClock(delivery: Delivery, name: string, days: number): Promise<void> {
  await replaceFile(clockFile(delivery, name), String(days));
}

function clockFile({ project }: Delivery, name: string): string {
  return join(project, "..", `clock-${name}`);
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
