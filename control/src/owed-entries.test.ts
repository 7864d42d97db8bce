// The audit log's entry for the end of a rollout: owed until it is written, and never written twice.
import assert from "node:assert/strict";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { type TestControl, testControl } from "./testing/agent-stand-in.ts";

test("a rollout's end that could not be written down is written by the next control plane, once", async () => {
  await using kit = await testControl();
  kit.forgive(/audit/);
  const agent = await kit.join("web-1");
  const revision = await kit.upload("shop", "one");
  const path = "/environments/production/services/shop/rollouts";
  const { id } = (await kit.ask(kit.admin, "POST", path, { revision })).body.rollout;
  const { last } = (await kit.ask(kit.admin, "GET", "/audit")).body;
  // Where the next entry belongs nothing can be written.
  const blocked = join(kit.root, "tree", "audit", `${last + 1}.json`);
  await mkdir(join(blocked, "x"), { recursive: true });
  await until(async () => {
    await agent.report();
    const { body: rollout } = await kit.ask(kit.admin, "GET", `/rollouts/${id}`);
    return rollout.endedAt !== undefined && kit.failures.length > 0;
  });
  await kit.control[Symbol.asyncDispose]();
  const document = join(kit.root, "tree", "rollouts", `${id}.json`);
  const owing = join(kit.root, "owing.json");
  await copyFile(document, owing);
  await rm(blocked, { recursive: true });
  assert.deepEqual(await endsAfterRestart(kit), [id]);

  // Killed when the entry was written, and before the rollout could say so.
  await copyFile(owing, document);
  assert.deepEqual(await endsAfterRestart(kit), [id]);
});

/** The rollouts of whose end the log speaks, when another control plane has made up for everything. */
async function endsAfterRestart({ root }: TestControl): Promise<readonly string[]> {
  await using kit = await testControl({ root });
  await kit.token({ kind: "person", name: "ann", role: "read" });
  return await until(async () => {
    const { entries, alarms } = (await kit.ask(kit.admin, "GET", "/audit")).body;
    assert.deepEqual(alarms, []);
    const ends = entries.flatMap((text: string) => {
      const { action, details } = JSON.parse(JSON.parse(text).document);
      return action === "rollout.end" ? [details.rollout] : [];
    });
    // The next rollout begins with what the last one owes.
    await kit.ask(kit.admin, "POST", "/environments/production/services/shop/rollouts", {
      revision: "0".repeat(64),
    });
    return ends.length > 0 && ends;
  });
}

async function until<T>(found: () => Promise<T | false>): Promise<T> {
  for (let tries = 0; tries < 600; tries += 1) {
    const one = await found();
    if (one !== false) return one;
    await wait(50);
  }
  throw new Error("it never came to be");
}
