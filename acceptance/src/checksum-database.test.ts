// Stoa and a checksum database: what is not confirmed is not kept, and what is mirrored holds without the database.
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import {
  buildChecksumDatabase,
  type ChecksumDatabase,
  ChecksumDatabaseProgram,
  type Lie,
} from "./checksum-database/checksum-database.ts";
import { athensSaves } from "./testing/athens-disk.ts";
import { gitRepository } from "./testing/dumb-git.ts";
import { goCommand, goVariable } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { importPages } from "./testing/import-pages.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { loseHashes, recordedHashes } from "./testing/recorded-hashes.ts";
import { said } from "./testing/said.ts";
import {
  finishedStoa,
  type StoaOptions,
  type StoaProcess,
  startStoa,
} from "./testing/stoa-process.ts";
import { filesIn, versionsIn } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const built = buildChecksumDatabase();
const skip = typeof built === "string" ? built : false;
const program = built as ChecksumDatabaseProgram;
after(() => built instanceof ChecksumDatabaseProgram && built[Symbol.dispose]());

/** An upstream, a checksum database that knows its modules, and a Stoa that believes only both. */
interface Scene extends AsyncDisposable {
  readonly upstream: FixtureProxy;
  readonly database: ChecksumDatabase;
  readonly stoa: StoaProcess;
  /** Another Stoa on the same folder, when the first has ended. */
  readonly again: (options?: Partial<StoaOptions>) => Promise<StoaProcess>;
}

async function scene(
  fixtures: readonly ModuleFixture[],
  options: { readonly env?: Record<string, string>; readonly records?: number } = {},
): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.use(await temporaryFolder());
    const upstream = stack.use(await fixtureProxy(fixtures));
    const database = stack.use(await program.start(upstream.url));
    await database.grow(options.records ?? 3);
    const root = join(folder.path, "kept");
    const env = { GOSUMDB: database.gosumdb, ...options.env };
    const start = async (more: Partial<StoaOptions> = {}): Promise<StoaProcess> =>
      stack.use(
        await startStoa({ goproxy: upstream.url, root, ...more, env: { ...env, ...more.env } }),
      );
    const stoa = await start();
    return {
      upstream,
      database,
      stoa,
      again: start,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (failure) {
    await stack.disposeAsync();
    throw failure;
  }
}

async function keptVersions({ root }: StoaProcess): Promise<readonly string[]> {
  return (await versionsIn(root)).map(({ folder }) => folder);
}

/** The lines of go.sum that say what the go command itself downloads. */
function sumLines({ module: { path, version } }: ModuleFixture, zip: string, mod: string): string {
  return `${path} ${version} ${zip}\n${path} ${version}/go.mod ${mod}\n`;
}

const lies: readonly Lie[] = [
  "forged-tiles",
  "wrong-record",
  "wrong-number",
  "truncated-note",
  "unsigned-note",
];

