// The lock on repairs: one holder, also after the death of another.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { IncomingFolder } from "./incoming-folder.ts";
import { MendLock } from "./mend-lock.ts";
import { ProcessMark } from "./process-mark.ts";
import { StorageRoot } from "./storage-root.ts";

const module = { path: parseModulePath("example.com/a"), version: parseVersion("v1.0.0") };
const other = { path: parseModulePath("example.com/a"), version: parseVersion("v1.0.1") };

test("a lock has one holder at a time, however many ask", async (t) => {
  const { lock, another, mending } = await locks(t);
  let inside = 0;
  let visits = 0;
  await Promise.all(
    Array.from({ length: 10 }, async (_, turn) => {
      await using _held = await (turn % 2 === 0 ? lock : another).hold(module);
      inside += 1;
      assert.equal(inside, 1);
      await readdir(mending);
      visits += 1;
      inside -= 1;
    }),
  );
  assert.equal(visits, 10);
  assert.deepEqual(await readdir(mending), []);
});

test("locks of two versions do not hinder each other", async (t) => {
  const { lock, another } = await locks(t);
  await using _one = await lock.hold(module);
  await using _two = await another.hold(other);
});

for (const [what, token, ageSeconds] of [
  ["dead process", `${"0".repeat(12)}-1-1+0123456789ab`, 3600],
  ["process that died before it wrote its name", "", 3600],
] as const) {
  test(`the lock of a ${what} is taken over by one at a time`, async (t) => {
    const { lock, another, mending } = await locks(t);
    const name = await nameOfLock(lock, mending);
    await writeFile(join(mending, name), token);
    await age(join(mending, name), ageSeconds);
    // Somebody had begun to take it over, and died too.
    const breaker = join(mending, `${name}.${token.split("+")[1] ?? ""}`);
    await writeFile(breaker, `${"0".repeat(12)}-2-2+ba9876543210`);
    await age(breaker, ageSeconds);
    let inside = 0;
    await Promise.all(
      Array.from({ length: 6 }, async (_, turn) => {
        await using _held = await (turn % 2 === 0 ? lock : another).hold(module);
        inside += 1;
        assert.equal(inside, 1);
        await readdir(mending);
        inside -= 1;
      }),
    );
    assert.deepEqual(await readdir(mending), []);
  });
}

test("a lock that was taken over is not given back by the one who lost it", async (t) => {
  const { lock, mending } = await locks(t);
  const lost = await lock.hold(module);
  const [name = ""] = await readdir(mending);
  await writeFile(join(mending, name), "somebody else");
  await lost[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(mending), [name]);
});

async function locks(
  t: TestContext,
): Promise<{ lock: MendLock; another: MendLock; mending: string }> {
  const path = await mkdtemp(join(tmpdir(), "stoa-lock-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  const root = new StorageRoot(path);
  await mkdir(root.mending, { recursive: true });
  await mkdir(root.incoming, { recursive: true });
  const mark = await ProcessMark.ofThisProcess();
  const incoming = new IncomingFolder(root, mark);
  return {
    lock: new MendLock(root, incoming, mark),
    another: new MendLock(root, incoming, mark),
    mending: root.mending,
  };
}

async function nameOfLock(lock: MendLock, mending: string): Promise<string> {
  await using _held = await lock.hold(module);
  const [name = ""] = await readdir(mending);
  return name;
}

async function age(path: string, seconds: number): Promise<void> {
  const then = new Date(Date.now() - seconds * 1000);
  await utimes(path, then, then);
}
