// Programs that do not hold: each ends the command with what it last said on the screen, and the old version serves on.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Delivery, startDelivery } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";

/** A program that is broken in some way. */
interface Broken {
  readonly how: string;
  /** What its main does first, in Go. */
  readonly begins?: string;
  /** What it does with a question about its health. */
  readonly health?: string;
  /** Is found out where no client is, so that the process that serves is never touched. */
  readonly isRehearsed: boolean;
  readonly words?: readonly string[];
  /** Why it is refused. */
  readonly why: RegExp;
}

const broken: readonly Broken[] = [
  {
    how: "answers 500 to the question about its health",
    health: 'http.Error(w, "no database", 500)',
    isRehearsed: true,
    why: /was not healthy within 4 s: it answers with status 500/,
  },
  {
    how: "never answers it",
    health: "<-r.Context().Done()",
    isRehearsed: true,
    why: /was not healthy within 4 s/,
  },
  {
    how: "does not listen",
    begins: "time.Sleep(time.Hour)",
    isRehearsed: true,
    why: /took no connection within 4 s, .*; listen on \$PORT/,
  },
  {
    how: "listens elsewhere than at $PORT",
    begins: 'os.Setenv("PORT", "0")',
    isRehearsed: true,
    why: /took no connection within 4 s, .*; listen on \$PORT/,
  },
  { how: "ends at once", begins: "os.Exit(3)", isRehearsed: true, why: /ended with .*3/ },
  {
    how: "crashes at its start",
    begins: 'var none *http.Server; none.Addr = ""',
    isRehearsed: true,
    why: /ended with .*2/,
  },
  {
    how: "answers well where it is rehearsed, and 500 where it serves",
    health: 'if os.Getenv("REHEARSAL") == "" { http.Error(w, "no database", 500) }',
    isRehearsed: false,
    why: /was not healthy within 4 s: it answers with status 500/,
  },
  {
    how: "is well for a moment, and ends while it is looked at",
    begins:
      'if os.Getenv("REHEARSAL") == "" { time.AfterFunc(2*time.Second, func() { os.Exit(4) }) }',
    isRehearsed: false,
    words: ["--bake", "90"],
    why: /ended with .*4/,
  },
];

describe("stoa deploy of a program that", { skip: goIsMissing() }, () => {
  let delivery: Delivery;
  let url = "";
  before(async () => {
    delivery = await startDelivery();
    await delivery.join("web-1");
    await delivery.write(programOf({}));
    url = await delivery.succeed("deploy", "--label", "good");
  });
  after(async () => await delivery?.[Symbol.asyncDispose]());

  for (const { how, isRehearsed, why, words = [], ...rest } of broken) {
    test(how, async () => {
      const serving = await answerOf(url);
      assert.match(serving, /^good [0-9]+$/);
      await delivery.write(programOf(rest));
      const { code, stdout, stderr } = await delivery.stoa("deploy", "--label", "bad", ...words);
      assert.equal(code, 1, stderr);
      assert.equal(stdout, "");
      assert.match(stderr.trimEnd().split("\n").at(-1) ?? "", why);
      assert.equal(stderr.match(new RegExp(why, "g"))?.length, 1, stderr);
      assert.match(stderr, /stoa logs greeter -e production --machine web-1 shows/);
      assert.match(stderr, /^ {2}web-1 \| bad begins$/m, "its last lines are shown");
      const now = await answerOf(url);
      if (isRehearsed) assert.equal(now, serving, "the same process serves");
      else assert.match(now, /^good [0-9]+$/);
      assert.match(await delivery.succeed("list"), /greeter .*good/);
    });
  }
});

/** Answers with its version and process; says where it begins. */
function programOf({
  begins = "",
  health = "",
}: Pick<Broken, "begins" | "health">): Readonly<Record<string, string>> {
  return {
    "go.mod": "module example.com/greeter\n\ngo 1.21\n",
    "stoa.toml": 'port = 0\nhealth = "/health"\nstart_within = "4s"\n',
    "main.go": `package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

var began = time.Now()

func main() {
	version := os.Getenv("RELEASE_VERSION")
	fmt.Println(version, "begins")
	${begins}
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		${health}
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, version, " ", os.Getpid())
	})
	fmt.Println(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
`,
  };
}

async function answerOf(url: string): Promise<string> {
  return (await ask(url.trim())).text;
}