describe("what enters the store", { skip }, () => {
  test("a version that the database confirms is kept, with both hashes", async () => {
    const small = await smallModule("example.com/Small", "v1.0.0");
    await using it = await scene([small]);
    for (const kind of ["mod", "info", "zip"] as const) {
      const answer = await ask(`${it.stoa.url}${filePath(small, kind)}`);
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.body.equals(Buffer.from(small[kind])));
    }
    assert.deepEqual(await keptVersions(it.stoa), ["example.com/Small/v1.0.0"]);
    const asked = await it.database.requests();
    assert.equal(asked.filter((path) => path === "/lookup/example.com/!small@v1.0.0").length, 1);
    await it.stoa.stop();
    assert.match(
      recordedHashes(it.stoa.root, "example.com/Small", "v1.0.0"),
      /^example\.com\/Small v1\.0\.0 h1:\S+=\nexample\.com\/Small v1\.0\.0\/go\.mod h1:\S+=\nverified sum\.test\/db\n$/,
    );
    assert.ok(
      (await filesIn(it.stoa.root)).every(
        (name) => !name.startsWith(".stoa/") || !name.endsWith(".info"),
      ),
    );
  });

  const hash = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  for (const [what, lines] of [
    ["zip", (one: ModuleFixture, mod: string) => sumLines(one, hash, mod)],
    ["go.mod", (one: ModuleFixture) => sumLines(one, hash, hash)],
  ] as const) {
    test(`a ${what} that is not the one on record is refused, loudly, and nothing is kept`, async () => {
      const small = await smallModule("example.com/small", "v1.0.0");
      await using it = await scene([small]);
      const { hashGoMod } = await import("@stoa/gomod");
      await it.database.say("example.com/small@v1.0.0", lines(small, hashGoMod(small.mod)));
      const zip = await ask(`${it.stoa.url}${filePath(small, "zip")}`, {
        headers: { Range: "bytes=0-" },
      });
      assert.equal(zip.status, 502);
      assert.match(
        zip.text,
        new RegExp(`^checksum mismatch: example.com/small@v1.0.0: security: the ${what} `),
      );
      assert.match(zip.text, /sum\.test\/db has h1:47DE/);
      const followed = await ask(`${it.stoa.url}${filePath(small, "zip")}`);
      assert.ok(!followed.whole || followed.status === 502);
      const mod = await ask(`${it.stoa.url}${filePath(small, "mod")}`);
      assert.equal(mod.status, what === "zip" ? 200 : 502);
      assert.deepEqual(await keptVersions(it.stoa), []);
      await said(it.stoa, /"level":"error"[^\n]*security: the/);
      const metrics = await ask(`${new URL(it.stoa.url).origin}/metrics`);
      assert.match(metrics.text, /^stoa_checksum_mismatches_total [1-9]/m);
    });
  }

  test("a version that is not on record is refused, and what does not exist is a 404 still", async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using it = await scene([small]);
    const absent = await ask(`${it.stoa.url}/example.com/small/@v/v1.0.1.zip`);
    assert.equal(absent.status, 404, absent.text);
    // The database cannot see what only Stoa is given.
    const hidden = await smallModule("example.com/hidden", "v1.0.0");
    it.upstream.add(hidden);
    await using empty = await fixtureProxy([]);
    await using asIfAbsent = await program.start(empty.url);
    await using other = await startStoa({
      goproxy: it.upstream.url,
      env: { GOSUMDB: asIfAbsent.gosumdb },
    });
    const refused = await ask(`${other.url}${filePath(hidden, "mod")}`);
    assert.equal(refused.status, 403, refused.text);
    assert.match(refused.text, /has no record of it .*GONOSUMDB/);
    assert.deepEqual(await keptVersions(other), []);
  });

  for (const how of lies) {
    test(`with a database of ${how} nothing is kept until it tells the truth again`, async () => {
      const small = await smallModule("example.com/small", "v1.0.0");
      await using it = await scene([small], { records: 300 });
      await it.database.lie(how);
      for (const kind of ["mod", "zip"] as const) {
        const answer = await ask(`${it.stoa.url}${filePath(small, kind)}`, {
          headers: { Range: "bytes=0-" },
        });
        assert.equal(answer.status, 502, answer.text);
        assert.match(answer.text, /sum\.test\/db .*(cannot be trusted)/);
      }
      assert.deepEqual(await keptVersions(it.stoa), []);
      await it.database.lie("truth");
      const answer = await ask(`${it.stoa.url}${filePath(small, "zip")}`);
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.whole);
    });
  }

  test("a database that cannot be reached is said to be so, and how to turn it off", async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using it = await scene([small]);
    await it.database[Symbol.asyncDispose]();
    const answer = await ask(`${it.stoa.url}${filePath(small, "mod")}`);
    assert.equal(answer.status, 502);
    assert.match(
      answer.text,
      /the checksum database sum\.test\/db could not confirm it.*GOSUMDB=off/,
    );
    assert.deepEqual(await keptVersions(it.stoa), []);
  });

  test("a database that signs another history is an alarm that outlives the process, until it is taken back", async () => {
    const [first, second] = [
      await smallModule("example.com/first", "v1.0.0"),
      await smallModule("example.com/second", "v1.0.0"),
    ];
    await using it = await scene([first, second], { records: 300 });
    assert.equal((await ask(`${it.stoa.url}${filePath(first, "zip")}`)).status, 200);
    await it.database.begin();
    await it.database.grow(600, "other");
    const get = (stoa: StoaProcess) => ask(`${stoa.url}${filePath(second, "mod")}`);
    assert.match(
      (await get(it.stoa)).text,
      /^checksum mismatch: .*contradicts the one it signed before/,
    );
    assert.match(
      (await get(it.stoa)).text,
      /two histories that contradict one another.*remove that file/,
    );
    await said(it.stoa, /Proof of that:/);
    assert.equal(
      (await ask(`${it.stoa.url}${filePath(first, "zip")}`)).status,
      200,
      "what is kept is given out",
    );
    await it.stoa.stop();
    const later = await it.again();
    assert.equal((await get(later)).status, 502);
    const state = join(later.root, ".stoa/sumdb/sum.test/db");
    const proof = await readFile(join(state, "alarm"), "utf8");
    assert.match(proof, /go\.sum database tree\n301\n/);
    await rm(join(state, "alarm"));
    assert.equal((await get(later)).status, 502, "the same contradiction is found again");
    await rm(state, { recursive: true });
    assert.equal((await get(later)).status, 200);
  });

  test("the remembered tree never moves backwards", async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using it = await scene([small], { records: 5 });
    await it.database.grow(0);
    assert.equal((await ask(`${it.stoa.url}${filePath(small, "mod")}`)).status, 200);
    await it.stoa.stop();
    const heads = join(it.stoa.root, ".stoa/sumdb/sum.test/db/head");
    assert.deepEqual(await filesIn(heads), ["0000000000000006"]);
    // The beginning of the same history: old, and no contradiction.
    await it.database.begin();
    await it.database.grow(4);
    const later = await it.again();
    const latest = await ask(`${later.url}/sumdb/sum.test/db/latest`);
    assert.match(latest.text, /^go\.sum database tree\n6\n/);
    await later.stop();
    assert.deepEqual(await filesIn(heads), ["0000000000000006"]);
  });

  test("toolchains are confirmed even where everything is exempt, and left to the clients where the database is off", async () => {
    const toolchain = await moduleFixture(`module golang.org/toolchain@v0.0.1-go1.99.1.linux-amd64
-- .mod --
module golang.org/toolchain
-- bin/go --
not really
`);
    await using it = await scene([toolchain], {
      env: { GONOSUMDB: "*", GOPRIVATE: "*", GONOPROXY: "none" },
    });
    assert.equal((await ask(`${it.stoa.url}${filePath(toolchain, "zip")}`)).status, 200);
    assert.ok(
      (await it.database.requests()).some((path) =>
        path.startsWith("/lookup/golang.org/toolchain@"),
      ),
    );
    await using off = await startStoa({ goproxy: it.upstream.url, env: { GOSUMDB: "off" } });
    const before = (await it.database.requests()).length;
    assert.equal((await ask(`${off.url}${filePath(toolchain, "zip")}`)).status, 200);
    assert.equal((await it.database.requests()).length, before);
  });
});

