// What a fleet does while something that it needs stands still, refuses or is slow: it goes on as far as it can, and recovers
// by itself.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { until } from "./bounded-wait.ts";
import { faultMs } from "./fault-length.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { filePath, largeModule, smallModule } from "./proxied-modules.ts";

/** Nobody hangs: an answer of whatever kind comes within this, in which the slowest engine is given up several times. */
const patienceMs = 60_000;
const clients = 12;
const coldModules = 8;
/** More than a Stoa's heap varies by itself under this load. */
const mostGrowthMebibytes = 200;

/** A server that can be taken away. */
export interface FaultyServer {
  kill(): Promise<void>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Lets it answer late, and in time again. */
  readonly slow?: { begin(): void; end(): void };
}

/** One way in which it is taken away. */
interface Fault {
  readonly name: string;
  begin(server: FaultyServer): void | Promise<void>;
  end(server: FaultyServer): void | Promise<void>;
  /** Whether nothing can be had that needs the server; else it may be had late, or refused. */
  readonly isWhole: boolean;
}

const faults: readonly Fault[] = [
  {
    name: "stands still",
    begin: (server) => server.pause(),
    end: (server) => server.resume(),
    isWhole: true,
  },
  {
    name: "refuses",
    begin: (server) => server.kill(),
    end: (server) => server.start(),
    isWhole: true,
  },
  {
    name: "is slow",
    begin: (server) => server.slow?.begin(),
    end: (server) => server.slow?.end(),
    isWhole: false,
  },
];

/** What is needed, and what is to be expected while it is away. */
export interface FaultScene extends AsyncDisposable {
  readonly server: FaultyServer;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a version is answered with that is kept, and one that is not. */
  readonly kept: 200 | 503;
  readonly cold: 200 | 503;
}

/** Declares what a fleet does without one server. */
export function faultSuite(
  name: string,
  skip: string | false,
  open: () => Promise<FaultScene>,
): void {
  describe(`three instances without ${name}`, { skip }, () => {
    let scene: FaultScene;
    let fleet: Fleet;
    let kept: ModuleFixture;
    before(async () => {
      scene = await open();
      kept = await largeModule("example.com/kept", "v1.0.0", 300_000);
      fleet = await startFleet({ env: scene.env, modules: [kept] });
      for (const at of [0, 1, 2]) {
        assert.equal((await fleet.zip(at, kept)).status, 200);
        assert.equal((await fleet.ask(at, filePath(kept, "info"))).status, 200);
      }
    });
    after(async () => {
      await fleet?.[Symbol.asyncDispose]();
      await scene?.[Symbol.asyncDispose]();
    });

    for (const fault of faults) {
      test(`which ${fault.name}: what can be answered is, the rest is refused with a sentence, and then all is well`, async (t) => {
        const { server } = scene;
        if (!fault.isWhole && server.slow === undefined) return t.skip("it has no relay before it");
        const cold = await coldOnes(fault.name.replace(" ", "-"));
        fleet.upstream.add(...cold);
        const grown = memoryOf(fleet);
        await fault.begin(server);
        let isOver = false;
        const load = Promise.all(
          Array.from({ length: clients }, (_, n) => client(n, cold, () => isOver)),
        );
        try {
          const lasting = new Promise((resolve) => setTimeout(resolve, faultMs));
          await Promise.all([0, 1, 2].map((at) => expectations(at, cold, fault)));
          await lasting;
        } finally {
          isOver = true;
          await fault.end(server);
        }
        assert.ok((await load).reduce((sum, count) => sum + count) >= clients);
        for (const mebibytes of grown()) assert.ok(mebibytes < mostGrowthMebibytes, `${mebibytes}`);
        await Promise.all(
          [0, 1, 2].flatMap((at) => [kept, ...cold].map((module) => isHadAgain(at, module))),
        );
      });
    }

    const patient = (): AbortSignal => AbortSignal.timeout(patienceMs);
    const patientZip = (at: number, module: ModuleFixture): Promise<HttpAnswer> =>
      fleet.zip(at, module, patient());

    async function isHadAgain(at: number, module: ModuleFixture): Promise<void> {
      const zip = await until(`${module.module.path} at instance ${at}`, async () => {
        const answer = await patientZip(at, module);
        return answer.status === 200 && answer;
      });
      assert.ok(zip.whole && zip.body.equals(Buffer.from(module.zip)));
      assert.ok(fleet.member(at).isRunning());
    }

    /** What an instance must be able to do, and what it must refuse. */
    async function expectations(
      at: number,
      cold: readonly ModuleFixture[],
      { isWhole }: Fault,
    ): Promise<void> {
      const info = await fleet.ask(at, filePath(kept, "info"), patient());
      assert.equal(info.status, 200, "what is in memory is answered");
      const [first] = cold;
      assert.ok(first);
      for (const [module, status] of [
        [kept, scene.kept],
        [first, scene.cold],
      ] as const) {
        const zip = await patientZip(at, module);
        const expected = isWhole ? [status] : [200, status];
        assert.ok(expected.includes(zip.status as 200), `${zip.status} ${zip.text.slice(0, 300)}`);
      }
      assert.equal((await fleet.ask(at, "/healthz", patient())).status, 200);
    }

    /** Asks for all sorts of things until it is over; says how many answers it got. */
    async function client(
      number: number,
      cold: readonly ModuleFixture[],
      isOver: () => boolean,
    ): Promise<number> {
      for (let asked = 0; ; asked++) {
        if (isOver()) return asked;
        const module = asked % 2 === 0 ? kept : cold[(number * 7 + asked) % cold.length];
        assert.ok(module);
        const answer = await patientZip(number + asked, module);
        if (answer.status !== 200) {
          assert.equal(answer.status, 503, answer.text.slice(0, 300));
          assert.match(answer.text, /^[^\n]{20,}\n?$/);
          assert.doesNotMatch(answer.text, /secret/);
        } else if (answer.whole) {
          assert.ok(answer.body.equals(Buffer.from(module.zip)));
        }
      }
    }
  });
}

function coldOnes(fault: string): Promise<readonly ModuleFixture[]> {
  return Promise.all(
    Array.from({ length: coldModules }, (_, n) =>
      smallModule(`example.com/${fault}-${n}`, "v1.0.0"),
    ),
  );
}

/** Says afterwards by how many mebibytes each instance has grown. */
function memoryOf(fleet: Fleet): () => readonly number[] {
  const now = (): readonly number[] =>
    [0, 1, 2].map((at) => {
      const status = readFileSync(`/proc/${fleet.member(at).pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    });
  const before = now();
  return () => now().map((mebibytes, at) => mebibytes - (before[at] ?? 0));
}
