// What people get wrong at the command line: one sentence that names the thing and the next step, at once, and nothing is touched.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { type Delivery, greeter, startDelivery } from "./testing/delivery.ts";

/** What is typed, and what is said about it. */
const slips: readonly (readonly [string, RegExp])[] = [
  ["deplyo", /unknown command 'deplyo'.*Did you mean deploy/s],
  ["deploy --bogus", /unknown option '--bogus'.*stoa deploy --help/s],
  ["diff production", /stoa diff --help/],
  ["rollback", /missing required argument 'service'.*stoa rollback --help/s],
  ["status", /nothing is deployed anywhere yet; stoa deploy does it/],
  ["status shop", /shop is not deployed anywhere; stoa list shows all/],
  ["status shop -e staging", /shop is not deployed to staging; stoa list shows all/],
  ["logs shop", /shop was never deployed to production; stoa list/],
  ["logs shop --lines many", /'many' is invalid\. it must be a whole number from 1 to/],
  ["logs shop --since soon", /--since soon is no time: say how long ago, such as 10m/],
  ["history shop", /shop was never deployed; stoa list/],
  ["why web-9", /no machine web-9 has joined; stoa machines/],
  ["machines remove web-9", /no machine web-9 has joined; stoa machines/],
  ["rollback shop", /shop has run nothing else in production to go back to/],
  ["rollback shop --to yesterday", /revision must be the id of a revision.* stoa history/],
  ["pause shop", /there is no rollout shop; stoa history/],
  ["deploy -e a/b", /--environment "a\/b": it must be of a-z, 0-9 and -/],
  ["deploy --service Shop", /--service "Shop": it must be of a-z, 0-9 and -/],
  ["deploy --strategy boldly", /"boldly" is none of all-at-once/],
  ["deploy --bake soon", /it must be a number of seconds, such as 60/],
  ["deploy -e staging", /no machine has joined staging; .* stoa token join --environment staging/],
  ["deploy nothing.zip", /nothing\.zip is not there/],
  ["promote shop --from staging --to production", /shop does not run in staging; stoa list/],
  ["promote shop --from production --to production", /name another environment with --to/],
  ["key make nowhere/k.key", /nowhere\/k\.key cannot be written: there is no such folder/],
  ["login http://127.0.0.1:9 --token-file none", /be read from none: there is no such file/],
  ["package --output nowhere/x.deb", /x\.deb cannot be written: there is no such folder/],
  ["local -l . --target-root nowhere", /there is no folder .*nowhere: make it first/],
  ["token join --hours soon", /'soon' is invalid\. it must be a number above zero/],
  ["token join --hours 0", /'0' is invalid/],
  ["token create ci --role boss", /Allowed choices are read, deploy, admin/],
  ["token revoke none", /there is no token none; stoa token list/],
  ["env set --service shop COLOUR", /"COLOUR" is no setting: say KEY=value/],
  ["env set --service shop 1A=b", /"1A" is no name of a variable/],
  ["env set --service shop -e prodution A=b", /no environment prodution; .*stoa token join/],
  ["env rotate -e prodution", /no environment prodution; .*stoa token join/],
  ["login localhost:3000", /"localhost:3000" is not the address of a server, such as http/],
  ["agent --server localhost:3000 --join x", /"localhost:3000" is not the address of a server/],
  ["agent --from /tmp --environment production --key x --threshold two", /'two' is invalid/],
];

describe("slips at the command line", () => {
  let delivery: Delivery;
  const started = new AsyncDisposableStack();
  before(async () => {
    delivery = started.use(await startDelivery());
    await delivery.write(greeter("hello"));
    await delivery.join("web-1");
  });
  test.after(() => started.disposeAsync());

  for (const [words, sentence] of slips) {
    test(`stoa ${words}`, async () => {
      const { code, stdout, stderr } = await delivery.stoa(...words.split(" "));
      assert.match(stderr, sentence);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.doesNotMatch(stderr, /^ +at /m, "no stack is shown");
      assert.doesNotMatch(stderr, /Invalid input|expected (string|number)|ENOENT:|undefined/);
    });
  }

  test("folders that hold nothing to deploy", async () => {
    for (const [folder, files, words, sentence] of [
      ["empty", {}, ["deploy"], /there is no go\.mod in .*empty or above it; run go mod init/],
      ["empty", {}, ["lint"], /there is no go\.mod, stoa\.toml or appspec\.yml in .*empty/],
      [
        "library",
        { "go.mod": "module example.com/library\n\ngo 1.21\n", "library.go": "package library\n" },
        ["deploy"],
        /library holds no Go program: there is no package main/,
      ],
      [
        "two",
        {
          "go.mod": "module example.com/two\n\ngo 1.21\n",
          "cmd/one/main.go": "package main\n\nfunc main() {}\n",
          "cmd/two/main.go": "package main\n\nfunc main() {}\n",
        },
        ["deploy"],
        /two holds 2 programs; say which: --main example\.com\/two\/cmd\/one, or --main/,
      ],
    ] as const) {
      const path = join(delivery.project, "..", folder);
      for (const [name, text] of Object.entries(files)) {
        await mkdir(join(path, name, ".."), { recursive: true });
        await writeFile(join(path, name), text);
      }
      await mkdir(path, { recursive: true });
      const { code, stderr, stdout } = await delivery.stoaIn(path, ...words);
      assert.match(stderr, sentence);
      assert.deepEqual([code, stdout], [1, ""]);
    }
  });

  test("a program by the path of its folder, with and without ./", async () => {
    const path = join(delivery.project, "..", "two");
    const { code, stderr } = await delivery.stoaIn(path, "package", "--main", "cmd/one");
    assert.equal(code, 0, stderr);
  });
});