test("what the go command makes of a repository is confirmed before it is kept, or refused as loudly", {
  skip,
}, async () => {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const pages = stack.use(await importPages());
  const git = await gitRepository(join(folder.path, "git"));
  pages.serve("repositories.test", git.folder);
  pages.put("git.test", `git http://repositories.test/${git.name}`);
  await git.commit({ "go.mod": "module git.test/m\n\ngo 1.18\n", "m.go": "package m\n" }, "v1.0.0");
  await git.commit({ "m.go": "package m // 2\n" }, "v1.1.0");
  const env = { ...pages.environment, STOA_DIRECT: "go", GOINSECURE: "*" };
  const plain = stack.use(await startStoa({ goproxy: "direct", env }));
  const database = stack.use(await program.start(plain.url));
  await database.say(
    "git.test/m@v1.1.0",
    "git.test/m v1.1.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ngit.test/m v1.1.0/go.mod h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
  );
  const stoa = stack.use(
    await startStoa({ goproxy: "direct", env: { ...env, GOSUMDB: database.gosumdb } }),
  );
  assert.equal((await ask(`${stoa.url}/git.test/m/@v/v1.0.0.zip`)).status, 200);
  const zip = await ask(`${stoa.url}/git.test/m/@v/v1.1.0.zip`, { headers: { Range: "bytes=0-" } });
  assert.equal(zip.status, 502, zip.text);
  assert.match(zip.text, /^checksum mismatch: git\.test\/m@v1\.1\.0: security: /);
  await said(stoa, /"level":"error"[^\n]*security: the/);
  assert.deepEqual(await keptVersions(stoa), ["git.test/m/v1.0.0"]);
});

