import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { sha256Hex } from "@stoa/deployment";
import { type TestAgent, type TestControl, testControl } from "../testing/agent-stand-in.ts";
import { manualClock } from "../testing/manual-clock.ts";

const hour = 3_600_000;

test("retention keeps what runs and the nine that held before it, and for six hours what was uploaded", async () => {
  const clock = manualClock(Date.now());
  await using kit = await testControl({ clock });
  const agent = await kit.join("web-1");
  const ids: string[] = [];
  for (let number = 1; number <= 12; number += 1) {
    clock.turn(1);
    ids.push(await deployed(kit, agent, `content ${number}`));
  }
  const unused = await kit.upload("shop", "uploaded only");
  for (let looks = 0; looks < 6; looks += 1) {
    clock.turn(hour);
    await kit.control.upkeep();
  }
  assert.deepEqual(await kept(kit, [...ids, unused]), [...ids, unused]);
  clock.turn(hour);
  await kit.control.upkeep();
  assert.deepEqual(await kept(kit, [...ids, unused]), ids.slice(2));
  for (let looks = 0; looks < 7; looks += 1) {
    clock.turn(hour);
    await kit.control.upkeep();
  }
  const contents = ["content 2", "content 3", "uploaded only"].map((content) => sha256Hex(content));
  const { body } = await kit.ask(kit.admin, "POST", "/blobs/missing", { sha256: contents });
  assert.deepEqual(body.sha256, [contents[0], contents[2]]);
});

async function deployed(kit: TestControl, agent: TestAgent, content: string): Promise<string> {
  const revision = await kit.upload("shop", content);
  const path = "/environments/production/services/shop/rollouts";
  const { rollout } = (await kit.ask(kit.admin, "POST", path, { revision })).body;
  for (let tries = 0; tries < 6_000; tries += 1) {
    await agent.report();
    const { body } = await kit.ask(kit.admin, "GET", `/rollouts/${rollout.id}`);
    if (body.state === "succeeded") return revision;
    await wait(10);
  }
  throw new Error(`${content} was not deployed`);
}

async function kept(kit: TestControl, ids: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const id of ids) {
    const { status } = await kit.ask(kit.admin, "GET", `/services/shop/revisions/${id}`);
    if (status === 200) found.push(id);
  }
  return found;
}
