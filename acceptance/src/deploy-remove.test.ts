// stoa remove: the program ends, its address is closed, nothing but its history names it, and deploying it again works.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, startDelivery, type TestMachine } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { hasMembersOf } from "./testing/json-page.ts";

describe("stoa remove", { skip: goIsMissing() }, () => {
  let delivery: Delivery;
  let machine: TestMachine;
  let url = "";
  before(async () => {
    delivery = await startDelivery();
    machine = await delivery.join("web-1");
    await delivery.write(program);
    await delivery.succeed("env", "set", "--service", "greeter", "COLOUR=azure");
    url = (await delivery.succeed("deploy", "--label", "1.1")).trim();
  });
  after(() => delivery?.[Symbol.asyncDispose]());

  test("says first what it would do, and does nothing", async () => {
    const said = await delivery.succeed("remove", "greeter");
    assert.match(
      said,
      /^would remove greeter 1\.1 \([0-9a-f]{12}\) from production: web-1 to stop it; its settings COLOUR are forgotten\nnothing has been removed: add --yes to do it\n$/,
    );
    const document = JSON.parse(await delivery.succeed("remove", "greeter", "--json"));
    hasMembersOf("`stoa remove`", document);
    assert.deepEqual([document.removed, document.remaining], [false, ["web-1"]]);
    assert.match((await ask(url)).text, /^azure [0-9]+$/);
    assert.match(await delivery.succeed("list"), /greeter .*running/);
  });

  test("a name that is not known is refused with the one that is", async () => {
    const { code, stderr, stdout } = await delivery.stoa("remove", "greter", "--yes");
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /greter is not deployed to production, what is: greeter; greeter is probably meant/,
    );
  });

  test("the program ends, its address is closed, and nothing lists it", async () => {
    const process = await processAt(url);
    const words = ["remove", "greeter", "--yes", "--reason", "a slip", "--json"];
    const { code, stdout, stderr } = await delivery.stoa(...words);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^web-1 has stopped it$/m);
    assert.match(stderr, /greeter is not in production any more/);
    const document = JSON.parse(stdout);
    hasMembersOf("`stoa remove`", document);
    assert.deepEqual([document.removed, document.remaining], [true, []]);
    await assertGone(process, url);
    assert.doesNotMatch(await delivery.succeed("list"), /greeter/);
    assert.doesNotMatch(await delivery.succeed("machines"), /greeter/);
    const status = await delivery.stoa("status", "greeter");
    assert.equal(status.code, 1);
    assert.match(status.stderr, /greeter is not deployed anywhere; stoa list shows all/);
    assert.equal(await delivery.succeed("env", "list", "--service", "greeter"), "");
    assert.match(
      await delivery.succeed("history", "greeter"),
      /greeter +production +1\.1 +[0-9a-f]{12} +removal +removed +\S+ +admin +a slip\n.* deploy +succeeded/,
    );
    assert.match(await delivery.succeed("why", "web-1"), /greeter should not run here any more/);
    const again = await delivery.stoa("remove", "greeter", "--yes");
    assert.match(again.stderr, /greeter was removed from production at .* by admin \(a slip\)/);
    assert.equal(again.code, 1);
  });

  test("neither the server nor the machine bring it back when they start again", async () => {
    await machine.killAgent();
    await delivery.killControl();
    await delivery.startControl();
    const began = new Date().toISOString();
    machine.startAgent();
    await until("the machine to say anew that it stays stopped", async () => {
      const [now] = JSON.parse(await delivery.succeed("machines", "--json"));
      return now.heardAt > began && now.services.greeter?.state === "stopped";
    });
    assert.doesNotMatch(await delivery.succeed("list"), /greeter/);
    await assert.rejects(ask(url));
  });

  test("deployed again it runs, without what was set before; the way back undoes a removal", async () => {
    url = (await delivery.succeed("deploy", "--label", "1.1")).trim();
    assert.match((await ask(url)).text, /^none [0-9]+$/);
    const process = await processAt(url);
    await delivery.succeed("remove", "greeter", "--yes");
    await assertGone(process, url);
    url = (await delivery.succeed("rollback", "greeter")).trim();
    assert.match((await ask(url)).text, /^none [0-9]+$/);
    assert.match(await delivery.succeed("list"), /greeter +production +1\.1 +1\/1 +running/);
  });
});

/** Answers with its colour and its process. */
const program = {
  "go.mod": "module example.com/greeter\n\ngo 1.21\n",
  "stoa.toml": "port = 0\n",
  "main.go": `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	colour := os.Getenv("COLOUR")
	if colour == "" {
		colour = "none"
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, colour, " ", os.Getpid())
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
`,
};

async function processAt(url: string): Promise<string> {
  const process = /[0-9]+$/.exec((await ask(url)).text)?.[0] ?? "";
  assert.ok(existsSync(`/proc/${process}`));
  return process;
}

async function assertGone(process: string, url: string): Promise<void> {
  assert.equal(existsSync(`/proc/${process}`), false, "it runs");
  await assert.rejects(ask(url), { code: "ECONNREFUSED" });
}