test("a go command that wants another toolchain gets it, and runs it", { skip }, async () => {
  const platform = `${goVariable("GOOS")}-${goVariable("GOARCH")}`;
  const toolchain = await moduleFixture(`module golang.org/toolchain@v0.0.1-go1.99.1.${platform}
-- .mod --
module golang.org/toolchain
-- bin/go --
#!/bin/sh
echo "the other go: $*"
-- bin/gofmt --
nothing
-- lib/none --
nothing
-- pkg/tool/none --
nothing
`);
  await using it = await scene([toolchain]);
  const fetches = (): number =>
    it.upstream.requests.filter(({ path }) => path.endsWith(".zip")).length;
  let before = 0;
  for (const time of ["first", "second"]) {
    before = fetches();
    await using go = await goCommand({
      goproxy: it.stoa.url,
      gosumdb: it.database.key,
      env: { GOTOOLCHAIN: "go1.99.1" },
    });
    assert.equal(await go.succeed(["version", time]), `the other go: version ${time}\n`);
  }
  assert.equal(fetches(), before, "it was kept");
  const kept = await keptVersions(it.stoa);
  assert.deepEqual(kept, [`golang.org/toolchain/v0.0.1-go1.99.1.${platform}`]);
  await using untrusting = await goCommand({
    goproxy: it.stoa.url,
    gosumdb: it.database.key,
    env: { GOTOOLCHAIN: "go1.99.2" },
  });
  const { code, stderr } = await untrusting.run(["version"]);
  assert.notEqual(code, 0);
  assert.match(stderr, /toolchain not available/);
});

describe("private names", { skip }, () => {
  for (const [variable, pattern] of [
    ["GOPRIVATE", "corp.example/Secret"],
    ["GONOSUMDB", "corp.example/*"],
    ["ATHENS_GONOSUM_PATTERNS", "corp.example/Secret"],
  ] as const) {
    test(`no byte about modules of ${variable}=${pattern} goes to a database`, async () => {
      const secret = await smallModule("corp.example/Secret", "v1.0.0");
      const env = { [variable]: pattern, GONOPROXY: "none" };
      await using it = await scene([secret], { env });
      for (const kind of ["info", "mod", "zip"] as const) {
        assert.equal((await ask(`${it.stoa.url}${filePath(secret, kind)}`)).status, 200);
      }
      const before = it.upstream.requests.length;
      const lookup = await ask(
        `${it.stoa.url}/sumdb/sum.test/db/lookup/corp.example/!secret@v1.0.0`,
      );
      assert.equal(lookup.status, 403);
      assert.match(lookup.text, /set GONOSUMDB=corp\.example\/Secret/);
      assert.deepEqual(await it.database.requests(), []);
      assert.equal(it.upstream.requests.length, before);
      assert.ok(it.upstream.requests.every(({ path }) => !path.includes("sumdb")));
    });
  }
});

