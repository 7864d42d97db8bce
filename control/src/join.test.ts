// Joining: a machine proves that it holds the key it registers, and comes again as itself or not at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeSecretKey, publicKeyLine, sha256Hex, signJoin } from "@stoa/deployment";
import { joinBody, testControl } from "./testing/agent-stand-in.ts";
import { manualClock } from "./testing/manual-clock.ts";

test("a machine that does not hold the key it registers is refused, and nothing is kept of it", async () => {
  await using kit = await testControl();
  const victim = await kit.join("web-1");
  const token = await kit.token({ kind: "join" });
  const thief = makeSecretKey();
  const body = await joinBody(kit.ask, { token, machine: "web-1", key: thief });
  const stolen = { ...body, publicKey: publicKeyLine(victim.key) };
  const refused = await kit.ask("", "POST", "/join", stolen);
  assert.equal(refused.status, 403);
  assert.match(refused.body.error.message, /web-1 has not proven that it holds the key/);
  // The machine whose name it is goes on.
  assert.equal((await victim.report()).status, 204);
  const without = { ...body };
  delete without["proof"];
  assert.equal((await kit.ask("", "POST", "/join", without)).status, 400);
});

test("a proof is worth nothing for another name, tag, environment, token or server's time", async () => {
  await using kit = await testControl();
  const key = makeSecretKey();
  const token = await kit.token({ kind: "join" });
  const other = await kit.token({ kind: "join" });
  const staging = await kit.token({ kind: "join", environment: "staging" });
  for (const change of [
    { machine: "web-2" },
    { tags: { role: "bank" } },
    { arch: "arm64" },
    { token: other },
    { token: staging },
    { proof: "none" },
  ]) {
    const body = await joinBody(kit.ask, { token, machine: "web-1", key });
    const answer = await kit.ask("", "POST", "/join", { ...body, ...change });
    assert.equal(answer.status, 403, JSON.stringify(change));
  }
  const { body: asked } = await kit.ask("", "POST", "/join/challenge", { token });
  const said = { machine: "web-1", tags: {}, os: "linux", arch: "amd64" };
  const early = { ...asked, ...said, at: "2020-01-01T00:00:00.000Z" };
  const proof = signJoin({ ...early, tokenSha256: sha256Hex(token) }, key);
  const { challenge } = asked;
  const body = { ...said, token, publicKey: publicKeyLine(key), challenge, proof };
  assert.equal((await kit.ask("", "POST", "/join", body)).status, 403);
  assert.deepEqual((await kit.ask(kit.admin, "GET", "/machines")).body.machines, []);
});

test("what was signed counts once, and for a minute", async () => {
  const clock = manualClock(Date.now());
  await using kit = await testControl({ clock });
  const key = makeSecretKey();
  const token = await kit.token({ kind: "join" });
  const body = await joinBody(kit.ask, { token, machine: "web-1", key });
  assert.equal((await kit.ask("", "POST", "/join", body)).status, 200);
  const again = await kit.ask("", "POST", "/join", body);
  assert.equal(again.status, 409);
  assert.match(again.body.error.message, /web-1 .*join again/);
  const slow = await joinBody(kit.ask, { token, machine: "web-2", key });
  clock.turn(60_000);
  assert.equal((await kit.ask("", "POST", "/join", slow)).status, 409);
});

test("only who has a join token is asked to sign anything", async () => {
  await using kit = await testControl();
  const { token } = await kit.join("web-1");
  for (const no of ["", "stoa_join_0", token, kit.admin])
    assert.equal((await kit.ask("", "POST", "/join/challenge", { token: no })).status, 401);
});

test("a machine that joins again gets a new token, and the one it had counts no more", async () => {
  await using kit = await testControl();
  const first = await kit.join("web-1");
  const neighbour = await kit.join("web-2");
  const token = await kit.token({ kind: "join" });
  const { key } = first;
  const body = await joinBody(kit.ask, { token, machine: "web-1", key });
  const { body: second } = await kit.ask("", "POST", "/join", body);
  const index = "/tree/environments/production/index.json";
  assert.equal((await kit.ask(second.machineToken, "GET", index)).status, 200);
  const before = await kit.ask(first.token, "GET", index);
  assert.equal(before.status, 401);
  assert.match(before.body.error.message, /revoked/);
  assert.equal((await kit.ask(neighbour.token, "GET", index)).status, 200);
  const { tokens } = (await kit.ask(kit.admin, "GET", "/tokens")).body;
  const ofMachines = tokens.filter((one: { kind: string }) => one.kind === "machine");
  assert.equal(ofMachines.length, 2);
});

test("another key does not get a name that is taken, until the machine that has it is removed", async () => {
  await using kit = await testControl();
  const first = await kit.join("web-1");
  const key = makeSecretKey();
  const token = await kit.token({ kind: "join" });
  const join = async () =>
    await kit.ask("", "POST", "/join", await joinBody(kit.ask, { token, machine: "web-1", key }));
  const refused = await join();
  assert.equal(refused.status, 409);
  assert.match(refused.body.error.message, /another key .*is alive.*stoa machines remove web-1/);
  assert.equal((await first.report()).status, 204);
  assert.equal((await kit.ask(kit.admin, "DELETE", "/machines/web-1")).status, 204);
  assert.equal((await join()).status, 200);
  const index = "/tree/environments/production/index.json";
  assert.equal((await kit.ask(first.token, "GET", index)).status, 401);
});

test("of two machines that want one name at the same time, one has it", async () => {
  await using kit = await testControl();
  const token = await kit.token({ kind: "join" });
  const bodies = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const key = makeSecretKey();
      return await joinBody(kit.ask, { token, machine: "web-1", key });
    }),
  );
  const answers = await Promise.all(bodies.map((body) => kit.ask("", "POST", "/join", body)));
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409, 409]);
});
