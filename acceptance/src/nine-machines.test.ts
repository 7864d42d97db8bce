// Nine machines, each with its agent, its keeper and a real Go service: who is touched by which strategy, and what a kill leaves.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, startDelivery, type TestMachine } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";

describe("nine machines", { skip: goIsMissing() }, () => {
  const names = Array.from({ length: 9 }, (_, at) => `web-${at + 1}`);
  let delivery: Delivery;
  let machines: readonly TestMachine[] = [];
  let good = "";
  before(async () => {
    delivery = await startDelivery();
    await delivery.write({ ...sources, "stoa.toml": 'port = 0\nhold = "0ms"\n' });
    for (const version of ["1", "2", "3", "bad"]) build(delivery.project, version);
    machines = await delivery.joinAll(names);
    await deploy("1", "all-at-once");
    good = releaseOf(machines[0]);
  });
  after(() => delivery[Symbol.asyncDispose]());

  const deploy = (version: string, strategy: string, ...more: string[]): Promise<string> =>
    delivery.succeed(...wordsOf(version, strategy), ...more);
  const answers = (of = machines): Promise<readonly string[]> => Promise.all(of.map(answerOf));
  const everywhere = (version: string): readonly string[] =>
    machines.map(() => `version ${version}\n`);
  const lastRollout = async (): Promise<{
    state: string;
    machines: Record<string, { state: string }>;
  }> => JSON.parse(await delivery.succeed("history", "--json"))[0];

  for (const [strategy, failing, touched] of [
    ["one-at-a-time", 1, 1],
    ["one-at-a-time", 4, 4],
    ["half", 3, 4],
    ["half", 6, 8],
    ["25%", 4, 4],
    ["minimum-healthy:6", 5, 6],
    ["minimum-healthy:40%", 9, 9],
    ["canary:1:half", 1, 1],
    ["canary:1:half", 2, 5],
    ["all-at-once", 7, 9],
  ] as const) {
    test(`${strategy}: when machine ${failing} fails, the first ${touched} are touched and go back, and no other`, async () => {
      const before = machines.map(journalOf);
      const mark = join(machines[failing - 1]?.root ?? "", "fails");
      writeFileSync(mark, "");
      try {
        const { code, stderr } = await delivery.stoa(...wordsOf("bad", strategy));
        assert.equal(code, 1, stderr);
        assert.match(stderr, new RegExp(`web-${failing} \\| .*this machine is no good`));
      } finally {
        rmSync(mark);
      }
      const rollout = await lastRollout();
      assert.equal(rollout.state, "rolled-back");
      assert.deepEqual(
        names.map((name) => rollout.machines[name]?.state),
        names.map((_, at) => (at < touched ? "returned" : "skipped")),
      );
      assert.deepEqual(machines.slice(touched).map(journalOf), before.slice(touched));
      assert.deepEqual(
        machines.map(releaseOf),
        names.map(() => good),
      );
      assert.deepEqual(await answers(), everywhere("1"));
    });
  }

  test("a rollout wave by wave brings all of them to the new version, and stoa rollback back", async () => {
    await deploy("2", "canary:2:half");
    assert.deepEqual(await answers(), everywhere("2"));
    await delivery.succeed("rollback", "greeter");
    assert.deepEqual(await answers(), everywhere("1"));
  });

  test("the control plane killed while a wave moves, and while it goes back: it carries on when it is started", async () => {
    const rollout = (await deploy("2", "half", "--detach")).trim();
    await until("a machine to have moved", () => machines.some((one) => releaseOf(one) !== good));
    await delivery.killControl();
    assert.equal((await answers()).length, names.length, "somebody does not serve");
    await delivery.startControl();
    await delivery.succeed("watch", rollout);
    assert.deepEqual(await answers(), everywhere("2"));

    const there = releaseOf(machines[0]);
    const mark = join(machines[8]?.root ?? "", "fails");
    writeFileSync(mark, "");
    const failing = (await deploy("bad", "minimum-healthy:40%", "--detach")).trim();
    await until("the way back to begin", async () => (await lastRollout()).state !== "rolling");
    await delivery.killControl();
    await delivery.startControl();
    rmSync(mark);
    assert.equal((await delivery.stoa("watch", failing)).code, 1);
    assert.equal((await lastRollout()).state, "rolled-back");
    assert.deepEqual(
      machines.map(releaseOf),
      names.map(() => there),
    );
  });

  test("agents killed in the middle of a wave come back and finish it; their services were never away", async () => {
    const rollout = (await deploy("3", "all-at-once", "--detach")).trim();
    const [first, second] = machines;
    await first?.killAgent();
    await second?.killAgent();
    // Two processes of a plain service cannot overlap: one that was caught between them comes back with its agent.
    const atRest = machines.filter(
      (one) => JSON.parse(journalOf(one)).journal.handOver?.phase !== "begun",
    );
    assert.equal((await answers(atRest)).length, atRest.length);
    first?.startAgent();
    second?.startAgent();
    await delivery.succeed("watch", rollout);
    assert.deepEqual(await answers(), everywhere("3"));
  });
});

const sources = {
  "go.mod": "module example.com/greeter\n\ngo 1.21\n",
  "main.go": `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

var version string

func main() {
	// The folder of a release lies four below that of its machine.
	if _, err := os.Stat("../../../../fails"); err == nil && version == "bad" {
		log.Fatal("this machine is no good")
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "version", version)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
`,
};

function wordsOf(version: string, strategy: string): readonly string[] {
  return [
    ...["deploy", `greeter-${version}`, "--service", "greeter"],
    ...["--label", version, "--strategy", strategy],
  ];
}

function build(folder: string, version: string): void {
  const words = ["build", "-trimpath", "-ldflags", `-X main.version=${version}`];
  const { status, stderr } = spawnSync("go", [...words, "-o", `greeter-${version}`, "."], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
  });
  assert.equal(status, 0, stderr);
}

function journalOf(machine: TestMachine | undefined): string {
  return readFileSync(join(machine?.root ?? "", "services", "greeter", "journal"), "utf8");
}

/** Between two processes of a plain service there is a moment without any. */
async function answerOf(machine: TestMachine): Promise<string> {
  const { journal } = JSON.parse(journalOf(machine));
  return await until(`an answer of ${machine.name}`, () =>
    fetch(`http://127.0.0.1:${journal.ports.http}/`).then(
      (answer) => answer.text(),
      () => undefined,
    ),
  );
}

function releaseOf(machine: TestMachine | undefined): string {
  return JSON.parse(journalOf(machine)).journal.committed?.release ?? "";
}
