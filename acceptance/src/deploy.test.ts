// A new user's ten minutes: stoa deploy in a folder with a Go program, against a real server and real agents.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { test } from "node:test";
import { moduleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import { holds, until } from "./testing/bounded-wait.ts";
import { type Delivery, greeter, startDelivery } from "./testing/delivery.ts";
import { finishedProgram } from "./testing/finished-program.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";

const skip = goIsMissing();

test("stoa deploy builds, rolls out and prints the URL of the service, and nothing else when piped", {
  skip,
}, async () => {
  await using delivery = await deliveryWith("web-1");
  await delivery.write(greeter("hello"));
  const first = await delivery.stoa("deploy");
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^http:\/\/localhost:[0-9]+\n$/);
  assert.equal(await answerOf(first.stdout), "hello \n");

  const again = await delivery.stoa("deploy");
  assert.equal(again.code, 0, again.stderr);
  assert.equal(again.stdout, first.stdout);
  assert.match(again.stderr, /is what production runs already/);

  const [service] = JSON.parse(await delivery.succeed("list", "--json"));
  assert.deepEqual(
    [service.service, service.environment, service.state, service.running, service.machines],
    ["greeter", "production", "running", 1, 1],
  );
  assert.match(await delivery.succeed("why", "web-1"), /greeter/);
  await holds(async () => {
    const lines = await delivery.succeed("logs", "greeter", "--since", "1h");
    assert.match(lines, /^\S+Z web-1 starting$/m);
  });
});

test("what a program requires comes through the server's own proxy", { skip }, async () => {
  const module = await moduleFixture(
    'module example.com/words@v1.0.0\n-- go.mod --\nmodule example.com/words\n\ngo 1.21\n-- words.go --\npackage words\n\nconst Welcome = "welcome"\n',
  );
  await using upstream = await fixtureProxy([module]);
  await using delivery = await startDelivery({ env: { GOPROXY: upstream.url } });
  await delivery.join("web-1");
  const files = greeter("hello");
  await delivery.write({
    ...files,
    "go.mod": `${files["go.mod"]}\nrequire example.com/words v1.0.0\n`,
    "main.go": (files["main.go"] ?? "")
      .replace('"time"\n', '"time"\n\n\t"example.com/words"\n')
      .replace('"hello"', "words.Welcome"),
  });
  assert.equal(await answerOf(await delivery.succeed("deploy")), "welcome \n");
  assert.ok(upstream.requests.some(({ path }) => path === "/example.com/words/@v/v1.0.0.zip"));
});

test("a program that crashes leaves the old one serving, and its last lines on the screen", {
  skip,
}, async () => {
  await using delivery = await deliveryWith("web-1");
  await delivery.write(greeter("good"));
  const url = await delivery.succeed("deploy");
  await delivery.write(greeter("bad", 'fmt.Println("cannot find its database"); os.Exit(3)'));
  const { code, stdout, stderr } = await delivery.stoa("deploy");
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /cannot find its database/);
  assert.equal(stderr.match(/\| starting$/gm)?.length, 1, "the old one's words are not among them");
  assert.match(stderr, /went back/);
  assert.equal(await answerOf(url), "good \n");
  await delivery.write(greeter("good"));
  assert.equal((await delivery.stoa("deploy")).code, 0);
});

test("a program that does not listen fails in bounded time", { skip }, async () => {
  await using delivery = await deliveryWith("web-1");
  await delivery.write({
    ...greeter("deaf", "time.Sleep(time.Hour)"),
    "stoa.toml": 'port = 0\nstart_within = "3s"\n',
  });
  const { code, stderr } = await delivery.stoa("deploy");
  assert.equal(code, 1);
  assert.match(stderr, /starting/);
  assert.doesNotMatch(stderr, /deadlock/);
});

test("a machine that joins late gets what the others run", { skip }, async () => {
  await using delivery = await deliveryWith("web-1");
  await delivery.write(greeter("hello"));
  await delivery.succeed("deploy");
  const [{ revision }] = JSON.parse(await delivery.succeed("list", "--json"));
  await delivery.join("web-2");
  await until("the second machine to run it", async () => {
    const [service] = JSON.parse(await delivery.succeed("list", "--json"));
    return service.running === 2 && service.machines === 2 && service.revision === revision;
  });
  assert.equal(JSON.parse(await delivery.succeed("history", "--json")).length, 1);
});

