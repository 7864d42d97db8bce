// Several instances on one storage: one fetch for all of them, and any of them may die.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { moduleFixture } from "@stoa/gomod/testing";
import { type EngineServer, type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./bounded-wait.ts";
import { ask, type HttpAnswer } from "./http-answer.ts";
import { filePath } from "./proxied-modules.ts";
import { randomNumbers } from "./random-numbers.ts";
import { type StoaProcess, startStoa } from "./stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

const instances = 3;
const clients = 300;
const murders = 10;

/** The engine that an instance's environment names, and how to take it away for a while. */
export interface Engine extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A version whose zip takes a few hundred chunks. */
function largeModule(name: string): Promise<ModuleFixture> {
  const below = randomNumbers(name.length);
  const noise = Array.from({ length: 60_000 }, () => below(2 ** 32).toString(36));
  return moduleFixture(
    `module example.com/${name}@v1.0.0\n-- go.mod --\nmodule example.com/${name}\n-- noise.txt --\n${noise.join("\n")}\n`,
  );
}

/** An engine that is a server and nothing else. */
export function engineOf(
  server: Pick<EngineServer, "kill" | "start"> & AsyncDisposable,
  env: Engine["env"],
): Engine {
  return {
    env,
    kill: () => server.kill(),
    start: () => server.start(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Declares what a fleet does that agrees by one engine. */
export function fleetSuite(name: string, skip: string | false, open: () => Promise<Engine>): void {
  describe(`three instances that agree by ${name}`, { skip }, () => {
    let folder: TemporaryFolder;
    let engine: Engine;
    let upstream: FixtureProxy;
    const fleet: StoaProcess[] = [];

    const startOne = (): Promise<StoaProcess> =>
      startStoa({
        goproxy: upstream.url,
        root: folder.path,
        env: { ...engine.env, STOA_LEASE_TTL: "2" },
      });
    const member = (at: number): StoaProcess => {
      const stoa = fleet[at % instances];
      assert.ok(stoa);
      return stoa;
    };
    const zipsFetched = (module: ModuleFixture): number =>
      upstream.requests.filter(({ path }) => path === filePath(module, "zip")).length;

    before(async () => {
      folder = await temporaryFolder();
      upstream = await fixtureProxy();
      engine = await open();
      fleet.push(...(await Promise.all(Array.from({ length: instances }, startOne))));
    });
    after(async () => {
      for (const stoa of fleet) await stoa[Symbol.asyncDispose]();
      await engine?.[Symbol.asyncDispose]();
      await upstream?.[Symbol.asyncDispose]();
      await folder?.[Symbol.asyncDispose]();
    });

    test(`${clients} clients on one cold module make one fetch`, async () => {
      const module = await largeModule("stampede");
      upstream.add(module);
      upstream.fail(filePath(module, "zip"), { drip: { bytes: 16_384, everyMs: 20 } });
      const answers = await Promise.all(
        Array.from({ length: clients }, (_, n) =>
          ask(`${member(n).url}${filePath(module, "zip")}`),
        ),
      );
      for (const answer of answers) {
        assert.equal(answer.status, 200, answer.text.slice(0, 300));
        assert.ok(answer.whole && answer.body.equals(Buffer.from(module.zip)));
      }
      assert.equal(zipsFetched(module), 1);
      assert.equal(
        upstream.requests.filter(({ path }) => path === filePath(module, "info")).length,
        1,
      );
    });

    test(`the holder is killed ${murders} times in the middle: all others get the right bytes`, async () => {
      const below = randomNumbers(name.length);
      for (let round = 0; round < murders; round++) {
        const module = await largeModule(`murder-${round}`);
        upstream.add(module);
        upstream.fail(filePath(module, "zip"), { drip: { bytes: 16_384, everyMs: 10 } });
        const victim = member(round);
        const first = ask(`${victim.url}${filePath(module, "zip")}`).catch(() => undefined);
        await upstream.requested(filePath(module, "zip"));
        const others = [1, 2].flatMap((step) =>
          Array.from({ length: 5 }, () =>
            ask(`${member(round + step).url}${filePath(module, "zip")}`),
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, below(150)));
        await victim.kill();
        const broken = await first;
        assert.ok(broken === undefined || !broken.whole || broken.status === 200);
        for (const answer of await Promise.all(others)) {
          assert.equal(answer.status, 200, answer.text.slice(0, 300));
          assert.ok(answer.whole && answer.body.equals(Buffer.from(module.zip)));
        }
        assert.ok(zipsFetched(module) <= 2, `${zipsFetched(module)} fetches`);
        await victim[Symbol.asyncDispose]();
        fleet[round % instances] = await startOne();
      }
    });

    test("without the engine what is kept is given out, what is not is 503, and all is well when it is back", async () => {
      const kept = await largeModule("kept");
      const cold = await largeModule("cold");
      upstream.add(kept, cold);
      const get = (module: ModuleFixture, at: number): Promise<HttpAnswer> =>
        ask(`${member(at).url}${filePath(module, "zip")}`);
      assert.equal((await get(kept, 0)).status, 200);
      await engine.kill();
      for (const at of [0, 1, 2]) {
        assert.equal((await get(kept, at)).status, 200);
        const refused = await get(cold, at);
        assert.equal(refused.status, 503, refused.text);
        assert.match(refused.text, /^[^\n]+\n?$/);
        assert.doesNotMatch(refused.text, /secret/);
      }
      assert.equal(zipsFetched(cold), 0);
      await engine.start();
      for (const at of [0, 1, 2]) {
        await until("the engine is used again", async () => (await get(cold, at)).status === 200);
      }
      assert.equal(zipsFetched(cold), 1);
    });
  });
}
