// Instances that are cut off from the engine that they agree by. The test runs itself once more in a network of its own.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy, noEtcd, noPostgres, noRedis } from "@stoa/proxy/testing";
import {
  addressOf,
  cut,
  inside,
  makeNetworks,
  namespacesAreMissing,
} from "./partition/namespaces.ts";
import { tcpRelay } from "./partition/tcp-relay.ts";
import { until } from "./testing/bounded-wait.ts";
import { faultMs } from "./testing/fault-length.ts";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
import { own } from "./testing/owned-processes.ts";
import { filePath, largeModule, smallModule } from "./testing/proxied-modules.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const engines = [
  {
    kind: "redis",
    skip: noRedis,
    env: (at: string) => ({
      ATHENS_SINGLE_FLIGHT_TYPE: "redis",
      ATHENS_REDIS_ENDPOINT: at,
      ATHENS_REDIS_PASSWORD: "secret",
    }),
  },
  {
    kind: "etcd",
    skip: noEtcd,
    env: (at: string) => ({ ATHENS_SINGLE_FLIGHT_TYPE: "etcd", ATHENS_ETCD_ENDPOINTS: at }),
  },
  {
    kind: "postgres",
    skip: noPostgres,
    env: (at: string) => ({
      ATHENS_SINGLE_FLIGHT_TYPE: "state",
      STOA_STATE: `postgres://stoa@${at}/postgres`,
    }),
  },
] as const;

/** The longest that anybody waits for an answer. */
const patienceMs = 60_000;
const network = process.env["STOA_TEST_NETWORK"];

if (network === undefined) {
  const why = namespacesAreMissing();
  for (const { kind, skip } of engines) {
    test(`instances that are cut off from ${kind}`, { skip: why || skip }, async () => {
      const name = `stoa-${process.pid}-${kind}`;
      using _networks = makeNetworks(name);
      const [command = "", ...words] = inside(name, "here");
      const file = fileURLToPath(import.meta.url);
      const child = own(
        spawn(command, [...words, process.execPath, file, kind], {
          env: { ...process.env, NODE_TEST_CONTEXT: undefined, STOA_TEST_NETWORK: name },
          stdio: ["ignore", "pipe", "pipe"],
        }),
      );
      const said: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (piece: Buffer) => said.push(piece));
      }
      const [code] = await once(child, "close");
      assert.equal(code, 0, Buffer.concat(said).toString());
    });
  }
} else {
  const engine = engines.find(({ kind }) => kind === process.argv[2]);
  if (engine !== undefined) cutOffFrom(network, engine);
}

