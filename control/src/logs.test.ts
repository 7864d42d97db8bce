// Log lines: whoever reads slowly, and whoever writes too much, makes nothing grow without end.
import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type TestAgent, type TestControl, testControl } from "./testing/agent-stand-in.ts";
import { manualClock } from "./testing/manual-clock.ts";

test("a follower that does not read misses lines, and is told how many; who reads misses none", async () => {
  await using kit = await testControl();
  const agent = await deployed(kit);
  await using slow = await follow(kit);
  assert.deepEqual(await slow.next(), { event: "line", data: "0" });
  const batches = 20;
  const perBatch = 1_000;
  for (let batch = 0; batch < batches; batch += 1)
    await send(
      kit,
      agent,
      "shop",
      Array.from({ length: perBatch }, (_, at) => `${batch} ${at}`),
    );
  await send(kit, agent, "shop", ["the last"]);
  // The last line itself may be among those that are missing; a later one is not.
  let got = 0;
  let missed = 0;
  let isSent = false;
  for (;;) {
    const { event, data } = await slow.next();
    if (event === "gap") missed += Number(data);
    else if (data === "after the gap") break;
    else got += 1;
    if (missed > 0 && !isSent) {
      isSent = true;
      await send(kit, agent, "shop", ["after the gap"]);
    }
  }
  assert.equal(got + missed, batches * perBatch + 1);
  assert.ok(missed > batches * perBatch * 0.4, `${missed} are missed, so that ${got} waited`);
  // Everything is kept all the same.
  const { body } = await kit.ask(kit.admin, "GET", `${path}&limit=100000`);
  assert.equal(body.match(/^event: line$/gm)?.length, batches * perBatch + 3);
});

test("a machine that writes without end is cut short, which is said once at the beginning and once when it is over", async () => {
  const clock = manualClock(Date.now());
  await using kit = await testControl({ clock });
  kit.forgive(/shop on web-1 writes too much: lines are left out of what stoa logs shows/);
  const agent = await deployed(kit);
  const quiet = await kit.join("web-2");
  const long = "x".repeat(100_000);
  for (let batch = 0; batch < 20; batch += 1)
    await send(
      kit,
      agent,
      "shop",
      Array.from({ length: 20 }, () => long),
    );
  await send(kit, quiet, "shop", ["a quiet machine is not cut short"]);
  clock.turn(10_000);
  await send(kit, agent, "shop", ["again"]);
  const { body } = await kit.ask(kit.admin, "GET", `${path}&limit=100000`);
  const texts = linesOf(body);
  const kept = texts.filter((text) => text === long).length;
  assert.equal(texts.filter((text) => /more is written than is kept/.test(text)).length, 1);
  assert.deepEqual(texts.slice(-3), [
    "a quiet machine is not cut short",
    `${400 - kept} lines were left out here`,
    "again",
  ]);
  assert.ok(kept < 100, `${kept} were kept`);
  assert.equal(kit.failures.length, 1);
});

test("lines of services that were never deployed are not kept, and that is said once", async () => {
  const clock = manualClock(Date.now());
  await using kit = await testControl({ clock });
  kit.forgive(/web-1 sends lines of services that production never had/);
  const agent = await deployed(kit);
  for (let number = 0; number < 50; number += 1) await send(kit, agent, `made-up-${number}`, ["x"]);
  assert.deepEqual(await readdir(join(kit.root, "logs", "production")), ["shop"]);
  assert.equal(kit.failures.length, 1);
});

test("a follower that leaves while lines wait for it is forgotten", async () => {
  await using kit = await testControl();
  const agent = await deployed(kit);
  const lines = Array.from({ length: 2_000 }, (_, at) => `${at} ${"x".repeat(100)}`);
  {
    await using gone = await follow(kit);
    await gone.next();
    await send(kit, agent, "shop", lines);
  }
  await send(kit, agent, "shop", lines);
  const { size } = await stat(join(kit.root, "logs", "production", "shop", "new.ndjson"));
  assert.ok(size > 400_000);
});

const path = "/logs?environment=production&service=shop";

/** A machine on which shop was deployed, and the first line of it. */
async function deployed(kit: TestControl): Promise<TestAgent> {
  const agent = await kit.join("web-1");
  const revision = await kit.upload("shop", "one");
  const begun = await kit.ask(
    kit.admin,
    "POST",
    "/environments/production/services/shop/rollouts",
    { revision },
  );
  assert.equal(begun.status, 200);
  await send(kit, agent, "shop", ["0"]);
  return agent;
}

async function send(
  kit: TestControl,
  { name, token }: TestAgent,
  service: string,
  texts: readonly string[],
): Promise<void> {
  const said = { service, revision: "r", at: new Date().toISOString(), stream: "stdout" };
  const lines = texts.map((text) => `${JSON.stringify({ ...said, text })}\n`);
  const answer = await kit.ask(token, "POST", `/machines/${name}/logs`, lines.join(""));
  assert.equal(answer.status, 204);
}

/** Reads one event when it is asked to, and nothing ahead. */
async function follow(
  kit: TestControl,
): Promise<AsyncDisposable & { readonly next: () => Promise<{ event: string; data: string }> }> {
  const headers = { Authorization: `Bearer ${kit.admin}` };
  const request = new Request(`http://stoa/api/v1${path}&follow=true`, { headers });
  const answer = await kit.control.fetch(request);
  const pieces = answer.body?.getReader();
  assert.ok(pieces);
  const decoder = new TextDecoder();
  let text = "";
  const next = async (): Promise<{ event: string; data: string }> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end !== -1) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (event === undefined) continue;
        const said = JSON.parse(data ?? "{}");
        return { event, data: event === "gap" ? said.lines : said.text };
      }
      const { value, done } = await pieces.read();
      assert.ok(!done, "the stream ended");
      text += decoder.decode(value, { stream: true });
    }
  };
  return { next, [Symbol.asyncDispose]: () => pieces.cancel() };
}

function linesOf(body: string): readonly string[] {
  return [...body.matchAll(/^event: line\ndata: (.*)$/gm)].map(
    ([, data]) => JSON.parse(data ?? "").text,
  );
}
