// The store of documents killed at every write of a rollout, and a store that errs, is slow or behind while one runs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { s3ServerIsMissing } from "@stoa/blobs/testing";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, startDelivery, type TestMachine } from "./testing/delivery.ts";
import { type FaultyStore, startFaultyStore } from "./testing/faulty-store.ts";
import type { FinishedProgram } from "./testing/finished-program.ts";
import { goIsMissing } from "./testing/go-command.ts";

/**
 * The writes of a rollout over two machines, one after the other. Of those that come again and again some are enough, and
 * not the last: waves that are through at once are written down together.
 */
const steps = [
  ...["blobs 1", "revisions 1", "audit 1", "audit 2", "audit-head.json 1"],
  ...["audit-head.json 2", "a status 1"],
  ...["rollouts 1", "rollouts 2", "rollouts 4", "the index 1", "the index 2"],
  ...["the history 1", "the history 3"],
];

describe("a store of documents", { skip: goIsMissing() || s3ServerIsMissing() }, () => {
  let store: FaultyStore;
  let delivery: Delivery;
  let machines: readonly TestMachine[] = [];
  let number = 0;
  before(async () => {
    store = await startFaultyStore();
    delivery = await startDelivery({ env: { ...store.env, STOA_DOCUMENTS: store.tree } });
    await delivery.write(sources);
    build(delivery.project);
    machines = await delivery.joinAll(["web-1", "web-2"]);
    assert.equal((await deployed(next())).code, 0);
  });
  after(async () => {
    await delivery?.[Symbol.asyncDispose]();
    await store?.[Symbol.asyncDispose]();
  });

  /** A program that nobody has seen before. */
  const next = (): number => {
    number += 1;
    const program = join(delivery.project, `greeter-${number}`);
    cpSync(join(delivery.project, "greeter"), program);
    appendFileSync(program, `version ${number}`);
    return number;
  };
  const deployed = (version: number, ...more: readonly string[]): Promise<FinishedProgram> =>
    delivery.stoa(
      ...["deploy", `greeter-${version}`, "--service", "greeter", ...more],
      ...["--label", String(version), "--strategy", "one-at-a-time"],
    );
  const answers = (): Promise<readonly string[]> => Promise.all(machines.map(answerOf));
  const serves = async (...versions: readonly number[]): Promise<void> => {
    for (const answer of await answers())
      assert.ok(versions.includes(Number(answer)), `${answer} is served, not ${versions.join()}`);
  };
  /** After trouble: either it went on to its end, or it was refused in a sentence and can be asked for again. */
  const endsWell = async (version: number, { code, stderr }: FinishedProgram): Promise<void> => {
    assert.doesNotMatch(stderr, /\n\s+at /);
    if (code !== 0) {
      assert.match(stderr, /[a-z][^\n]{20,}\n$/);
      await untilNothingRuns(delivery);
      const again = await deployed(version);
      assert.equal(again.code, 0, `${stderr}\nand again:\n${again.stderr}`);
    }
    await until(`everybody to run ${version}`, async () =>
      (await answers()).every((answer) => Number(answer) === version),
    );
  };

  test("a rollout makes these writes, and is killed at each of them below", async () => {
    store.takeSteps();
    assert.equal((await deployed(next())).code, 0);
    const made = store.takeSteps();
    for (const step of steps)
      assert.ok(made.includes(step), `${step} is none of ${made.join(", ")}`);
    const known = new Set(steps.map(kindOf));
    for (const step of made) assert.ok(known.has(kindOf(step)), `${step} is not tried`);
  });

  for (const when of ["before", "after"] as const) {
    for (const step of steps) {
      test(`killed ${when} ${step}: the old version serves, and the rollout ends or says why not`, async () => {
        const version = next();
        const killed = store.killAt({ step, when });
        const deploying = deployed(version);
        await Promise.race([
          killed,
          deploying.then(({ code, stderr }) =>
            assert.fail(`it ended (${code}) before ${step}: ${stderr}`),
          ),
        ]);
        await serves(version - 1, version);
        const met = store.met();
        await until("somebody to miss the store", () => store.met() > met);
        await serves(version - 1, version);
        await store.start();
        await endsWell(version, await deploying);
      });
    }
  }

  for (const when of ["before", "after"] as const) {
    test(`both killed ${when} the entry of a rollout's end: the next control plane has it in the log, once`, async () => {
      const version = next();
      const killed = store.killAt({ step: "audit 2", when });
      const deploying = deployed(version);
      await killed;
      await delivery.killControl();
      await store.start();
      await delivery.startControl();
      await endsWell(version, await deploying);
      await everyEndIsSaidOnce(delivery);
    });
  }

  for (const trouble of ["error", "slow", "stale"] as const) {
    test(`with the trouble "${trouble}" while a rollout runs: the old version serves, and it ends or says why not`, async () => {
      const version = next();
      store.takeSteps();
      const deploying = deployed(version, "--bake", "2");
      await until("a wave to open", () => store.takeSteps().some((one) => /^rollouts/.test(one)));
      const met = store.met();
      store.trouble = trouble;
      try {
        await until("somebody to meet the trouble", () => store.met() > met + 1);
        await serves(version - 1, version);
      } finally {
        if (trouble === "error") store.trouble = "none";
      }
      const end = await deploying;
      store.trouble = "none";
      await endsWell(version, end);
    });
  }

  test("another control plane finds nothing in the store that was never begun", async () => {
    const runs = await answers();
    const rollouts = async (): Promise<readonly unknown[]> =>
      JSON.parse(await delivery.succeed("history", "greeter", "--json"));
    const before = await rollouts();
    await delivery.killControl();
    await delivery.startControl();
    assert.deepEqual(await rollouts(), before);
    assert.equal((await deployed(number)).code, 0, "the newest is what runs");
    assert.deepEqual(await rollouts(), before);
    assert.deepEqual(await answers(), runs);
    assert.match(await delivery.succeed("audit", "verify"), /in order/);
    await everyEndIsSaidOnce(delivery);
  });
});

