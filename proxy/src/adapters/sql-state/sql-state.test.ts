import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import { noPostgres, type PostgresServer, startPostgres } from "../../testing/postgres-server.ts";
import { openState, type ProxyState, type StatePlace } from "./open-state.ts";

const at = (ms: number): Date => new Date(ms);
const one = moduleVersion("example.com/one", "v1.0.0");
const two = moduleVersion("example.com/two", "v1.0.0");

function moduleVersion(path: string, version: string): ModuleVersion {
  return { path: parseModulePath(path), version: parseVersion(version) };
}

/** What every engine does. `place` is empty at first, and the same each time. */
function stateContract(name: string, skip: string | false, place: () => StatePlace): void {
  describe(`state in ${name}:`, { skip }, () => {
    let state: ProxyState;
    before(async () => {
      state = await openState(place(), { mostJobs: 2 });
    });
    after(() => state[Symbol.asyncDispose]());

    test("a job is accepted once, taken once until its hold has passed, and forgotten when it is done", async () => {
      const { jobs } = state;
      assert.equal(await jobs.nextDue(), undefined);
      assert.equal(await jobs.add(one, at(1000)), "added");
      assert.equal(await jobs.add(one, at(1001)), "known");
      assert.deepEqual(await jobs.nextDue(), at(1000));
      assert.deepEqual(await jobs.take(5, at(999), at(2000)), []);
      const [job] = await jobs.take(5, at(1000), at(2000));
      assert.deepEqual(
        [job?.module, job?.attempts, job?.state, job?.added],
        [one, 0, "waiting", at(1000)],
      );
      assert.deepEqual(await jobs.take(5, at(1999), at(3000)), []);
      assert.equal((await jobs.take(5, at(2000), at(3000))).length, 1);
      await jobs.hold(one, at(4000));
      assert.deepEqual(await jobs.take(5, at(3999), at(5000)), []);
      assert.deepEqual(await jobs.nextDue(), at(4000));
      await jobs.finish(one);
      assert.deepEqual(await jobs.counts(), { waiting: 0, givenUp: 0 });
    });

    test("a bookmark is what was written last", async () => {
      const { bookmarks } = state;
      assert.equal(await bookmarks.read("crawl"), undefined);
      await bookmarks.write("crawl", "a|v1.0.0");
      await bookmarks.write("crawl", "b|v1.0.0");
      assert.equal(await bookmarks.read("crawl"), "b|v1.0.0");
      await bookmarks.remove("crawl");
      await bookmarks.remove("crawl");
      assert.equal(await bookmarks.read("crawl"), undefined);
    });

    test("the last use of a module is its latest, whatever the order", async () => {
      const { uses } = state;
      assert.equal(await uses.lastUse(one.path), undefined);
      await uses.used([one.path, two.path], at(2000));
      await uses.used([one.path], at(1000));
      await uses.used([two.path], at(3000));
      assert.deepEqual(await uses.lastUse(one.path), at(2000));
      assert.deepEqual(await uses.lastUse(two.path), at(3000));
    });

    test("a notice is taken once until its time, and a full queue accepts none", async () => {
      const { notices } = state;
      const notice = { id: "msg_1", url: "http://localhost/", body: "{}", attempts: 0 };
      assert.equal(await notices.add(notice, at(1000), 1), true);
      assert.equal(await notices.add({ ...notice, id: "msg_2" }, at(1000), 1), false);
      assert.deepEqual(await notices.take(5, at(999), at(2000)), []);
      assert.deepEqual(await notices.take(5, at(1000), at(2000)), [notice]);
      await notices.postpone("msg_1", 1, at(4000));
      assert.deepEqual(await notices.nextDue(), at(4000));
      assert.deepEqual(await notices.take(5, at(4000), at(5000)), [{ ...notice, attempts: 1 }]);
      await notices.remove("msg_1");
      assert.equal(await notices.nextDue(), undefined);
    });

    test("a full queue accepts nothing, and says of what it has that it knows it", async () => {
      const { jobs } = state;
      await jobs.add(one, at(1));
      await jobs.add(two, at(2));
      assert.equal(await jobs.add(moduleVersion("example.com/three", "v1.0.0"), at(3)), "full");
      assert.equal(await jobs.add(two, at(4)), "known");
      assert.deepEqual(
        (await jobs.list(10)).map(({ module }) => module.path),
        [one.path, two.path],
      );
      await jobs.finish(one);
      await jobs.finish(two);
    });

    test("a job that was given up rests, and may then be asked for anew", async () => {
      const { jobs } = state;
      await jobs.add(one, at(1));
      const failed = { attempts: 3, due: at(500), reason: "gone; really" };
      await jobs.postpone(one, { ...failed, state: "waiting" });
      assert.deepEqual(await jobs.nextDue(), at(500));
      await jobs.postpone(one, { ...failed, state: "given_up" });
      assert.equal(await jobs.nextDue(), undefined);
      assert.deepEqual(await jobs.counts(), { waiting: 0, givenUp: 1 });
      assert.equal((await jobs.list(1))[0]?.reason, "gone; really");
      assert.equal(await jobs.add(one, at(499)), "known");
      assert.equal(await jobs.add(one, at(500)), "added");
      assert.equal((await jobs.list(1))[0]?.attempts, 0);
      await jobs.finish(one);
    });

    test("a job says for whose upstreams it was accepted, and may be accepted for others while nobody has it", async () => {
      const { jobs } = state;
      assert.equal(await jobs.add(one, at(1), "these"), "added");
      assert.equal(await jobs.add(one, at(2), "these"), "known");
      const [taken] = await jobs.take(1, at(2), at(1000));
      assert.equal(taken?.upstreams, "these");
      assert.equal(await jobs.add(one, at(3), "others"), "known", "somebody is at it");
      assert.equal(await jobs.add(one, at(1000), "others"), "added");
      assert.equal((await jobs.list(1))[0]?.upstreams, "others");
      assert.equal(await jobs.add(one, at(1001)), "added");
      assert.equal((await jobs.list(1))[0]?.upstreams, undefined);
      await jobs.finish(one);
    });

    test("jobs that one has left are passed over, and no others", async () => {
      const { jobs } = state;
      await jobs.add(one, at(1));
      await jobs.add(two, at(2));
      assert.deepEqual(await jobs.nextDue([one]), at(2));
      assert.equal(await jobs.nextDue([one, two]), undefined);
      assert.deepEqual(await jobs.take(5, at(9), at(99), [one, two]), []);
      const taken = await jobs.take(5, at(9), at(99), [one]);
      assert.deepEqual(
        taken.map(({ module }) => module),
        [two],
      );
      await jobs.finish(one);
      await jobs.finish(two);
    });

    test("of many who take at once each job goes to one", async () => {
      await using other = await openState(place(), { mostJobs: 1000 });
      const door = place().kind === "memory" ? state : other;
      await using wide = await openState(place(), { mostJobs: 1000 });
      const filling = place().kind === "memory" ? state : wide;
      const modules = Array.from({ length: 2 }, (_, n) =>
        moduleVersion(`example.com/m${n}`, "v1.0.0"),
      );
      for (const module of modules) await filling.jobs.add(module, at(1));
      const taken = await Promise.all(
        [state, door, state, door, state, door].map(({ jobs }) => jobs.take(1, at(10), at(9999))),
      );
      const paths = taken.flat().map(({ module }) => module.path);
      assert.deepEqual(
        paths.toSorted(),
        modules.map(({ path }) => path),
      );
      for (const module of modules) await state.jobs.finish(module);
    });

    test("index entries have times of their own, later than every one before, from whichever door", async () => {
      await using other = await openState(place(), { mostJobs: 1 });
      const doors = place().kind === "memory" ? [state] : [state, other];
      const versions = Array.from({ length: 40 }, (_, n) => `v1.0.${n}`);
      await Promise.all(
        versions.map((version, n) =>
          doors[n % doors.length]?.index.add([moduleVersion("example.com/index", version), one]),
        ),
      );
      const entries = await state.index.since(0, 1000);
      assert.equal(entries.length, versions.length + 1);
      const times = entries.map(({ atMicros }) => atMicros);
      assert.equal(new Set(times).size, times.length);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      const [, second] = times;
      const rest = await state.index.since(second ?? 0, 3);
      assert.deepEqual(rest, entries.slice(1, 4));
    });

    test("index entries and hashes can be removed, and what is not there may be removed too", async () => {
      const { index, hashes } = state;
      const gone = moduleVersion("example.com/gone", "v1.0.0");
      const entry = { zip: "h1:a", mod: "h1:b", database: undefined, zipDigest: "d" };
      await index.add([gone]);
      await hashes.write(gone, entry);
      for (let times = 0; times < 2; times++) {
        await index.remove([gone, moduleVersion("example.com/never", "v1.0.0")]);
        await hashes.remove(gone);
      }
      assert.equal(await hashes.read(gone), undefined);
      const left = await index.since(0, 1000);
      assert.ok(left.every(({ module }) => module.path !== gone.path));
    });

    test("what is being kept is unfinished until it ends, for those who ask later", async () => {
      const { journal } = state;
      const before = Date.now();
      await journal.begin(one);
      await journal.begin(one);
      await journal.begin(two);
      assert.deepEqual(await journal.unfinished(at(before)), []);
      const later = at(Date.now() + 1);
      assert.equal((await journal.unfinished(later)).length, 2);
      await journal.end(one);
      await journal.end(one);
      assert.deepEqual(await journal.unfinished(later), [two]);
      await journal.end(two);
    });

    test("an index is new until its mark is moved, and each has its own", async () => {
      assert.deepEqual(await state.filling("a").read(), { isDone: false, next: undefined });
      await state.filling("a").move("example.com/m|v1.0.0");
      assert.deepEqual(await state.filling("a").read(), {
        isDone: false,
        next: "example.com/m|v1.0.0",
      });
      await state.filling("a").move(undefined);
      assert.deepEqual(await state.filling("a").read(), { isDone: true, next: undefined });
      assert.deepEqual(await state.filling("b").read(), { isDone: false, next: undefined });
    });

    test("hashes are what was written last, and absent before", async () => {
      assert.equal(await state.hashes.read(one), undefined);
      const entry = { zip: "h1:a", mod: "h1:b", database: undefined, zipDigest: undefined };
      const confirmed = { ...entry, database: "sum.golang.org" };
      for (const next of [entry, confirmed, { ...confirmed, zipDigest: "d" }, entry]) {
        await state.hashes.write(one, next);
        assert.deepEqual(await state.hashes.read(one), next);
      }
      assert.equal(await state.hashes.read(two), undefined);
    });
  });
}

