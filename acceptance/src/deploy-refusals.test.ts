// What is sure to fail on a machine, or is not allowed: stoa deploy says so in one sentence, and what served goes on untouched.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, startDelivery, type TestMachine } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";

describe("what cannot be deployed", { skip: goIsMissing() }, () => {
  let delivery: Delivery;
  let machine: TestMachine;
  let served = "";
  before(async () => {
    delivery = await startDelivery();
    machine = await delivery.join("web-1");
    await delivery.write(sources("one"));
    await delivery.succeed("deploy", "--label", "1");
    served = await answer();
  });
  after(() => delivery?.[Symbol.asyncDispose]());

  /** Its words, and the number of its process. */
  const answer = async (): Promise<string> => {
    const journal = join(machine.root, "services", "greeter", "journal");
    const { ports } = JSON.parse(await readFile(journal, "utf8")).journal;
    return await (await fetch(`http://127.0.0.1:${ports.http}/`)).text();
  };
  const refused = async (sentence: RegExp, ...words: readonly string[]): Promise<void> => {
    const { code, stdout, stderr } = await delivery.stoa(...words);
    assert.equal(code, 1, stderr);
    assert.equal(stdout, "");
    const last = stderr.trimEnd().split("\n").at(-1) ?? "";
    assert.match(last, sentence);
    assert.equal(await answer(), served, "it was touched");
  };

  test("a port that somebody has: who, on which machine, and what to do", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    await delivery.write({ ...sources("two"), "stoa.toml": `port = ${address.port}\n` });
    try {
      await refused(
        new RegExp(
          `greeter 2 does not run in production: web-1 failed: greeter 2: :${address.port} is taken by .* \\(process [0-9]+\\); end that, or give greeter another port \\(stoa.toml: port\\)`,
        ),
        ...["deploy", "--label", "2"],
      );
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test("a user that the machine does not have", async () => {
    await delivery.write({ ...sources("two"), "stoa.toml": 'port = 0\nuser = "nobody-of-here"\n' });
    await refused(
      /web-1 failed: greeter 3: there is no user nobody-of-here on this machine; create it, or name another/,
      ...["deploy", "--label", "3"],
    );
    await delivery.write({ "stoa.toml": 'port = 0\nuser = "two words"\n' });
    await refused(/user must be a user name or number/, "deploy", "--label", "3");
  });

  test("limits that a program cannot live with, and what is said of those that do not hold everywhere", async () => {
    await delivery.write({ ...sources("two"), "stoa.toml": 'port = 0\nlimits.memory = "1MiB"\n' });
    await refused(/web-1 failed: greeter 4: the rehearsal /, "deploy", "--label", "4");
    await delivery.write({
      "stoa.toml":
        'port = 0\nlimits = { cpu = "50%", memory = "1GiB", files = 333, processes = 999 }\n',
    });
    for (const command of ["lint", "deploy"]) {
      const { code, stderr } = await delivery.stoa(command);
      assert.equal(code, 0, stderr);
      assert.match(
        stderr,
        /^stoa\.toml: limits\.cpu holds only where systemd runs the processes$/m,
      );
      assert.match(stderr, /^stoa\.toml: limits\.processes holds only where .*; name a user$/m);
    }
    served = await answer();
    assert.match(served, /files=333 data=1073741824 GOMEMLIMIT=966367641/);
    assert.match(
      await delivery.succeed("why", "web-1"),
      /greeter may use more than 50 % of a processor: that limit holds only where systemd runs/,
    );
  });

  test("a bundle whose script is not in it, or whose appspec is broken", async () => {
    for (const [appspec, sentence] of [
      [
        "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: nothing.sh\n",
        /appspec\.yml has an error; nothing was touched/,
      ],
      ["version: 0.0\nos: lunix\n", /appspec\.yml has an error; nothing was touched/],
      ["}{", /appspec\.yml has .*error.*; nothing was touched/],
    ] as const) {
      await delivery.write({ "bundle/appspec.yml": appspec });
      await refused(sentence, "deploy", "bundle", "--service", "greeter");
    }
  });

  test("a token whose time is over, of a person and of a machine", async () => {
    const { token, notAfter } = JSON.parse(
      await delivery.succeed(
        "token",
        "create",
        "ci",
        "--role",
        "deploy",
        "--days",
        "0.00001",
        "--json",
      ),
    );
    const join = JSON.parse(await delivery.succeed("token", "join", "--hours", "0.0003", "--json"));
    await until("both to expire", () =>
      [notAfter, join.notAfter].every((end) => Date.now() > Date.parse(end) + 1_000),
    );
    await using person = delivery.stay(["deploy"], {
      STOA_SERVER: delivery.url,
      STOA_TOKEN: token,
    });
    await using agent = delivery.stay(
      ["agent", "--server", delivery.url, "--name", "late", "--root", "late"],
      { STOA_JOIN_TOKEN: join.token },
    );
    await until("the person to be told", () => /expired/.test(person.output()));
    await until("the machine to be told", () => /expired/.test(agent.output()));
    assert.match(
      person.output(),
      /the token [0-9a-f]+ expired at .*; ask for a new one, which stoa token create makes/,
    );
    assert.match(
      agent.output(),
      /the token [0-9a-f]+ expired at .*; make a new one with: stoa token join/,
    );
    assert.equal(await answer(), served);
    assert.doesNotMatch(await delivery.succeed("machines"), /late/);
  });
});

/** A program that says which limits it has. */
function sources(word: string): Readonly<Record<string, string>> {
  return {
    "go.mod": "module example.com/greeter\n\ngo 1.21\n",
    "stoa.toml": "port = 0\n",
    "main.go": `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"syscall"
)

func main() {
	var files, data syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files)
	_ = syscall.Getrlimit(syscall.RLIMIT_DATA, &data)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "${word} %d files=%d data=%d GOMEMLIMIT=%s\\n",
			os.Getpid(), files.Cur, data.Cur, os.Getenv("GOMEMLIMIT"))
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
`,
  };
}