/** The audit log speaks of the end of every rollout that has ended, and of each one once. */
async function everyEndIsSaidOnce(delivery: Delivery): Promise<void> {
  const rollouts: readonly { id: string; endedAt?: string }[] = JSON.parse(
    await delivery.succeed("history", "greeter", "--json"),
  );
  const ended = rollouts.flatMap(({ id, endedAt }) => (endedAt === undefined ? [] : [id]));
  await until("the log to speak of every end, once", async () => {
    const entries: readonly { action: string; details: { rollout: string } }[] = JSON.parse(
      await delivery.succeed("audit", "--json"),
    );
    const said = entries.flatMap(({ action, details }) =>
      action === "rollout.end" ? [details.rollout] : [],
    );
    assert.equal(new Set(said).size, said.length, "no end is said twice");
    return ended.every((id) => said.includes(id));
  });
}

/** Answers with the version that it was deployed as. */
const sources = {
  "stoa.toml": 'port = 0\nhold = "0ms"\n',
  "go.mod": "module example.com/greeter\n\ngo 1.21\n",
  "main.go": `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv("RELEASE_VERSION"))
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
`,
};

function build(folder: string): void {
  const { status, stderr } = spawnSync(
    "go",
    ["build", "-trimpath", "-ldflags=-s -w", "-o", "greeter", "."],
    {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
    },
  );
  assert.equal(status, 0, stderr);
}

/** What a machine answers; between two processes of a plain service there is a moment without any. */
async function answerOf({ root }: TestMachine): Promise<string> {
  const { journal } = JSON.parse(
    readFileSync(join(root, "services", "greeter", "journal"), "utf8"),
  );
  return await until("an answer", () =>
    fetch(`http://127.0.0.1:${journal.ports.http}/`).then(
      (answer) => answer.text(),
      () => undefined,
    ),
  );
}

function kindOf(step: string): string {
  return step.replace(/ [0-9]+$/, "");
}

async function untilNothingRuns(delivery: Delivery): Promise<void> {
  await until("the rollout to end", async () => {
    const { code, stdout } = await delivery.stoa("history", "greeter", "--json");
    if (code !== 0) return false;
    return JSON.parse(stdout).every(({ endedAt }: { endedAt?: string }) => endedAt !== undefined);
  });
}
