// Whoever can write to the store of documents, and has no key, gains nothing by it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { type TestControl, testControl } from "./testing/agent-stand-in.ts";

test("a token that was written into the store is none", async () => {
  await using kit = await testControl();
  const id = "0123456789ab";
  const token = `stoa_admin_${id}_${"A".repeat(43)}`;
  const record = {
    format: 1,
    id,
    use: { kind: "person", name: "mallory", role: "admin" },
    sha256: createHash("sha256").update(token).digest("hex"),
    madeAt: new Date().toISOString(),
  };
  const text = JSON.stringify(record);
  await put(kit, `private/tokens/${id}.json`, text);
  const bare = await kit.ask(token, "GET", "/tokens");
  assert.equal(bare.status, 503);
  assert.match(
    bare.body.error.message,
    /private\/tokens\/.* was not written by this control plane/,
  );

  await kit.token({ kind: "join" });
  // A document that the control plane has signed as something else is no token either.
  const { signatures } = JSON.parse(await kept(kit, "audit/1.json"));
  await put(kit, `private/tokens/${id}.json`, JSON.stringify({ document: text, signatures }));
  assert.equal((await kit.ask(token, "GET", "/tokens")).status, 503);
});

test("an index in another's place, or an old one, is not gone on from", async () => {
  await using kit = await testControl();
  await kit.join("web-1");
  await kit.token({ kind: "join", environment: "staging" });
  const production = "environments/production/index.json";
  const old = await kept(kit, production);
  const id = await kit.upload("shop", "one");
  const begin = () =>
    kit.ask(kit.admin, "POST", "/environments/production/services/shop/rollouts", { revision: id });
  assert.equal((await begin()).status, 200);
  // The index follows the rollout.
  for (let tries = 0; tries < 2_400 && (await kept(kit, production)) === old; tries += 1)
    await wait(25);
  const newest = await kept(kit, production);

  await put(kit, production, old);
  const back = await kit.ask(kit.admin, "GET", "/services");
  assert.match(back.body.error.message, /its serial went from \d+ back to 1/);
  await put(kit, production, await kept(kit, "environments/staging/index.json"));
  const other = await kit.ask(kit.admin, "GET", "/services");
  assert.match(other.body.error.message, /it is the index of staging/);
  await put(kit, production, newest);
  assert.equal((await kit.ask(kit.admin, "GET", "/services")).status, 200);
});

test("a revision in another's place is not given out as that", async () => {
  await using kit = await testControl();
  const [one, two] = [await kit.upload("shop", "one"), await kit.upload("shop", "two")];
  await put(kit, `revisions/shop/${one}.json`, await kept(kit, `revisions/shop/${two}.json`));
  const { status, body } = await kit.ask(kit.admin, "GET", `/services/shop/revisions/${one}`);
  assert.equal(status, 503);
  assert.match(body.error.message, /describes another revision/);
});

async function kept(kit: TestControl, path: string): Promise<string> {
  return await readFile(join(kit.root, "tree", path), "utf8");
}

async function put(kit: TestControl, path: string, text: string): Promise<void> {
  const file = join(kit.root, "tree", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