describe("the mirror", { skip }, () => {
  let it: Scene;
  let modules: readonly ModuleFixture[];

  before(async () => {
    modules = await Promise.all(
      Array.from({ length: 4 }, (_, index) => smallModule(`example.com/m${index}`, "v1.0.0")),
    );
    it = await scene(modules, { records: 700 });
  });

  after(() => it[Symbol.asyncDispose]());

  const names = (): readonly string[] =>
    modules.map(({ module }) => `${module.path}@${module.version}`);

  test("the go command verifies through it, and again when upstream and database are gone", async () => {
    const gosumdb = it.database.key;
    await using first = await goCommand({ goproxy: it.stoa.url, gosumdb });
    await first.succeed(["mod", "download", "-x", ...names().slice(0, 1)]);
    // The tree grows past the right edges that were seen.
    await it.database.grow(900);
    await using second = await goCommand({ goproxy: it.stoa.url, gosumdb });
    await second.succeed(["mod", "download", ...names()]);
    await it.upstream.close();
    await it.database[Symbol.asyncDispose]();
    await using third = await goCommand({ goproxy: it.stoa.url, gosumdb });
    await third.succeed(["mod", "download", ...names()]);
    await it.stoa.stop();
    const later = await it.again();
    await using fourth = await goCommand({ goproxy: later.url, gosumdb });
    await fourth.succeed(["mod", "download", ...names()]);
    const latest = await ask(`${later.url}/sumdb/sum.test/db/latest`);
    assert.equal(latest.status, 200);
    assert.match(latest.headers["warning"] ?? "", /stale/i);
    for (const path of [
      "supported",
      "lookup/example.com/m0@v1.0.0",
      "tile/8/0/002",
      "tile/8/0/002.p/17",
    ]) {
      const answer = await ask(`${later.url}/sumdb/sum.test/db/${path}`);
      assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    }
    const part = await ask(`${later.url}/sumdb/sum.test/db/tile/8/0/002.p/17`);
    assert.equal(part.body.length, 17 * 32);
    const unknown = await ask(`${later.url}/sumdb/sum.test/db/lookup/example.com/other@v1.0.0`);
    assert.equal(unknown.status, 502, unknown.text);
  });
});

test("offline the go command verifies through the mirror, and the database is not asked", {
  skip,
}, async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using it = await scene([small]);
  const gosumdb = it.database.key;
  const words = ["mod", "download", "example.com/small@v1.0.0"];
  await using first = await goCommand({ goproxy: it.stoa.url, gosumdb });
  await first.succeed(words);
  await it.stoa.stop();
  const offline = await it.again({ env: { ATHENS_NETWORK_MODE: "offline" } });
  const [asked, fetched] = [(await it.database.requests()).length, it.upstream.requests.length];
  await using second = await goCommand({ goproxy: offline.url, gosumdb });
  await second.succeed(words);
  assert.equal((await it.database.requests()).length, asked);
  assert.equal(it.upstream.requests.length, fetched);
});