test("stoa rollback goes back to what ran before, and forward again", { skip }, async () => {
  await using delivery = await deliveryWith("web-1");
  await delivery.write(greeter("one"));
  const url = await delivery.succeed("deploy", "--label", "1.1");
  await delivery.write(greeter("two"));
  await delivery.succeed("deploy", "--label", "1.2");
  assert.equal(await answerOf(url), "two \n");
  await delivery.succeed("rollback", "greeter", "--reason", "two is worse");
  assert.equal(await answerOf(url), "one \n");
  const history = JSON.parse(await delivery.succeed("history", "greeter", "--json"));
  assert.deepEqual(
    history.map(({ kind, version, state }: Record<string, string>) => [kind, version, state]),
    [
      ["rollback", "1.1", "succeeded"],
      ["deploy", "1.2", "succeeded"],
      ["deploy", "1.1", "succeeded"],
    ],
  );
});

test("all of it through TLS: commands, agents and the build", { skip }, async () => {
  await using delivery = await startDelivery({ tls: true });
  assert.match(delivery.url, /^https:/);
  await delivery.join("web-1");
  await delivery.write(greeter("hello"));
  const url = await delivery.succeed("deploy");
  assert.equal(await answerOf(url), "hello \n");
});

test("settings reach the service with the next deployment, and are never shown", {
  skip,
}, async () => {
  await using delivery = await deliveryWith("web-1");
  await delivery.write(greeter("sky"));
  const url = await delivery.succeed("deploy");
  await delivery.succeed("env", "set", "--service", "greeter", "COLOUR=azure");
  assert.equal(await answerOf(url), "sky \n");
  await delivery.succeed("deploy");
  assert.equal(await answerOf(url), "sky azure\n");
  const shown = await Promise.all([
    delivery.succeed("env", "list", "--service", "greeter", "--json"),
    delivery.succeed("history", "--json"),
    delivery.succeed("status", "--json"),
    delivery.succeed("why", "web-1", "--json"),
    delivery.succeed("audit", "--json"),
  ]);
  assert.match(shown[0], /COLOUR/);
  for (const text of shown) assert.doesNotMatch(text, /azure/);
});

test("one machine after the other: the first that fails ends it, and the rest is untouched", {
  skip,
}, async () => {
  await using delivery = await deliveryWith("web-1", "web-2", "web-3");
  await delivery.write({
    ...greeter("good"),
    "stoa.toml": 'port = 0\nstrategy = "one-at-a-time"\n',
  });
  await delivery.succeed("deploy");
  const before = await revisions(delivery);
  await delivery.write(greeter("bad", "os.Exit(3)"));
  assert.equal((await delivery.stoa("deploy")).code, 1);
  assert.deepEqual(await revisions(delivery), before);
  const [failed] = JSON.parse(await delivery.succeed("history", "--json"));
  assert.equal(failed.state, "rolled-back");
  assert.deepEqual(
    Object.values(failed.machines as Record<string, { state: string }>).map(({ state }) => state),
    ["returned", "skipped", "skipped"],
  );
});

test("the control plane killed in the middle of a rollout carries it on when it is back", {
  skip,
}, async () => {
  await using delivery = await deliveryWith("web-1", "web-2");
  await delivery.write({ ...greeter("good"), "stoa.toml": 'port = 0\nbake = "2s"\n' });
  const rollout = (await delivery.succeed("deploy", "--detach")).trim();
  await delivery.killControl();
  await delivery.startControl();
  const shown = await delivery.succeed("watch", rollout);
  assert.match(shown, /^http/);
  assert.equal(JSON.parse(await delivery.succeed("history", "--json"))[0].state, "succeeded");
  assert.match(await delivery.succeed("audit", "verify"), /in order/);
});

async function deliveryWith(...names: readonly string[]): Promise<Delivery> {
  const delivery = await startDelivery();
  try {
    for (const name of names) await delivery.join(name);
    return delivery;
  } catch (failure) {
    await delivery[Symbol.asyncDispose]();
    throw failure;
  }
}

