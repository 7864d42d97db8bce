// How long lists, latest and absences hold, and what is said when no newer answer can be had.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";

const shortTimes = { STOA_LIST_TTL: "1", STOA_STALE_PATIENCE: "1" };
const listPath = "/example.com/small/@v/list";
const latestPath = "/example.com/small/@latest";

function versionOf(answer: HttpAnswer): string {
  return (JSON.parse(answer.text) as { Version: string }).Version;
}

test("a list and latest are given out without asking while they are fresh, and then renewed", async () => {
  const [older, newer] = [
    await smallModule("example.com/small", "v1.0.0"),
    await smallModule("example.com/small", "v1.1.0"),
  ];
  await using fresh = await proxiedModules([older]);
  for (const path of [listPath, latestPath]) {
    for (let time = 0; time < 3; time++) await ask(`${fresh.stoa.url}${path}`);
    assert.equal(fresh.upstream.requests.filter((request) => request.path === path).length, 1);
  }
  await using scene = await proxiedModules([older], { env: shortTimes });
  assert.equal((await ask(`${scene.stoa.url}${listPath}`)).text, "v1.0.0\n");
  assert.equal(versionOf(await ask(`${scene.stoa.url}${latestPath}`)), "v1.0.0");
  scene.upstream.add(newer);
  await until("the new version in the list", async () => {
    const answer = await ask(`${scene.stoa.url}${listPath}`);
    assert.equal(answer.headers.warning, undefined);
    return answer.text === "v1.0.0\nv1.1.0\n";
  });
  await until("the new version as latest", async () => {
    return versionOf(await ask(`${scene.stoa.url}${latestPath}`)) === "v1.1.0";
  });
});

for (const [name, path] of [
  ["a list", listPath],
  ["latest", latestPath],
  ["the answer to a revision query", "/example.com/small/@v/main.info"],
] as const) {
  test(`${name} that cannot be renewed is given out with its age and a warning`, async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using scene = await proxiedModules([small], { env: shortTimes });
    const main = { status: 200, body: Buffer.from(small.info).toString() };
    scene.upstream.fail("/@v/main.info", main);
    const first = await ask(`${scene.stoa.url}${path}`);
    assert.equal(first.status, 200);
    scene.upstream.fail(/./, { status: 500 });
    const stale = await until("a stale answer", async () => {
      const answer = await ask(`${scene.stoa.url}${path}`);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.text, first.text);
      return answer.headers.warning !== undefined && answer;
    });
    assert.match(stale.headers.warning ?? "", /^11[01] \S+ ".+"/);
    assert.ok(Number(stale.headers.age) >= 1, `Age: ${stale.headers.age}`);
    scene.upstream.heal();
    scene.upstream.fail("/@v/main.info", main);
    await until("a fresh answer", async () => {
      const answer = await ask(`${scene.stoa.url}${path}`);
      return answer.headers.warning === undefined;
    });
  });
}

test("a list that was never had is no empty list during an outage", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([small]);
  scene.upstream.fail(/./, { status: 500 });
  assert.equal((await ask(`${scene.stoa.url}${listPath}`)).status, 502);
});

test("kept versions stay listed when the upstream no longer knows the module", async () => {
  const [older, newer] = [
    await smallModule("example.com/small", "v1.0.0"),
    await smallModule("example.com/small", "v1.1.0"),
  ];
  await using scene = await proxiedModules([older, newer], { env: shortTimes });
  assert.equal((await ask(`${scene.stoa.url}${filePath(older, "zip")}`)).status, 200);
  scene.upstream.fail(/./, { status: 404, body: "not found: deleted" });
  const answer = await ask(`${scene.stoa.url}${listPath}`);
  assert.equal(answer.status, 200);
  assert.equal(answer.text, "v1.0.0\n");
  assert.equal((await ask(`${scene.stoa.url}${filePath(older, "zip")}`)).status, 200);
});

test("the absence of a module is remembered for a while, the default being ten seconds", async () => {
  await using scene = await proxiedModules([]);
  for (const path of [listPath, latestPath, "/example.com/small/@v/main.info"]) {
    for (let time = 0; time < 3; time++) {
      assert.equal((await ask(`${scene.stoa.url}${path}`)).status, 404);
    }
    const asked = scene.upstream.requests.filter((request) => request.path === path);
    // Without @latest the list is asked for, too.
    assert.ok(asked.length === 1 || (path === listPath && asked.length <= 2), path);
  }
});

test("an absence ends by itself", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([], { env: { STOA_ABSENCE_TTL: "1" } });
  assert.equal((await ask(`${scene.stoa.url}${listPath}`)).status, 404);
  assert.equal((await ask(`${scene.stoa.url}${latestPath}`)).status, 404);
  scene.upstream.add(small);
  await until("the list", async () => (await ask(`${scene.stoa.url}${listPath}`)).status === 200);
  await until("latest", async () => (await ask(`${scene.stoa.url}${latestPath}`)).status === 200);
});

test("an explicit version that was not there is asked for again at once", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([]);
  for (const kind of ["info", "mod", "zip"] as const) {
    assert.equal((await ask(`${scene.stoa.url}${filePath(small, kind)}`)).status, 404, kind);
  }
  assert.equal((await ask(`${scene.stoa.url}${listPath}`)).status, 404);
  scene.upstream.add(small);
  for (const kind of ["info", "mod", "zip"] as const) {
    const answer = await ask(`${scene.stoa.url}${filePath(small, kind)}`);
    assert.equal(answer.status, 200, kind);
    assert.ok(answer.body.equals(Buffer.from(small[kind])));
  }
});

test("a short absence says so in its lifetime, and a long list in its own", async () => {
  await using scene = await proxiedModules([await smallModule("example.com/small", "v1.0.0")], {
    env: { STOA_ABSENCE_TTL: "3", STOA_LIST_TTL: "120" },
  });
  const list = await ask(`${scene.stoa.url}${listPath}`);
  assert.match(list.headers["cache-control"] ?? "", /\bmax-age=(120|119)\b/);
  const absence = await ask(`${scene.stoa.url}/example.com/nobody/@v/list`);
  assert.match(absence.headers["cache-control"] ?? "", /\bmax-age=[1-3]\b/);
});