describe("the mirror's paths", { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene([await smallModule("example.com/small", "v1.0.0")], { records: 300 });
  });
  after(() => it[Symbol.asyncDispose]());

  const refused: readonly (readonly [path: string, status: number])[] = [
    ["sumdb/sum.test/db/lookup/example.com/small@v1.0.0/go.mod", 400],
    ["sumdb/sum.test/db/lookup/example.com/small@v1", 400],
    ["sumdb/sum.test/db/lookup/example.com/small", 400],
    ["sumdb/sum.test/db/lookup/example.com/Small@v1.0.0", 400],
    ["sumdb/sum.test/db/lookup/@v1.0.0", 400],
    ["sumdb/sum.test/db/lookup/..%2f..%2fetc@v1.0.0", 400],
    ["sumdb/sum.test/db/tile/8/0/x000", 400],
    ["sumdb/sum.test/db/tile/8/0/1", 400],
    ["sumdb/sum.test/db/tile/31/0/001", 400],
    ["sumdb/sum.test/db/tile/8/64/001", 400],
    ["sumdb/sum.test/db/tile/8/0/000.p/256", 400],
    ["sumdb/sum.test/db/tile/8/0/000.p/0", 400],
    ["sumdb/sum.test/db/tile/8/-1/000", 400],
    ["sumdb/sum.test/db/tile/8/0/x001/x002", 400],
    ["sumdb/sum.test/db/tile/4/0/000", 404],
    ["sumdb/sum.test/db/tile/8/5/000", 404],
    ["sumdb/sum.test/db/tile/8/0/x999/999", 404],
    ["sumdb/sum.test/db/lookup/example.com/nobody@v1.0.0", 404],
    ["sumdb/sum.test/db/other", 404],
    ["sumdb/sum.test/supported", 404],
    ["sumdb/supported", 404],
  ];
  for (const [path, status] of refused) {
    test(`GET /${path} is ${status}`, async () => {
      const answer = await ask(`${it.stoa.url}/${path}`);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
      assert.match(answer.text, /^[^\n]+\n$/);
    });
  }

  test("records, hashes and the tree are those of the database, byte by byte", async () => {
    for (const path of [
      "lookup/example.com/small@v1.0.0",
      "tile/8/0/000",
      "tile/8/0/000.p/100",
      "tile/8/0/001.p/45",
      "tile/8/1/000.p/1",
      "tile/8/data/000",
      "tile/8/data/000.p/3",
      "tile/8/data/001.p/45",
      "latest",
    ]) {
      const [mirrored, own] = [
        await ask(`${it.stoa.url}/sumdb/sum.test/db/${path}`),
        await ask(`${it.database.url}/${path}`),
      ];
      assert.equal(mirrored.status, 200, `${path}: ${mirrored.text}`);
      assert.ok(mirrored.body.equals(own.body), path);
    }
  });

  test("what a client authenticates with, and its other headers, go to no database", async () => {
    const other = await smallModule("example.com/other", "v1.0.0");
    it.upstream.add(other);
    await using recording = await fixtureProxy([]);
    await using stoa = await startStoa({
      goproxy: it.upstream.url,
      env: { GOSUMDB: `${it.database.key} ${recording.url}` },
    });
    const headers = { Authorization: "Basic c2VjcmV0", Cookie: "a=secret", "X-Secret": "secret" };
    await ask(`${stoa.url}/sumdb/sum.test/db/lookup/example.com/other@v1.0.0`, { headers });
    assert.deepEqual(
      recording.requests.map(({ path }) => path),
      ["/lookup/example.com/other@v1.0.0"],
    );
    assert.doesNotMatch(JSON.stringify(recording.requests[0]?.headers), /c2VjcmV0|secret/i);
  });

  test("a Stoa behind another takes its database from there", async () => {
    const stoa = await startStoa({ goproxy: it.stoa.url, env: { GOSUMDB: it.database.key } });
    await using behind = stoa;
    await using go = await goCommand({ goproxy: behind.url, gosumdb: it.database.key });
    await go.succeed(["mod", "download", "example.com/small@v1.0.0"]);
    const far = `${it.database.key} ${it.stoa.url}/sumdb/sum.test/db`;
    await using listed = await startStoa({
      goproxy: it.upstream.url,
      env: { GOSUMDB: "off", ATHENS_SUM_DBS: far },
    });
    const lookup = await ask(`${listed.url}/sumdb/sum.test/db/lookup/example.com/small@v1.0.0`);
    assert.equal(lookup.status, 200, lookup.text);
  });

  test("a damaged tile or record on the disk is asked for anew", async () => {
    const state = join(it.stoa.root, ".stoa/sumdb/sum.test/db");
    await it.stoa.stop();
    for (const name of await filesIn(state)) {
      if (!name.startsWith("head/")) await writeFile(join(state, name), "damaged");
    }
    const later = await it.again();
    const small = await smallModule("example.com/small", "v1.0.0");
    const answer = await ask(`${later.url}${filePath(small, "zip")}`);
    assert.equal(answer.status, 200, answer.text);
  });
});