async function answerOf(url: string): Promise<string> {
  return (await ask(url.trim())).text;
}

async function revisions(delivery: Delivery): Promise<readonly string[]> {
  const machines = JSON.parse(await delivery.succeed("machines", "--json"));
  return machines.map(
    ({ services }: { services: Record<string, { running: string } | undefined> }) =>
      services["greeter"]?.running,
  );
}

test("a CodeDeploy bundle is deployed as it is, by its own scripts", { skip }, async () => {
  await using delivery = await deliveryWith("web-1");
  const target = `${delivery.project}/installed`;
  await delivery.write({
    "bundle/appspec.yml": `version: 0.0
os: linux
files:
  - source: page.txt
    destination: ${target}
hooks:
  AfterInstall:
    - location: scripts/after.sh
      timeout: 30
`,
    "bundle/page.txt": "from the bundle\n",
    "bundle/scripts/after.sh": `#!/bin/sh\necho "$LIFECYCLE_EVENT" > ${target}/event\n`,
  });
  await packed(delivery, "shop.tar.gz");
  assert.match(await delivery.succeed("lint", "shop.tar.gz"), /in order/);
  await delivery.succeed("deploy", "shop.tar.gz", "--service", "shop", "--label", "1.214");
  assert.equal(await readFile(`${target}/page.txt`, "utf8"), "from the bundle\n");
  assert.equal(await readFile(`${target}/event`, "utf8"), "AfterInstall\n");
  const [service] = JSON.parse(await delivery.succeed("list", "--json"));
  assert.deepEqual([service.service, service.version, service.state], ["shop", "1.214", "running"]);
});

test("bad input is refused in one sentence, before anything is touched", { skip }, async () => {
  await using delivery = await startDelivery();
  await delivery.write(greeter("hello"));
  const refused = async (pattern: RegExp, ...words: readonly string[]): Promise<void> => {
    const { code, stdout, stderr } = await delivery.stoa(...words);
    assert.equal(code, 1, `${words.join(" ")}: ${stderr}`);
    assert.equal(stdout, "");
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /\n\s+at /);
  };
  await refused(/no machine has joined production; .* stoa token join/, "deploy");
  await delivery.join("web-1", "role=web");
  await refused(
    /none of the 1 machines of production has the tags role=db/,
    "deploy",
    "--tags",
    "role=db",
  );
  await refused(/none of all-at-once, half/, "deploy", "--strategy", "gently");
  await refused(/cannot be a version/, "deploy", "--label", "one two");
  await refused(/no machine has joined tset/, "deploy", "-e", "tset");
  await refused(/nothing.zip is not there/, "deploy", "nothing.zip");
  await refused(/has run nothing else/, "rollback", "greeter");
  await refused(/no machine web-9 has joined/, "why", "web-9");
  await delivery.write({ "stoa.toml": "prot = 80\n" });
  await refused(/stoa.toml: there is no key prot/, "deploy");
  await delivery.write({ "stoa.toml": "port = \n" });
  await refused(/stoa.toml:1:/, "deploy");
  await delivery.write({
    "stoa.toml": "",
    "main.go": "package main\n\nfunc main() { undefined() }\n",
  });
  await refused(/does not build: .*undefined: undefined/, "deploy");
  await delivery.write({
    "bundle/appspec.yml": "version: 0.0\nos: linux\nhooks:\n  Afterinstall:\n    - location: x\n",
  });
  await packed(delivery, "broken.tar.gz");
  await refused(
    /appspec.yml:[0-9]+:[0-9]+: error: Afterinstall is no event/,
    "deploy",
    "broken.tar.gz",
  );
  await delivery.write({ "broken.zip": "PK\u0003\u0004 nothing of the kind" });
  await refused(/broken.zip is damaged/, "deploy", "broken.zip");
  assert.deepEqual(JSON.parse(await delivery.succeed("list", "--json")), []);
});

async function packed({ project }: Delivery, name: string): Promise<void> {
  const words = ["-czf", name, "-C", "bundle", "."];
  const { code, stderr } = await finishedProgram("tar", words, { cwd: project, env: process.env });
  assert.equal(code, 0, stderr);
}
