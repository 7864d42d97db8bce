// What a fleet does whatever it agrees by: one fetch for all of it, and any instance, or the engine, may fail.
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { moduleFixture } from "@stoa/gomod/testing";
import type { EngineServer } from "@stoa/proxy/testing";
import { until } from "./bounded-wait.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { filePath } from "./proxied-modules.ts";
import { randomNumbers } from "./random-numbers.ts";

const clients = 300;
/** For each engine; STOA_TEST_KILLS=30 makes it more. */
const murders = Number(process.env["STOA_TEST_KILLS"] ?? "10");
/** Of these a lease's lifetime are two seconds; the rest is for a machine that is busy with other things. */
const patienceMs = 60_000;

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
    let engine: Engine;
    let fleet: Fleet;
    before(async () => {
      engine = await open();
      fleet = await startFleet({ env: engine.env });
    });
    after(async () => {
      await fleet?.[Symbol.asyncDispose]();
      await engine?.[Symbol.asyncDispose]();
    });

    /** So many clients ask these instances in turn, and each gets the whole zip in time. */
    const wholeZips = async (
      of: Fleet,
      module: ModuleFixture,
      count: number,
      members: readonly number[],
    ): Promise<void> => {
      const signal = AbortSignal.timeout(patienceMs);
      const answers = await Promise.all(
        Array.from({ length: count }, (_, n) =>
          of.zip(members[n % members.length] ?? 0, module, signal),
        ),
      );
      for (const answer of answers) {
        assert.equal(answer.status, 200, answer.text.slice(0, 300));
        assert.ok(answer.whole && answer.body.equals(Buffer.from(module.zip)));
      }
    };
    const drip = (of: Fleet, module: ModuleFixture, everyMs: number): void => {
      of.upstream.add(module);
      of.upstream.fail(filePath(module, "zip"), { drip: { bytes: 16_384, everyMs } });
    };

    test(`${clients} clients on one cold module make one fetch`, async () => {
      // So many at once may hold up the whole machine for longer than a short lease lives.
      await using patient = await startFleet({ env: { ...engine.env, STOA_LEASE_TTL: "20" } });
      const module = await largeModule("stampede");
      drip(patient, module, 20);
      await wholeZips(patient, module, clients, [0, 1, 2]);
      assert.equal(patient.asked(filePath(module, "zip")), 1);
      assert.equal(patient.asked(filePath(module, "info")), 1);
    });

    test(`the holder is killed ${murders} times in the middle: all others get the right bytes in bounded time`, async () => {
      const below = randomNumbers(name.length);
      for (let round = 0; round < murders; round++) {
        const module = await largeModule(`murder-${round}`);
        drip(fleet, module, 10);
        const first = fleet.zip(round, module).catch(() => undefined);
        await fleet.upstream.requested(filePath(module, "zip"));
        const others = wholeZips(fleet, module, 10, [round + 1, round + 2]);
        await new Promise((resolve) => setTimeout(resolve, below(150)));
        await fleet.member(round).kill();
        const broken = await first;
        assert.ok(broken === undefined || !broken.whole || broken.status === 200);
        await others;
        const fetches = fleet.asked(filePath(module, "zip"));
        assert.ok(fetches <= 2, `${fetches} fetches`);
        await fleet.replace(round);
      }
    });

    test("without the engine what is kept is given out, what is not is 503, and all is well when it is back", async () => {
      const kept = await largeModule("kept");
      const cold = await largeModule("cold");
      fleet.upstream.add(kept, cold);
      assert.equal((await fleet.zip(0, kept)).status, 200);
      await engine.kill();
      for (const at of [0, 1, 2]) {
        assert.equal((await fleet.zip(at, kept)).status, 200);
        const refused = await fleet.zip(at, cold);
        assert.equal(refused.status, 503, refused.text);
        assert.match(refused.text, /^[^\n]+\n?$/);
        assert.doesNotMatch(refused.text, /secret/);
      }
      assert.equal(fleet.asked(filePath(cold, "zip")), 0);
      await engine.start();
      for (const at of [0, 1, 2]) {
        await until("the engine is used again", async () => {
          return (await fleet.zip(at, cold)).status === 200;
        });
      }
      assert.equal(fleet.asked(filePath(cold, "zip")), 1);
    });
  });
}
