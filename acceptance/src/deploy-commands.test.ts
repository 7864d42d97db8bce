// Every command of delivery, as people read it and as programs do; what --json prints is what docs/json.md says.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { holds, until } from "./testing/bounded-wait.ts";
import { type Delivery, startDelivery } from "./testing/delivery.ts";
import type { FinishedProgram } from "./testing/finished-program.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { hasMembersOf } from "./testing/json-page.ts";
import { programFile } from "./testing/repository.ts";
import { noTerminal, shownProgram } from "./testing/terminal.ts";

type Document = any;

describe("commands of delivery", { skip: goIsMissing() }, () => {
  let delivery: Delivery;
  let url = "";
  before(async () => {
    delivery = await startDelivery();
    await delivery.joinAll(["web-1", "web-2"]);
    await delivery.write(sources("one"));
  });
  after(() => delivery?.[Symbol.asyncDispose]());

  const json = async (...words: readonly string[]): Promise<Document> =>
    JSON.parse(await delivery.succeed(...words, "--json"));
  /** One that must fail, and gives its document all the same. */
  const failingJson = async (
    ...words: readonly string[]
  ): Promise<FinishedProgram & { readonly document: Document }> => {
    const end = await delivery.stoa(...words, "--json");
    assert.equal(end.code, 1, end.stderr);
    return { ...end, document: JSON.parse(end.stdout) };
  };

  test("deploy", async () => {
    const done = await json("deploy", "--label", "1.1");
    hasMembersOf("`stoa deploy`", done);
    assert.deepEqual([done.service, done.version, done.state], ["greeter", "1.1", "succeeded"]);
    url = done.url;
    assert.match((await ask(url)).text, /^one/);
    const begun = await json("deploy", "--label", "1.1", "--detach");
    hasMembersOf("A rollout", begun);
    assert.equal(begun.id, done.rollout);

    await delivery.write(sources("bad", 'panic("no database")'));
    const failed = await failingJson("deploy", "--label", "1.2");
    hasMembersOf("`stoa deploy`", failed.document);
    assert.equal(failed.document.state, "rolled-back");
    assert.match(failed.stderr, /no database/);
    assert.match((await ask(url)).text, /^one/);
  });

  test("list, status, machines, why, history", async () => {
    const list = await json("list");
    for (const service of list) hasMembersOf("`stoa list`", service);
    assert.deepEqual([list[0].running, list[0].machines, list[0].state], [2, 2, "running"]);
    assert.match(
      await delivery.succeed("list"),
      /^SERVICE +ENVIRONMENT +VERSION +INSTANCES +STATE +AGE +URL\ngreeter +production +1\.1 +2\/2 +running +[0-9]+[smhd] +http:/,
    );
    assert.deepEqual(await json("list", "-e", "elsewhere"), []);

    const status = await json("status", "greeter");
    hasMembersOf("`stoa status`", status);
    for (const machine of status.machines) hasMembersOf("`stoa machines`", machine);
    assert.match(await delivery.succeed("status"), /web-1 +[0-9a-f]{12} +running/);

    const machines = await json("machines");
    for (const machine of machines) hasMembersOf("`stoa machines`", machine);
    const { services } = machines[0];
    assert.equal(services.greeter.state, "running");

    const why = await json("why", "web-1");
    hasMembersOf("`stoa machines`", why, "`stoa why`");
    assert.ok(why.decisions.some((one: string) => /greeter 1\.1 .* serves/.test(one)));
    assert.match(await delivery.succeed("why", "web-1"), /greeter 1\.1 \([0-9a-f]{12}\) serves/);

    const history = await json("history", "greeter");
    for (const rollout of history) hasMembersOf("A rollout", rollout);
    assert.deepEqual(
      history.map((one: Document) => [one.version, one.state]),
      [
        ["1.2", "rolled-back"],
        ["1.1", "succeeded"],
      ],
    );
    assert.match(await delivery.succeed("history"), /greeter +production +1\.2 +.* rolled-back/);
  });

  test("logs, from when on, of whom, and as they come", async () => {
    const found = await holds(async () => {
      const lines = linesOf(await delivery.succeed("logs", "greeter", "--since", "1h", "--json"));
      const starting = lines.filter(
        ({ stream, text }) => stream !== "agent" && /starting one/.test(text),
      );
      assert.equal(new Set(starting.map(({ machine }) => machine)).size, 2);
      return lines;
    });
    for (const line of found) hasMembersOf("`stoa logs`", line);
    const of = await delivery.succeed("logs", "greeter", "--machine", "web-2", "--json");
    assert.deepEqual([...new Set(linesOf(of).map(({ machine }) => machine))], ["web-2"]);
    assert.equal(linesOf(await delivery.succeed("logs", "greeter", "-n", "1", "--json")).length, 1);

    // Lines of before may still be on their way.
    const begin = Date.now();
    const since = new Date(begin).toISOString();
    await using following = delivery.stay(["logs", "greeter", "-f", "--since", since], {});
    await using asJson = delivery.stay(["logs", "greeter", "-f", "--since", since, "--json"], {});
    // Who follows is told what comes from then on; until it does it is asked for again.
    await until("a new line to be shown", async () => {
      await ask(`${url.replace(/\/$/, "")}/hear-hear`);
      return [following, asJson].every(({ output }) => /hear-hear/.test(output()));
    });
    assert.match(following.output(), /^\S+Z web-[12] asked for \/hear-hear$/m);
    assert.doesNotMatch(following.output(), /starting one/);
    for (const line of linesOf(asJson.output())) {
      hasMembersOf("`stoa logs`", line);
      assert.ok(Date.parse(line.at) >= begin, line.at);
    }
    assert.equal(await delivery.succeed("logs", "greeter", "--since", "2100-01-01T00:00:00Z"), "");
    const wrong = await delivery.stoa("logs", "greeter", "--since", "yesterday");
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /--since yesterday is no time: say how long ago, such as 10m/);
  });

  test("pause, resume, cancel, abandon, watch", async () => {
    const begin = async (label: string): Promise<string> => {
      await delivery.write(sources(label));
      const wave = ["--strategy", "one-at-a-time", "--bake", "600", "--detach"];
      return (await delivery.succeed("deploy", "--label", label, ...wave)).trim();
    };
    const waves = async (id: string): Promise<Document> => {
      const rollouts = await json("history", "greeter");
      return rollouts.find((one: Document) => one.id === id);
    };
    const first = await begin("2.1");
    const paused = await json("pause", "greeter", "--reason", "lunch");
    hasMembersOf("A rollout", paused);
    assert.deepEqual([paused.id, paused.held], [first, true]);
    assert.match(paused.sentence, /paused by admin \(lunch\)/);
    assert.match(await delivery.succeed("history"), / paused /);
    const resumed = await json("resume", first);
    hasMembersOf("A rollout", resumed);
    assert.equal(resumed.held, false);
    await until("the first machine to have moved", async () => {
      const { machines } = await waves(first);
      return machines["web-1"].state === "moved";
    });
    const cancelled = await json("cancel", "greeter");
    hasMembersOf("A rollout", cancelled);
    const watched = await failingJson("watch", first);
    hasMembersOf("A rollout", watched.document);
    assert.equal(watched.document.state, "cancelled");
    assert.deepEqual(
      Object.values(watched.document.machines).map((one: Document) => one.state),
      ["returned", "skipped"],
    );
    assert.match((await ask(url)).text, /^one/);
    for (const word of ["pause", "resume", "cancel", "abandon"]) {
      const late = await delivery.stoa(word, first);
      assert.equal(late.code, 1);
      assert.match(late.stderr, new RegExp(`${word} comes too late: rollout .* is cancelled`));
      const nothing = await delivery.stoa(word, "greeter");
      assert.match(nothing.stderr, /no rollout of greeter runs; stoa history greeter shows all/);
    }

    const second = await begin("2.2");
    const abandoned = await json("abandon", "greeter");
    hasMembersOf("A rollout", abandoned);
    assert.deepEqual([abandoned.id, abandoned.state], [second, "cancelled"]);
    assert.match(abandoned.sentence, /every machine stays as it is/);
  });

  test("rollback, and forward again", async () => {
    await delivery.write(sources("three"));
    await delivery.succeed("deploy", "--label", "3");
    const back = await json("rollback", "greeter", "--reason", "three is worse");
    hasMembersOf("A rollout", back);
    assert.deepEqual([back.kind, back.version, back.state], ["rollback", "1.1", "succeeded"]);
    assert.equal(back.reason, "three is worse");
    assert.match((await ask(url)).text, /^one/);
    assert.equal((await json("rollback", "greeter")).version, "3");
  });

  test("deploy, on a terminal: what is built and rolled out as it happens, in colours, and the URL last", {
    skip: noTerminal,
  }, async () => {
    await delivery.write(sources("four"));
    const token = readFileSync(join(delivery.controlRoot, "admin-token"), "utf8").trim();
    const words = [programFile, "deploy", "--label", "4"];
    const { code, written } = await shownProgram(process.execPath, words, {
      cwd: delivery.project,
      limitMs: 120_000,
      env: { ...process.env, STOA_SERVER: delivery.url, STOA_TOKEN: token },
    });
    assert.equal(code, 0, written);
    const lines = written.trim().split("\r\n");
    for (const [at, line] of [
      /^building example\.com\/greeter 4 for linux\//,
      /greeter.* 4 is revision [0-9a-f]{12}$/,
      /^uploading 1 file, /,
      /wave 1 is open: web-1, web-2/,
      /^web-[12]: moved: it runs as process [0-9]+$/,
      /succeeded: 2 machines moved to /,
      /greeter 4 runs on 2 machines of production \([0-9.]+ s\)$/,
    ].entries()) {
      const found = lines.findIndex((one) => line.test(one));
      assert.ok(found >= at, `${line} is not where it should be:\n${written}`);
    }
    assert.ok(written.includes("\u001b[1mgreeter\u001b[0m"), "in colours");
    assert.equal(lines.at(-1), url);
  });

  test("diff", async () => {
    const rollouts = await json("history", "greeter");
    const { revision } = rollouts.find(({ version }: Document) => version === "1.1");
    const words = ["diff", revision, "production", "--service", "greeter"];
    const difference = await json(...words);
    hasMembersOf("`stoa diff`", difference);
    assert.equal(difference.from, revision);
    assert.ok(difference.facts.some(({ name }: Document) => name === "version"));
    const shown = await delivery.succeed(...words);
    assert.match(shown, /^greeter 1\.1 \([0-9a-f]{12}\) → [34] \([0-9a-f]{12}\)\n/);
    assert.match(shown, /^version: 1\.1 → [34]$/m);
    assert.match(shown, /^file greeter: [0-9a-f]{12} 755 → [0-9a-f]{12} 755$/m);
    const wrong = await delivery.stoa("diff", "production", "nowhere", "--service", "greeter");
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /no single revision nowhere/);
  });

  test("lint and local", async () => {
    assert.deepEqual(await json("lint"), []);
    await delivery.write({
      "bundle/appspec.yml":
        "version: 0.0\nos: linux\nfiles:\n  - source: page.txt\n    destination: /opt/shop\nhooks:\n  AfterInstall:\n    - location: after.sh\n      timeout: 20\n  ValidateService:\n    - location: validate.sh\n      timeout: 20\n",
      "bundle/page.txt": "a page\n",
      "bundle/after.sh": '#!/bin/sh\necho "at $LIFECYCLE_EVENT"\n',
      "bundle/validate.sh": "#!/bin/sh\nexit 3\n",
    });
    const said = await json("lint", "bundle");
    for (const one of said) hasMembersOf("`stoa lint`", one);
    assert.ok(said.some(({ sentence }: Document) => /after.sh is not executable/.test(sentence)));
    await delivery.write({ "wrong/appspec.yml": "version: 1.0\nos: linux\n" });
    const wrong = await failingJson("lint", "wrong");
    assert.ok(wrong.document.some(({ severity }: Document) => severity === "error"));
    assert.match(wrong.stderr, /appspec\.yml must be mended before it can be deployed/);

    const target = join(delivery.project, "machine");
    mkdirSync(target);
    await delivery.write({
      "gap/appspec.yml":
        "version: 0.0\nos: linux\nfiles:\n  - source: page.txt\n    destination: /opt\nhooks:\n  AfterInstall:\n    - location: gone.sh\n",
      "gap/page.txt": "a page\n",
    });
    const gap = await delivery.stoa("local", "-l", "gap", "--target-root", target);
    assert.equal(gap.code, 1);
    assert.match(gap.stderr, /gone\.sh is not in the bundle\n.*an error; nothing was touched/);
    assert.equal(existsSync(join(target, "opt")), false);
    const words = ["local", "-l", "bundle", "--target-root", target, "--root", "remembered"];
    const ran = await failingJson(...words);
    hasMembersOf("`stoa local`", ran.document);
    assert.deepEqual(
      ran.document.events
        .filter(({ event }: Document) => ["AfterInstall", "ValidateService"].includes(event))
        .map(({ event, state, code }: Document) => [event, state, code]),
      [
        ["AfterInstall", "Succeeded", 0],
        ["ValidateService", "Failed", 4],
      ],
    );
    assert.equal(readFileSync(join(target, "opt", "shop", "page.txt"), "utf8"), "a page\n");
    assert.match(readFileSync(ran.document.scriptsLog, "utf8"), /\[stdout\]at AfterInstall/);
    const shown = await delivery.stoa(...words);
    assert.equal(shown.code, 1);
    assert.match(shown.stdout, /ValidateService +Failed +.*ended with exit code 3/);
  });

  test("settings, keys, tokens, the audit log", async () => {
    const of = ["--service", "greeter"];
    for (const words of [
      ["set", ...of, "A=1", "B=2"],
      ["unset", ...of, "A"],
      ["list", ...of],
    ]) {
      hasMembersOf("`stoa env set`, `unset`, `list`", await json("env", ...words));
    }
    assert.deepEqual((await json("env", "list", ...of)).names, ["B"]);
    hasMembersOf("`stoa env rotate`", await json("env", "rotate"));
    hasMembersOf("`stoa env key`", await json("env", "key"));
    hasMembersOf("`stoa key`", await json("key"));
    const made = "`stoa token create`, `join`";
    hasMembersOf(made, await json("token", "create", "ci", "--role", "deploy", "--days", "1"));
    hasMembersOf(made, await json("token", "join", "--tags", "role=web"));
    for (const one of await json("token", "list")) {
      hasMembersOf(made, { token: "", ...one });
      assert.ok(!("token" in one));
    }
    const entries = await json("audit");
    for (const entry of entries) hasMembersOf("`stoa audit`", entry);
    const actions = new Set(entries.map(({ action }: Document) => action));
    for (const action of ["rollout.deploy", "rollout.pause", "rollout.resume", "rollout.cancel"])
      assert.ok(actions.has(action), `${action} is not among ${[...actions].join(", ")}`);
  });
});

function sources(word: string, before = ""): Readonly<Record<string, string>> {
  return {
    "go.mod": "module example.com/greeter\n\ngo 1.21\n",
    "stoa.toml": 'port = 0\nhold = "0ms"\nstrategy = "all-at-once"\n',
    "main.go": `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	fmt.Println("starting ${word}")
	${before}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked for", r.URL.Path)
		fmt.Fprintln(w, "${word}")
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
`,
  };
}

/** The last line of what is still being said may not be whole yet. */
function linesOf(text: string): readonly Document[] {
  return text
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}
