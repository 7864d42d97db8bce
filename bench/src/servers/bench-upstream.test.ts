// Tests of the bench's upstream.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hangingPrefix, startBenchUpstream } from "./bench-upstream.ts";

test("an upstream serves its folder and counts every request", async (t) => {
  const root = await folderWith(t, { "a/@v/v1.0.0.zip": "z".repeat(3 << 20) });
  await using upstream = await startBenchUpstream(root);
  const path = "/a/@v/v1.0.0.zip";
  const first = await fetch(`${upstream.url}${path}`);
  assert.equal((await first.arrayBuffer()).byteLength, 3 << 20);
  const second = await fetch(`${upstream.url}${path}`);
  await second.arrayBuffer();
  const absent = await fetch(`${upstream.url}/a/@v/list`);
  assert.equal(absent.status, 404);
  await absent.text();
  assert.deepEqual(
    [...upstream.counts],
    [
      [path, 2],
      ["/a/@v/list", 1],
    ],
  );
});

test("an upstream hangs for as long as it is told to", async (t) => {
  await using upstream = await startBenchUpstream(await folderWith(t, {}));
  const ask = (n: number) => fetch(`${upstream.url}${hangingPrefix}m${n}/@v/v1.0.0.info`);
  const hanging = upstream.hang();
  const answers = [ask(1), ask(2)];
  await upstream.untilHanging(2);
  hanging[Symbol.dispose]();
  for (const answer of await Promise.all([...answers, ask(3)])) {
    assert.equal(answer.status, 404);
    await answer.text();
  }
});

async function folderWith(
  t: { after(clean: () => Promise<void>): void },
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "bench-upstream-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}
