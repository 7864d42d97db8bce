// The audit log: what was changed, removed or put in by somebody else is found.
import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Delivery, startDelivery } from "./testing/delivery.ts";

test("stoa audit verify finds an entry that was changed, removed or exchanged", async () => {
  await using delivery = await startDelivery();
  for (const name of ["ann", "ben", "cem"]) {
    await delivery.succeed("token", "create", name, "--role", "read");
  }
  assert.match(await delivery.succeed("audit", "verify"), /in order: 3 entries/);
  const entry = (number: number): string =>
    join(delivery.controlRoot, "tree", "audit", `${number}.json`);
  const second = await readFile(entry(2), "utf8");

  await writeFile(entry(2), second.replace("ben", "bob"));
  await refused(delivery, /entry 2 of the audit log is not signed/);
  await writeFile(entry(2), await readFile(entry(1), "utf8"));
  await refused(delivery, /entry 2 of the audit log does not follow the one before it/);
  await rename(entry(2), join(delivery.project, "taken"));
  await refused(delivery, /the audit log has 3 entries, and number 2 is missing/);
  await rename(join(delivery.project, "taken"), entry(2));
  await writeFile(entry(2), second);
  assert.match(await delivery.succeed("audit", "verify"), /in order/);
});

test("stoa audit and audit verify say that the end was cut off, also to who noted it where the server forgot it", async () => {
  await using delivery = await startDelivery();
  for (const name of ["ann", "ben", "cem"]) {
    await delivery.succeed("token", "create", name, "--role", "read");
  }
  const verified = await delivery.succeed("audit", "verify");
  const [, noted = ""] = /its end is (3:[0-9a-f]{64})/.exec(verified) ?? [];
  await delivery.succeed("audit", "verify", "--head", noted);

  await delivery.killControl();
  const { controlRoot, project } = delivery;
  const last = join(controlRoot, "tree", "audit", "3.json");
  await rename(last, join(project, "last"));
  await delivery.startControl();
  await refused(delivery, /was cut off: it had 3 entries, and 2 are there/);
  const shown = await delivery.stoa("audit");
  assert.equal(shown.code, 1);
  assert.match(shown.stdout, /ben/);
  assert.match(shown.stderr, /was cut off/);

  // Whoever can make the server forget cannot make a note forget.
  await delivery.killControl();
  await rm(join(controlRoot, "tree", "audit-head.json"));
  await rm(join(controlRoot, "audit-end.json"));
  await delivery.startControl();
  assert.match(await delivery.succeed("audit", "verify"), /in order: 2 entries/);
  await refused(delivery, /cut off: --head names entry 3, and there are 2/, "--head", noted);
  await delivery.succeed("token", "create", "dora", "--role", "read");
  await refused(delivery, /entry 3 .* is not the one that --head names/, "--head", noted);
});

test("commands say in a sentence what is not there", async () => {
  await using delivery = await startDelivery();
  for (const [pattern, ...words] of [
    [/shop was never deployed to production; stoa list/, "logs", "shop"],
    [/shop was never deployed; stoa list/, "history", "shop"],
    [/shop is not deployed anywhere/, "status", "shop"],
    [/there is no rollout shop/, "pause", "shop"],
  ] as const) {
    const { code, stdout, stderr } = await delivery.stoa(...words);
    assert.equal(code, 1, words.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
});

async function refused(
  delivery: Delivery,
  pattern: RegExp,
  ...words: readonly string[]
): Promise<void> {
  const { code, stderr } = await delivery.stoa("audit", "verify", ...words);
  assert.equal(code, 1);
  assert.match(stderr, pattern);
}