const folder = await mkdtemp(join(tmpdir(), "stoa-state-"));
after(() => rm(folder, { recursive: true, force: true }));

stateContract("memory", false, () => ({ kind: "memory" }));
stateContract("a file", false, () => ({ kind: "sqlite", file: join(folder, "state.sqlite") }));

describe("PostgreSQL", { skip: noPostgres }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server[Symbol.asyncDispose]());

  stateContract("PostgreSQL", false, () => ({ kind: "postgres", url: server.url }));

  test("ten instances that start at once prepare the tables once", async () => {
    const url = new URL(server.url);
    const { Client } = (await import("pg")).default;
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query("CREATE DATABASE fresh");
    await client.end();
    url.pathname = "/fresh";
    const place = { kind: "postgres", url: `${url}` } as const;
    const opened = await Promise.all(
      Array.from({ length: 10 }, () => openState(place, { mostJobs: 1 })),
    );
    for (const state of opened) {
      assert.deepEqual(await state.jobs.list(1), []);
      await state[Symbol.asyncDispose]();
    }
  });

  test("a server that dies and comes back is used again, and what was accepted is there", async () => {
    const place = { kind: "postgres", url: server.url } as const;
    await using state = await openState(place, { mostJobs: 10 });
    await state.jobs.add(two, at(1));
    await server.kill();
    await assert.rejects(state.jobs.add(one, at(2)), {
      code: "store_unavailable",
      message: /^the queue of background fetches failed: /,
    });
    await server.start();
    assert.equal(await state.jobs.add(two, at(3)), "known");
    await state.jobs.finish(two);
  });

  test("a server that dies while somebody waits for his turn fails him, and nothing else", async () => {
    const { Client } = (await import("pg")).default;
    await using state = await openState({ kind: "postgres", url: server.url }, { mostJobs: 10 });
    const other = new Client({ connectionString: server.url });
    other.on("error", () => undefined);
    await other.connect();
    await other.query("BEGIN");
    await other.query("LOCK TABLE stoa_version");
    const refused = assert.rejects(state.index.add([one]), { code: "store_unavailable" });
    for (let waiting = 0; waiting === 0; ) {
      const { rows } = await other.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
      );
      waiting = rows[0]?.n ?? 0;
    }
    await server.kill();
    await refused;
    await server.start();
    await state.index.add([one]);
    await other.end();
  });

  test("a refused connection is one sentence that names the key and hides the password", async () => {
    const place = { kind: "postgres", url: "postgres://me:hush@127.0.0.1:1/db" } as const;
    await assert.rejects(openState(place, { mostJobs: 1 }), (failure: Error) => {
      assert.match(failure.message, /127\.0\.0\.1:1\/db cannot be used .*STOA_STATE/);
      assert.doesNotMatch(failure.message, /hush/);
      return true;
    });
  });
});