describe("stoa modules verify", { skip }, () => {
  test("names every bad version, and takes it out of service when told to", async () => {
    const modules = await Promise.all(
      ["sound", "altered", "swapped", "torn", "private", "forged"].map((name) =>
        smallModule(`example.com/${name}`, "v1.0.0"),
      ),
    );
    const [sound, altered, swapped, torn, secret, forged] = modules as [
      ModuleFixture,
      ModuleFixture,
      ModuleFixture,
      ModuleFixture,
      ModuleFixture,
      ModuleFixture,
    ];
    const env = { GONOSUMDB: "example.com/private,example.com/swapped" };
    await using it = await scene(modules, { env });
    for (const one of modules) {
      assert.equal((await ask(`${it.stoa.url}${filePath(one, "zip")}`)).status, 200);
    }
    const { root } = it.stoa;
    const place = (one: ModuleFixture, name: string): string =>
      join(root, one.module.path, one.module.version, name);
    const flip = async (path: string): Promise<void> => {
      const bytes = await readFile(path);
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      await writeFile(path, bytes);
    };
    const verify = (...words: string[]): ReturnType<typeof finishedStoa> =>
      finishedStoa(["modules", "verify", ...words], {
        GOSUMDB: it.database.gosumdb,
        GOPROXY: it.upstream.url,
        ATHENS_DISK_STORAGE_ROOT: root,
        ...env,
      });

    const first = await verify();
    assert.equal(first.code, 0, first.stderr);
    assert.equal(
      first.stdout,
      "6 versions: 4 confirmed by the checksum database, 2 exempt and unchanged\n",
    );

    await flip(place(altered, "source.zip"));
    // A sound zip with other content: only the hash that was recorded tells.
    const other = await moduleFixture(
      "module example.com/swapped@v1.0.0\n-- go.mod --\nmodule example.com/swapped\n\ngo 1.18\n-- evil.go --\npackage evil\n",
    );
    await writeFile(place(swapped, "source.zip"), other.zip);
    await rm(place(torn, "go.mod"));
    // As Athens or an older Stoa kept it: no hash was recorded, but the database knows.
    loseHashes(root, "example.com/forged");
    const evil = await moduleFixture(
      "module example.com/forged@v1.0.0\n-- go.mod --\nmodule example.com/forged\n\ngo 1.18\n-- evil.go --\npackage evil\n",
    );
    await writeFile(place(forged, "source.zip"), evil.zip);

    const second = await verify("--json");
    assert.equal(second.code, 1, second.stderr);
    const outcomes = second.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { module: string; outcome: string; sentence: string });
    assert.deepEqual(
      Object.fromEntries(outcomes.map(({ module, outcome }) => [module.slice(12), outcome])),
      { altered: "bad", forged: "bad", private: "unchanged", sound: "confirmed", swapped: "bad" },
    );
    assert.match(
      outcomes.find(({ module }) => module === forged.module.path)?.sentence ?? "",
      /on record/,
    );
    assert.match(
      outcomes.find(({ module }) => module === swapped.module.path)?.sentence ?? "",
      /when it was kept/,
    );

    const third = await verify("--quarantine");
    assert.equal(third.code, 1);
    assert.match(
      third.stdout,
      /^bad: example\.com\/altered@v1\.0\.0: (?!.*nothing was kept).*; it is now in \S+\.stoa\/quarantine\/\S+$/m,
    );
    assert.match(third.stdout, /3 taken out of service/);
    assert.ok(
      (await filesIn(root)).every((name) => !name.startsWith(".stoa/") || !name.endsWith(".info")),
    );
    const fourth = await verify();
    assert.equal(fourth.code, 0, fourth.stdout);
    for (const one of [sound, altered, swapped, torn, secret, forged]) {
      const answer = await ask(`${it.stoa.url}${filePath(one, "zip")}`);
      assert.ok(
        answer.body.equals(Buffer.from(one.zip)),
        `${one.module.path}: ${answer.text.slice(0, 200)}`,
      );
    }
    await it.database[Symbol.asyncDispose]();
    const fromKept = await verify();
    assert.equal(fromKept.code, 0, "the records and tiles that are kept are enough");
    await rm(join(root, ".stoa/sumdb"), { recursive: true });
    const unreachable = await verify();
    assert.equal(unreachable.code, 1);
    assert.match(
      unreachable.stdout,
      /^unconfirmed: example\.com\/sound@v1\.0\.0: .*could not confirm/m,
    );
  });
});

