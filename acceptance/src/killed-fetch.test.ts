// kill -9 in the middle of fetches: whatever the moment, a version is whole in the store or not in it.
import assert from "node:assert/strict";
import { watch } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
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
  const scene = { goproxy: upstream.url, root: folder.path };
  const offered: ModuleFixture[] = [];
  const offer = async (version: string): Promise<readonly ModuleFixture[]> => {
    const fixtures = [
      await largeModule("example.com/large", version, 200_000),
      await largeModule("example.com/middle", version, 30_000),
      await smallModule("example.com/Small", version),
    ];
    upstream.add(...fixtures);
    offered.push(...fixtures);
    return fixtures;
  };

  const longest = await undisturbedFetch(scene, await offer("v1.0.0"));
  const met = { writing: 0, torn: 0 };
  for (let kill = 1; kill <= kills; kill++) {
    await using stoa = await startStoa(scene);
    met.torn += await assertAllWhole(stoa, offered);
    const fixtures = await offer(`v1.${kill}.0`);
    // Either by the clock, or by what happens on the disk, where the dangerous moments are.
    const moment =
      kill % 2 === 0
        ? (signal: AbortSignal) => setTimeout(below(longest.ms), undefined, { signal })
        : (signal: AbortSignal) => diskEvents(stoa.root, 1 + below(longest.diskEvents), signal);
    await killedFetch(stoa, fixtures, moment);
    if ((await filesIn(stoa.root)).some(isBeingWritten)) met.writing += 1;
  }
  t.diagnostic(
    `of ${kills} kills ${met.writing} met files that were being written, and ` +
      `${met.torn} versions lay torn on the disk until they were fetched again`,
  );

  await using last = await startStoa(scene);
  await assertAllWhole(last, offered);
  for (const fixture of offered) {
    for (const kind of kinds) {
      const answer = await ask(`${last.url}${filePath(fixture, kind)}`);
      assert.ok(answer.status === 200 && answer.body.equals(Buffer.from(fixture[kind])));
    }
  }
  const stored = await versionsIn(last.root);
  assert.equal(stored.length, offered.length);
  assert.ok(stored.every(isWhole));
  await until(
    "what killed processes were writing to be removed",
    async () => !(await filesIn(last.root)).some(isBeingWritten),
  );
});

/** How long a fetch of all files takes when nobody disturbs it, and how often the disk is told something. */
async function undisturbedFetch(
  scene: { readonly goproxy: string; readonly root: string },
  fixtures: readonly ModuleFixture[],
): Promise<{ readonly ms: number; readonly diskEvents: number }> {
  await using stoa = await startStoa(scene);
  let events = 0;
  const watcher = watch(scene.root, { recursive: true }, () => {
    events += 1;
  }).on("error", () => undefined); // a folder was gone when its turn came
  const started = performance.now();
  await Promise.all(askedFor(stoa, fixtures));
  const ms = Math.ceil(performance.now() - started);
  watcher.close();
  return { ms, diskEvents: Math.max(1, events) };
}

/** Asks for all files and kills the program when the moment has come, or when all files are there. */
async function killedFetch(
  stoa: StoaProcess,
  fixtures: readonly ModuleFixture[],
  moment: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const over = new AbortController();
  const hasCome = moment(over.signal).catch(() => undefined);
  const answers = Promise.allSettled(askedFor(stoa, fixtures));
  await Promise.race([hasCome, answers]);
  await stoa.kill();
  over.abort();
  await Promise.all([hasCome, answers]);
}

function askedFor(stoa: StoaProcess, fixtures: readonly ModuleFixture[]): Promise<HttpAnswer>[] {
  return fixtures.flatMap((fixture) =>
    kinds.map((kind) => ask(`${stoa.url}${filePath(fixture, kind)}`)),
  );
}

/** Resolves when so many things have happened below a folder. Rejects when the signal is aborted. */
function diskEvents(folder: string, count: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count;
    const watcher = watch(folder, { recursive: true, signal }, () => {
      left -= 1;
      if (left > 0) return;
      watcher.close();
      resolve();
    }).on("error", () => undefined); // a folder was gone when its turn came
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function isBeingWritten(name: string): boolean {
  return name.startsWith(".stoa/incoming/");
}

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
    assert.ok(
      files.get(`${fixture.module.version}.info`)?.equals(Buffer.from(fixture.info)),
      folder,
    );
  }
  for (const path of new Set(offered.map(({ module }) => module.path))) {
    const whole = stored.filter(
      (version) => isWhole(version) && version.folder.startsWith(`${path}/`),
    );
    const names = whole.map(({ folder }) => folder.slice(path.length + 1));
    assert.deepEqual(await shownVersions(stoa, path), new Set(names));
  }
  // What was stored last is what a kill could have met.
  for (const fixture of offered.slice(-3)) {
    const isShown = stored.some((version) => isWhole(version) && find(version.folder) === fixture);
    await assertAllOrNothing(stoa, fixture, isShown);
  }
  return stored.filter((version) => !isWhole(version)).length;
}

async function shownVersions(stoa: StoaProcess, path: string): Promise<ReadonlySet<string>> {
  const escaped = path.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
  const list = await ask(`${stoa.url}/cached-only/${escaped}/@v/list`);
  return new Set(list.status === 404 ? [] : list.text.trimEnd().split("\n"));
}

/** A zip is there only if its version is whole; .info and .mod may be kept alone. */
async function assertAllOrNothing(
  stoa: StoaProcess,
  fixture: ModuleFixture,
  isShown: boolean,
): Promise<void> {
  for (const kind of kinds) {
    const path = filePath(fixture, kind);
    const answer = await ask(`${stoa.url}/cached-only${path}`);
    const isKept = isShown || (kind !== "zip" && answer.status === 200);
    assert.equal(answer.status, isKept ? 200 : 404, path);
    if (isKept) assert.ok(answer.whole && answer.body.equals(Buffer.from(fixture[kind])), path);
  }
}