/** What holds inside. Instances 0 and 1 are here, 2 is there. */
function cutOffFrom(name: string, { kind, env }: (typeof engines)[number]): void {
  describe(`instances and ${kind}`, () => {
    const stack = new AsyncDisposableStack();
    const fleet: StoaProcess[] = [];
    let upstream: FixtureProxy;
    let kept: ModuleFixture;
    before(async () => {
      const folder = stack.use(await temporaryFolder());
      upstream = stack.use(await fixtureProxy());
      const address = addressOf("here", "there");
      const relay = stack.use(await tcpRelay(address, Number(new URL(upstream.url).port)));
      const { child, port } = await startEngine(name, kind);
      stack.defer(() => endEngine(child));
      for (const [side, host] of [
        ["here", "127.0.0.1"],
        ["here", "127.0.0.1"],
        ["there", addressOf("there", "here")],
      ] as const) {
        const stoa = await startStoa({
          goproxy: `http://${address}:${relay.port}`,
          root: folder.path,
          launcher: inside(name, side),
          env: {
            ...env(`${addressOf("engine", side)}:${port}`),
            ATHENS_PORT: `${host}:0`,
            STOA_LEASE_TTL: "2",
          },
        });
        fleet.push(stack.use(stoa));
      }
      kept = await smallModule("example.com/kept", "v1.0.0");
      upstream.add(kept);
      for (const at of [0, 1, 2]) assert.equal((await zip(at, kept)).status, 200);
    });
    after(() => stack.disposeAsync());

    const zip = (at: number, module: ModuleFixture): Promise<HttpAnswer> =>
      ask(`${fleet[at]?.url}${filePath(module, "zip")}`, {
        signal: AbortSignal.timeout(patienceMs),
      });
    const isRight = ({ status, whole, body }: HttpAnswer, module: ModuleFixture): boolean =>
      status === 200 && whole && body.equals(Buffer.from(module.zip));
    const gives = async (at: number, module: ModuleFixture): Promise<void> => {
      await until(`${module.module.path} from instance ${at}`, async () =>
        isRight(await zip(at, module), module),
      );
    };
    const refuses = async (at: number, module: ModuleFixture): Promise<void> => {
      const answer = await zip(at, module);
      assert.equal(answer.status, 503, answer.text.slice(0, 300));
      assert.match(answer.text, /^[^\n]{20,}\n?$/);
    };

    for (const what of ["answers", "both"] as const) {
      test(`one that loses ${what} refuses what is cold, the others go on, and it comes back by itself`, async () => {
        const [fetched, refused] = await Promise.all(
          ["fetched", "refused"].map((word) =>
            smallModule(`example.com/${word}-${what}`, "v1.0.0"),
          ),
        );
        assert.ok(fetched !== undefined && refused !== undefined);
        upstream.add(fetched, refused);
        {
          using _cut = cut(name, "there", what);
          const lasting = setTimeout(faultMs);
          assert.ok(isRight(await zip(2, kept), kept));
          await Promise.all([refuses(2, refused), gives(0, fetched), gives(1, fetched)]);
          assert.ok(isRight(await zip(2, fetched), fetched), "the others have kept it");
          await lasting;
        }
        await gives(2, refused);
        await Promise.all([gives(0, refused), gives(1, refused)]);
        for (const module of [fetched, refused]) {
          const asked = upstream.requests.filter(({ path }) => path === filePath(module, "zip"));
          assert.equal(asked.length, 1);
        }
      });
    }

    test("all of them give out what is kept, and come back by themselves", async () => {
      const cold = await smallModule("example.com/nowhere", "v1.0.0");
      upstream.add(cold);
      {
        using _here = cut(name, "here", "both");
        using _there = cut(name, "there", "answers");
        for (const at of [0, 1, 2]) assert.ok(isRight(await zip(at, kept), kept));
        await Promise.all([0, 1, 2].map((at) => refuses(at, cold)));
      }
      await Promise.all([0, 1, 2].map((at) => gives(at, cold)));
    });

    test("one that is cut off while it fetches finishes for its client, and the others take over", async () => {
      const slow = await largeModule("example.com/slow", "v1.0.0", 1_000_000);
      const again = await smallModule("example.com/again", "v1.0.0");
      upstream.add(slow, again);
      // It was cut off before: until it has found its engine again, it refuses what is cold.
      await gives(2, again);
      // Longer than the lease lives without its holder.
      upstream.fail(filePath(slow, "zip"), { drip: { bytes: 16_384, everyMs: 80 } });
      const first = zip(2, slow);
      const ended = first.then(({ status, text }) => assert.fail(`${status} ${text}`));
      await Promise.race([upstream.requested(filePath(slow, "zip")), ended]);
      ended.catch(() => undefined); // it may end now
      using _cut = cut(name, "there", "both");
      const others = await Promise.all([0, 1, 0, 1].map((at) => zip(at, slow)));
      for (const answer of [await first, ...others]) assert.ok(isRight(answer, slow));
      const asked = upstream.requests.filter(({ path }) => path === filePath(slow, "zip"));
      assert.ok(asked.length <= 2, `${asked.length} fetches`);
    });
  });
}

async function startEngine(
  name: string,
  kind: string,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const [command = "", ...words] = inside(name, "engine");
  const file = fileURLToPath(new URL("partition/engine-elsewhere.ts", import.meta.url));
  const child = own(
    spawn(command, [...words, process.execPath, file, kind], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, port: Number(line) };
  }
  throw new Error(`${kind} did not start`);
}

/** The end of its input tells it to stop its server. */
async function endEngine(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.stdin?.end();
  await ended;
}