describe("stoa modules import", { skip }, () => {
  test("keeps what the database confirms, refuses what it contradicts, and keeps nothing unconfirmed", async () => {
    await using folder = await temporaryFolder();
    const [good, forged, unknown] = (await Promise.all([
      smallModule("example.com/good", "v1.0.0"),
      smallModule("example.com/forged", "v1.0.0"),
      smallModule("example.com/unknown", "v1.0.0"),
    ])) as [ModuleFixture, ModuleFixture, ModuleFixture];
    await using upstream = await fixtureProxy([good, forged]);
    await using database = await program.start(upstream.url);
    const athens = join(folder.path, "athens");
    await athensSaves(athens, good);
    await athensSaves(athens, unknown);
    const other = await moduleFixture(
      "module example.com/forged@v1.0.0\n-- go.mod --\nmodule example.com/forged\n\ngo 1.18\n-- evil.go --\npackage evil\n",
    );
    await athensSaves(athens, other);
    const root = join(folder.path, "kept");
    const env = { GOSUMDB: database.gosumdb, ATHENS_DISK_STORAGE_ROOT: root };
    const run = () => finishedStoa(["modules", "import", "--from", athens], env);
    const { code, stdout } = await run();
    assert.equal(code, 1);
    assert.match(stdout, /^refused: example.com\/forged@v1.0.0: security: the zip has h1:.+$/m);
    assert.match(stdout, /^refused: example.com\/unknown@v1.0.0: .+$/m);
    assert.match(stdout, /: 3 versions: 1 moved, 2 refused\n$/);
    assert.deepEqual(
      (await versionsIn(root)).map((version) => version.folder),
      ["example.com/good/v1.0.0"],
    );
    await database[Symbol.asyncDispose]();
    await rm(root, { recursive: true });
    const without = await run();
    assert.equal(without.code, 1);
    assert.match(without.stdout, /: 3 versions: 3 failed\n$/);
    assert.deepEqual(await versionsIn(root), []);
  });
});

test("offline, nothing is taken in that only the database could confirm, and it is not asked", {
  skip,
}, async () => {
  const fixture = await smallModule("example.com/m", "v1.0.0");
  await using upstream = await fixtureProxy([fixture]);
  await using database = await program.start(upstream.url);
  const env = {
    GOSUMDB: database.gosumdb,
    ATHENS_NETWORK_MODE: "offline",
    ATHENS_GONOSUM_PATTERNS: "example.com/private",
    STOA_EXTERNAL_STORAGE_PATH: "/storage",
    STOA_EXTERNAL_STORAGE_TOKEN: "token",
  };
  await using stoa = await startStoa({ goproxy: upstream.url, env });
  const save = async (module: ModuleFixture): Promise<Response> => {
    const form = new FormData();
    for (const kind of ["info", "mod", "zip"] as const) {
      form.append(`mod.${kind}`, new Blob([Buffer.from(module[kind])]), `mod.${kind}`);
    }
    const { path, version } = module.module;
    return fetch(`${stoa.url}/storage/${path}/@v/${version}.save`, {
      method: "POST",
      headers: { authorization: "Bearer token" },
      body: form,
    });
  };
  const refused = await save(fixture);
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /^refused: example.com\/m@v1.0.0: this proxy is offline/);
  assert.equal((await save(await smallModule("example.com/private", "v1.0.0"))).status, 200);
  assert.deepEqual(upstream.requests, []);
});
