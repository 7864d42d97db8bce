import assert from "node:assert/strict";
import { test } from "node:test";
import { hashGoMod } from "../directory-hash.ts";
import { checkModuleZip, memorySource } from "../zip/index.ts";
import { fixturesFrom, moduleFixture } from "./module-fixture.ts";

test("moduleFixture makes up the info and takes the mod from go.mod", async () => {
  const goMod = "module example.com/a\n\ngo 1.24\n";
  const fixture = await moduleFixture(`
module example.com/a@v1.0.0
-- go.mod --
${goMod}-- a.go --
package a
`);
  assert.deepEqual(fixture.module, { path: "example.com/a", version: "v1.0.0" });
  const info = JSON.parse(Buffer.from(fixture.info).toString());
  assert.deepEqual(info, { Version: "v1.0.0", Time: "2020-01-02T03:04:05Z" });
  assert.equal(Buffer.from(fixture.mod).toString(), goMod);
  const checked = await checkModuleZip(memorySource(fixture.zip), fixture.module);
  assert.equal(checked.files, 2);
  assert.deepEqual(checked.goMod && hashGoMod(checked.goMod), hashGoMod(fixture.mod));
});

test("moduleFixture serves .info and .mod as they are and leaves them out of the zip", async () => {
  const fixture = await moduleFixture(`module example.com/a@v1.0.0
-- .info --
{"Version":"v1.0.0"}
-- .mod --
module example.com/other
-- a.go --
package a
`);
  assert.equal(Buffer.from(fixture.info).toString(), '{"Version":"v1.0.0"}\n');
  assert.equal(Buffer.from(fixture.mod).toString(), "module example.com/other\n");
  const checked = await checkModuleZip(memorySource(fixture.zip), fixture.module);
  assert.deepEqual([checked.files, checked.goMod], [1, undefined]);
});

test("moduleFixture makes up the mod of a module without go.mod", async () => {
  const fixture = await moduleFixture("module gopkg.in/a.v1@v1.0.0\n-- a.go --\npackage a\n");
  assert.equal(Buffer.from(fixture.mod).toString(), "module gopkg.in/a.v1\n");
});

test("fixturesFrom keeps the order", async () => {
  const fixtures = await fixturesFrom([
    "module example.com/b@v1.0.0\n",
    "module example.com/a/v2@v2.0.0\n",
  ]);
  assert.deepEqual(
    fixtures.map(({ module }) => module.path),
    ["example.com/b", "example.com/a/v2"],
  );
});

for (const text of [
  "",
  "-- a.go --\npackage a\n",
  "module example.com/a\n",
  "module example@v1.0.0\n",
  "module example.com/a@v2.0.0\n",
  "module example.com/a@v1\n",
  "module example.com/a@v1.0.0\n-- a:b --\n",
]) {
  test(`moduleFixture refuses ${JSON.stringify(text)}`, async () => {
    await assert.rejects(moduleFixture(text));
  });
}
