// Who is let in: every route with every kind of token, and with none.
import assert from "node:assert/strict";
import { readdir, readlink } from "node:fs/promises";
import { test } from "node:test";
import type { Role } from "./domain/access.ts";
import type { Route } from "./http/route.ts";
import { joinBody, testControl } from "./testing/agent-stand-in.ts";

test("every route lets in whom it says, and nobody else", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const tokens: Readonly<Record<string, string>> = {
    nobody: "",
    stranger: `stoa_admin_0123456789ab_${"A".repeat(43)}`,
    garbled: "stoa_admin_../../private_x",
    joiner: await kit.token({ kind: "join" }),
    machine: agent.token,
    read: await kit.token({ kind: "person", name: "rea", role: "read" }),
    deploy: await kit.token({ kind: "person", name: "dee", role: "deploy" }),
    admin: kit.admin,
  };
  for (const { method, path, admission } of kit.control.routes) {
    if (admission === "anybody") continue;
    for (const [who, token] of Object.entries(tokens)) {
      // A path that is right in form and names nothing: who is let in finds nothing, and changes nothing.
      const asked = path
        .replace(":machine", admission === "machine" ? "web-1" : "nothing")
        .replace(/:[a-z0-9]+/gi, "nothing")
        .replace("*", "revisions/nothing");
      const request = new Request(`http://stoa/api/v1${asked}`, {
        method,
        headers: token === "" ? {} : { Authorization: `Bearer ${token}` },
        ...(method === "GET" || method === "DELETE" ? {} : { body: "none" }),
      });
      const answer = await kit.control.fetch(request);
      await answer.body?.cancel();
      assert.equal(verdictOf(answer.status), expected(who, admission), `${who}: ${method} ${path}`);
    }
  }
});

test("a machine is not told of other environments", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  await kit.token({ kind: "join", environment: "staging" });
  for (const path of [
    "/wake?environment=staging",
    "/tree/environments/staging/index.json",
    "/tree/environments/production-2/index.json",
    "/tree/machines/web-1/machine.json",
    "/tree/audit/1.json",
    "/tree/rollouts/x.json",
  ]) {
    assert.equal((await kit.ask(agent.token, "GET", path)).status, 403, path);
  }
  for (const path of ["/tree/private/tokens/x.json", "/tree/environments/production/none.json"]) {
    assert.equal((await kit.ask(agent.token, "GET", path)).status, 404, path);
  }
  for (const path of [
    "/tree/environments/production/..%2f..%2fprivate%2fx",
    "/tree/environments/production/%2e%2e/x",
    "/tree//etc/passwd",
    "/tree/blobs/sha256/..%2f..%2fx",
    "/tree/blobs/sha256/0",
  ]) {
    assert.ok([400, 403, 404].includes((await kit.ask(agent.token, "GET", path)).status), path);
  }
});

test("a machine stays where it has joined until somebody removes it", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  const join = async () => {
    const token = await kit.token({ kind: "join", environment: "staging" });
    const { name: machine, key } = agent;
    return await kit.ask("", "POST", "/join", await joinBody(kit.ask, { token, machine, key }));
  };
  const moved = await join();
  assert.equal(moved.status, 409);
  assert.match(moved.body.error.message, /web-1 belongs to production.*stoa machines remove web-1/);
  assert.equal((await kit.ask(kit.admin, "DELETE", "/machines/web-1")).status, 204);
  assert.equal((await join()).body.environment, "staging");
});

test("HEAD says what GET says and leaves nothing open", async () => {
  await using kit = await testControl();
  const agent = await kit.join("web-1");
  await kit.upload("shop", "one");
  const { sha256Hex } = await import("@stoa/deployment");
  const path = `/tree/blobs/sha256/${sha256Hex("one")}`;
  for (let asked = 0; asked < 20; asked += 1) {
    const { status, headers, body } = await kit.ask(agent.token, "HEAD", path);
    assert.deepEqual([status, headers.get("content-length"), body], [200, "3", ""]);
  }
  const stream = "/wake?environment=production";
  assert.equal((await kit.ask(agent.token, "HEAD", stream)).status, 200);
  assert.deepEqual(
    (await openFiles()).filter((file) => file.startsWith(`${kit.root}/tree/blobs/`)),
    [],
  );
});

test("what is too long or no JSON is refused, and what settings are for must be there", async () => {
  await using kit = await testControl();
  await kit.join("web-1");
  const put = (environment: string, body: unknown) =>
    kit.ask(kit.admin, "PUT", `/environments/${environment}/services/shop/settings`, body);
  assert.equal((await put("production", { set: { A: "x".repeat(9 << 20) } })).status, 413);
  assert.equal((await put("production", "{")).status, 400);
  assert.match((await put("production", { set: 3 })).body.error.message, /^set must be an object/);
  assert.match((await put("prodution", { set: { A: "b" } })).body.error.message, /no environment/);
  const hours = await kit.ask(kit.admin, "POST", "/tokens", { kind: "join", lifetimeMs: 0 });
  assert.match(hours.body.error.message, /^lifetimeMs must be at least 1$/);
});

test("a change of settings that is refused is no entry of the audit log", async () => {
  await using kit = await testControl();
  await kit.join("web-1");
  const put = (body: unknown) =>
    kit.ask(kit.admin, "PUT", "/environments/production/services/shop/settings", body);
  assert.equal((await put({ set: { A: "1" } })).status, 200);
  assert.equal((await put({ unset: ["NOPE"] })).status, 404);
  assert.equal((await put({ set: { "no name": "1" } })).status, 400);
  const { entries } = (await kit.ask(kit.admin, "GET", "/audit")).body;
  const changes = entries.flatMap((text: string) => {
    const { action, details } = JSON.parse(JSON.parse(text).document);
    return action === "settings.change" ? [details] : [];
  });
  assert.deepEqual(changes, [{ set: "A", unset: "" }]);
});

/** The files that this process has open. One that is closed meanwhile is none of them. */
async function openFiles(): Promise<readonly string[]> {
  const folder = "/proc/self/fd";
  const all = await readdir(folder);
  return await Promise.all(all.map((name) => readlink(`${folder}/${name}`).catch(() => "")));
}

function verdictOf(status: number): "unknown" | "refused" | "let in" {
  if (status === 401) return "unknown";
  return status === 403 ? "refused" : "let in";
}

function expected(who: string, admission: Route["admission"]): ReturnType<typeof verdictOf> {
  if (["nobody", "stranger", "garbled", "joiner"].includes(who)) return "unknown";
  const isMachine = who === "machine";
  if (admission === "machine" || isMachine) {
    return isMachine && admission === "machine" ? "let in" : "refused";
  }
  const order: readonly string[] = ["read", "deploy", "admin"] satisfies readonly Role[];
  return order.indexOf(who) >= order.indexOf(admission) ? "let in" : "refused";
}