test("what a dead process had taken from a file is due at once for who takes over", async () => {
  const place = { kind: "sqlite", file: join(folder, "taken.sqlite") } as const;
  const first = await openState(place, { mostJobs: 9, takesOver: true });
  await first.jobs.add(one, at(1));
  await first.jobs.take(1, at(1), at(1e12));
  await first[Symbol.asyncDispose]();
  await using visitor = await openState(place, { mostJobs: 9 });
  assert.deepEqual(await visitor.jobs.take(1, at(2), at(1e12)), []);
  await using second = await openState(place, { mostJobs: 9, takesOver: true });
  assert.equal((await second.jobs.take(1, at(2), at(1e12))).length, 1);
});

test("a file that is no database is refused in a sentence that says what to do", async () => {
  const file = join(folder, "broken.sqlite");
  await writeFile(file, "this is no database, but long enough to be looked at as one".repeat(99));
  await assert.rejects(openState({ kind: "sqlite", file }, { mostJobs: 1, takesOver: true }), {
    message: /broken\.sqlite cannot be used .*move the file away/,
  });
});

test("a file that only reads is not made", async () => {
  const file = join(folder, "absent.sqlite");
  await using state = await openState({ kind: "sqlite", file }, { mostJobs: 1, readOnly: true });
  assert.deepEqual(await state.jobs.list(9), []);
  assert.deepEqual(await state.jobs.counts(), { waiting: 0, givenUp: 0 });
});
