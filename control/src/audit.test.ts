// The end of the audit log: what was cut off, put back, rewritten or taken away is found at the start and whenever it is read.
import assert from "node:assert/strict";
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type TestControl, testControl } from "./testing/agent-stand-in.ts";

test("a log that was left alone is in order, also where a killed process could not say that it wrote an entry", async () => {
  await using kit = await written();
  assert.deepEqual(await alarmsAt(kit), []);
  const before = await readFile(headOf(kit), "utf8");
  const memory = await readFile(memoryOf(kit), "utf8");
  await token(kit, "late");
  await kit.control[Symbol.asyncDispose]();
  await writeFile(headOf(kit), before);
  await writeFile(memoryOf(kit), memory);
  await using again = await testControl({ root: kit.root });
  assert.deepEqual(again.failures, []);
  assert.deepEqual(await alarmsAt(again), []);
  assert.equal(endIn(await readFile(headOf(kit), "utf8")).number, 5);
  assert.equal(JSON.parse(await readFile(memoryOf(kit), "utf8")).number, 5);
});

test("a log from before its end was kept is taken as it is", async () => {
  await using kit = await written();
  await kit.control[Symbol.asyncDispose]();
  await rm(headOf(kit));
  await rm(memoryOf(kit));
  await using again = await testControl({ root: kit.root });
  assert.deepEqual(await alarmsAt(again), []);
  assert.equal(endIn(await readFile(headOf(kit), "utf8")).number, 4);
});

const older = "older";

for (const [what, harm, pattern] of [
  [
    "its last entries cut off",
    async (kit: TestControl) => await rm(entryOf(kit, 4)),
    /was cut off: it had 4 entries, and 3 are there; restore/,
  ],
  [
    "its last entries cut off, and the end put back that it had then",
    async (kit: TestControl) => {
      await rm(entryOf(kit, 4));
      await rm(entryOf(kit, 3));
      await copyFile(join(kit.root, older), headOf(kit));
    },
    /names entry 2, and entry 4 was written: it was put back/,
  ],
  [
    "its end put back alone",
    async (kit: TestControl) => await copyFile(join(kit.root, older), headOf(kit)),
    /names entry 2, and entry 4 was written/,
  ],
  [
    "its end taken away",
    async (kit: TestControl) => await rm(headOf(kit)),
    /audit-head.json is gone, and entry 4 was written/,
  ],
  [
    "its end written by somebody else",
    async (kit: TestControl) => {
      const text = await readFile(headOf(kit), "utf8");
      await writeFile(headOf(kit), text.replace("number", "lumber"));
    },
    /audit-head.json was not written by this control plane, or was damaged/,
  ],
  [
    "everything taken away",
    async (kit: TestControl) => await rm(join(kit.root, "tree", "audit"), { recursive: true }),
    /was cut off: it had 4 entries, and 0 are there/,
  ],
  [
    "its last entry changed",
    async (kit: TestControl) => {
      const text = await readFile(entryOf(kit, 4), "utf8");
      await writeFile(entryOf(kit, 4), text.replace("dora", "nora"));
    },
    /entry 4 of the audit log is not the one that was written/,
  ],
  [
    "another entry in the place of the last",
    async (kit: TestControl) => await copyFile(entryOf(kit, 3), entryOf(kit, 4)),
    /entry 4 of the audit log is not the one that was written/,
  ],
  [
    "an entry taken out of the middle",
    async (kit: TestControl) => await rm(entryOf(kit, 2)),
    /has a gap: entry 2 is gone, and 3 is there/,
  ],
  [
    "an entry added that nobody signed",
    async (kit: TestControl) => {
      const text = await readFile(entryOf(kit, 4), "utf8");
      await writeFile(entryOf(kit, 5), text.replace("dora", "nora"));
    },
    /entry 5 of the audit log does not follow the one before it, or was not written by/,
  ],
] as const) {
  test(`found at the start and when the log is read: ${what}`, async () => {
    await using kit = await written();
    await kit.control[Symbol.asyncDispose]();
    await harm(kit);
    await using again = await testControl({ root: kit.root });
    again.forgive(/audit/);
    assert.match(String(again.failures[0]), pattern);
    assert.match((await alarmsAt(again)).join("; "), pattern);
    // Somebody who can reach the log cannot stop the control plane by that.
    assert.match(await again.token({ kind: "person", name: "eve", role: "read" }), /^stoa_read_/);
  });
}

test("a fork is found: another log, signed by the same key, in the place of this one", async () => {
  await using kit = await testControl();
  for (const name of ["ann", "ben"]) await token(kit, name);
  const fork = await mkdtemp(join(tmpdir(), "stoa-fork-"));
  await cp(kit.root, fork, { recursive: true });
  for (const name of ["cem", "dora"]) await token(kit, name);
  await kit.control[Symbol.asyncDispose]();
  {
    await using other = await testControl({ root: fork });
    for (const name of ["eve", "fay"]) await token(other, name);
  }
  const log = join(kit.root, "tree", "audit");
  await rm(log, { recursive: true });
  await cp(join(fork, "tree", "audit"), log, { recursive: true });
  await copyFile(join(fork, "tree", "audit-head.json"), headOf(kit));
  await rm(fork, { recursive: true });
  await using again = await testControl({ root: kit.root });
  again.forgive(/audit/);
  assert.match(
    (await alarmsAt(again)).join("; "),
    /entry 4 of the audit log is not the one that was written; somebody has put another log/,
  );
});

test("what was cut off is never written over: the gap stays to be seen", async () => {
  await using kit = await written();
  await kit.control[Symbol.asyncDispose]();
  await rm(entryOf(kit, 4));
  await rm(entryOf(kit, 3));
  await using again = await testControl({ root: kit.root });
  again.forgive(/audit/);
  await token(again, "eve");
  assert.match(await readFile(entryOf(kit, 5), "utf8"), /eve/);
  await assert.rejects(readFile(entryOf(kit, 3)), { code: "ENOENT" });
  await again.control[Symbol.asyncDispose]();
  await using third = await testControl({ root: kit.root });
  third.forgive(/audit/);
  assert.match((await alarmsAt(third)).join("; "), /has a gap: entry 3 is gone, and 5 is there/);
});

/** A control plane with four entries; what its end was after two is put aside. */
async function written(): Promise<TestControl> {
  const kit = await testControl();
  for (const name of ["ann", "ben", "cem", "dora"]) {
    await token(kit, name);
    if (name === "ben") await copyFile(headOf(kit), join(kit.root, older));
  }
  return kit;
}

async function token(kit: TestControl, name: string): Promise<void> {
  await kit.token({ kind: "person", name, role: "read" });
}

async function alarmsAt(kit: TestControl): Promise<readonly string[]> {
  return (await kit.ask(kit.admin, "GET", "/audit")).body.alarms;
}

function entryOf({ root }: TestControl, number: number): string {
  return join(root, "tree", "audit", `${number}.json`);
}

function headOf({ root }: TestControl): string {
  return join(root, "tree", "audit-head.json");
}

function memoryOf({ root }: TestControl): string {
  return join(root, "audit-end.json");
}

function endIn(text: string): { readonly number: number } {
  return JSON.parse(JSON.parse(text).document);
}
