// kill -9 in the middle of fetches: whatever the moment, a version is whole in the store or not in it.
import assert from "node:assert/strict";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, largeModule, smallModule } from "./testing/proxied-modules.ts";
import { randomNumbers } from "./testing/random-numbers.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { filesIn, isWhole, versionsIn } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const kills = 50;
const kinds = ["info", "mod", "zip"] as const;

test(`${kills} kills at random moments of fetches leave nothing torn`, async (t) => {
  const seed = Number(process.env["STOA_TEST_SEED"] ?? Date.now() % 1_000_000);
  t.diagnostic(`the moments are those of STOA_TEST_SEED=${seed}`);
  const below = randomNumbers(seed);
  await using folder = await temporaryFolder();
  await using upstream = await fixtureProxy([]);
  upstream.fail(/large.*\.zip$/, { drip: { bytes: 20_000, everyMs: 1 } });
  const goproxy = upstream.url;
  const root = folder.path;
  const offered: ModuleFixture[] = [];
  const met = { arriving: 0, kept: 0, torn: 0 };

  /** How long three fetches take when nobody disturbs them; the moments are chosen within it, and a little after. */
  let undisturbedMs = 0;
  for (let round = 0; round <= kills; round++) {
    const fixtures = [
      await largeModule("example.com/large", `v1.${round}.0`, 200_000),
      await largeModule("example.com/middle", `v1.${round}.0`, 30_000),
      await smallModule("example.com/Small", `v1.${round}.0`),
    ];
    upstream.add(...fixtures);
    await using stoa = await startStoa({ goproxy, root });
    met.torn += await assertAllWhole(stoa, offered);
    offered.push(...fixtures);

    const started = performance.now();
    const asked = fixtures.flatMap((fixture) => kinds.map((kind) => ask(`${stoa.url}${filePath(fixture, kind)}`)));
    const answers = Promise.allSettled(asked);
    if (round === 0) {
      await answers;
      undisturbedMs = performance.now() - started;
    } else {
      await Promise.race([upstream.requested(new RegExp(`v1\\.${round}\\.0`)), stoa.ended]);
      await setTimeout(below(Math.ceil(undisturbedMs * 1.2)));
      const before = await filesIn(root);
      if (before.some((name) => name.startsWith(".stoa/incoming/"))) met.arriving += 1;
      if (before.some((name) => name.endsWith(`/v1.${round}.0.info`))) met.kept += 1;
    }
    await stoa.kill();
    await answers;
  }
  t.diagnostic(
    `of ${kills} kills ${met.arriving} met files being written, ${met.kept} versions that were just kept; ` +
      `${met.torn} versions were found torn on disk and were not shown`,
  );

  await using last = await startStoa({ goproxy, root });
  await assertAllWhole(last, offered);
  for (const fixture of offered) {
    for (const kind of kinds) {
      const answer = await ask(`${last.url}${filePath(fixture, kind)}`);
      assert.ok(answer.status === 200 && answer.body.equals(Buffer.from(fixture[kind])));
    }
  }
  const stored = await versionsIn(root);
  assert.equal(stored.length, offered.length);
  assert.ok(stored.every(isWhole));
  await until("what killed processes were writing to be removed", async () =>
    (await filesIn(root)).every((name) => !name.startsWith(".stoa/incoming/")),
  );
});

/** Checks every version that is shown, byte for byte, and on disk every one that looks whole. Gives the number of torn ones. */
async function assertAllWhole(
  stoa: StoaProcess,
  offered: readonly ModuleFixture[],
): Promise<number> {
  const find = (folder: string): ModuleFixture | undefined =>
    offered.find(({ module }) => folder === `${module.path}/${module.version}`);
  const stored = await versionsIn(stoa.root);
  for (const { folder, files } of stored.filter(isWhole)) {
    const fixture = find(folder);
    assert.ok(fixture, folder);
    assert.equal(files.size, 3, folder);
    assert.ok(files.get("go.mod")?.equals(Buffer.from(fixture.mod)), folder);
    assert.ok(files.get("source.zip")?.equals(Buffer.from(fixture.zip)), folder);
    assert.ok(files.get(`${fixture.module.version}.info`)?.equals(Buffer.from(fixture.info)), folder);
  }
  for (const path of new Set(offered.map(({ module }) => module.path))) {
    const escaped = path.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
    const list = await ask(`${stoa.url}/cached-only/${escaped}/@v/list`);
    const listed = list.status === 404 ? [] : list.text.trimEnd().split("\n");
    const whole = stored.filter((version) => isWhole(version) && version.folder.startsWith(`${path}/`));
    assert.deepEqual(listed.sort(), whole.map(({ folder }) => folder.slice(path.length + 1)).sort());
  }
  // What was stored last is what a kill could have met.
  for (const fixture of offered.slice(-3)) {
    const isShown = stored.some((version) => isWhole(version) && find(version.folder) === fixture);
    for (const kind of kinds) {
      const answer = await ask(`${stoa.url}/cached-only${filePath(fixture, kind)}`);
      if (isShown || answer.status === 200) {
        assert.ok(answer.whole && answer.body.equals(Buffer.from(fixture[kind])), filePath(fixture, kind));
      } else {
        assert.equal(answer.status, 404);
      }
    }
  }
  return stored.filter((version) => !isWhole(version)).length;
}
