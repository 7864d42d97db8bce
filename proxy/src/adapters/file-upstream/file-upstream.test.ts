// A directory tree as an upstream, with everything that can be missing.
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { moduleFixture } from "@stoa/gomod/testing";
import type { Upstream } from "../../domain/upstream.ts";
import { fileUpstream } from "./file-upstream.ts";

const never = new AbortController().signal;
const path = parseModulePath("example.com/Upper/m");
const v1 = { path, version: parseVersion("v1.0.0") };
const fixture = await moduleFixture(`module ${path}@v1.0.0\n-- a.go --\npackage a\n`);

interface Tree {
  readonly root: string;
  readonly upstream: Upstream;
  write(file: string, content: string | Uint8Array): Promise<void>;
}

/** A directory like GOMODCACHE/cache/download, with a space in its name. */
async function tree(t: { after(clean: () => Promise<unknown>): void }): Promise<Tree> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-file-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const root = join(folder, "the cache");
  const write = async (file: string, content: string | Uint8Array): Promise<void> => {
    const place = join(root, "example.com/!upper/m", file);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, content);
  };
  await write("@v/list", "v1.0.0\nv0.0.0-20200102030405-abcdefabcdef\n");
  await write("@v/v1.0.0.info", fixture.info);
  await write("@v/v1.0.0.mod", fixture.mod);
  await write("@v/v1.0.0.zip", fixture.zip);
  return { root, write, upstream: fileUpstream(pathToFileURL(root).href) };
}

test("list, info, mod and zip are the files", async (t) => {
  const { upstream, root } = await tree(t);
  assert.deepEqual(await upstream.list(path, never), ["v1.0.0"]);
  const info = await upstream.info(v1, never);
  assert.equal(info.info.version, "v1.0.0");
  assert.equal(info.from, `file://${root}`);
  assert.deepEqual(Buffer.from(await upstream.mod(v1, never)), fixture.mod);
  const zip = await upstream.zip(v1, never);
  assert.equal(zip.size, fixture.zip.length);
  assert.deepEqual(Buffer.concat(await Array.fromAsync(zip.body)), fixture.zip);
});

test("the latest version comes from @latest, else from the list", async (t) => {
  const { upstream, write } = await tree(t);
  assert.equal((await upstream.resolve(path, "latest", never)).info.version, "v1.0.0");
  await write("@latest", '{"Version":"v1.7.0"}');
  assert.equal((await upstream.resolve(path, "latest", never)).info.version, "v1.7.0");
});

test("a branch is a file like a version", async (t) => {
  const { upstream, write } = await tree(t);
  await write("@v/main.info", '{"Version":"v1.0.0"}');
  assert.equal((await upstream.resolve(path, "main", never)).info.version, "v1.0.0");
  await assert.rejects(upstream.resolve(path, "next", never), { code: "not_found" });
  await assert.rejects(upstream.resolve(path, "a/b", never), { code: "bad_request" });
});

test("a file that is absent does not exist", async (t) => {
  const { upstream } = await tree(t);
  const v2 = { path, version: parseVersion("v1.2.0") };
  const other = parseModulePath("example.com/Upper/m/list/deeper");
  const asked = [
    upstream.info(v2, never),
    upstream.mod(v2, never),
    upstream.zip(v2, never),
    upstream.list(parseModulePath("example.com/none"), never),
    upstream.resolve(other, "latest", never),
  ];
  await Promise.all(asked.map((one) => assert.rejects(one, { code: "not_found" })));
});

test("without the directory itself nothing is known", async (t) => {
  const { upstream, root } = await tree(t);
  await rename(root, `${root} away`);
  await assert.rejects(upstream.mod(v1, never), {
    code: "upstream_unavailable",
    message: /mounted/,
  });
  await assert.rejects(upstream.zip(v1, never), { code: "upstream_unavailable" });
  await writeFile(root, "now a file");
  await assert.rejects(upstream.mod(v1, never), { code: "upstream_unavailable" });
});

test("a file that cannot be read is an outage", async (t) => {
  const { upstream, root, write } = await tree(t);
  const file = join(root, "example.com/!upper/m/@v/v1.0.0.mod");
  await rm(file);
  await mkdir(file);
  await assert.rejects(upstream.mod(v1, never), {
    code: "upstream_unavailable",
    message: /EISDIR/,
  });
  await write("@v/v1.0.0.info", "{");
  await assert.rejects(upstream.info(v1, never), { code: "upstream_unavailable" });
  await write("@v/v1.0.0.info", '{"Version":"v1.0.1"}');
  await assert.rejects(upstream.info(v1, never), { code: "invalid_module" });
});

test("a zip that changes while it is read is broken, never short", async (t) => {
  const { upstream, root } = await tree(t);
  const { body } = await upstream.zip(v1, never);
  const file = join(root, "example.com/!upper/m/@v/v1.0.0.zip");
  await chmod(file, 0o600);
  await truncate(file, 10);
  await assert.rejects(Array.fromAsync(body), { code: "upstream_unavailable", message: /changed/ });
  const gone = await upstream.zip(v1, never);
  await rm(file);
  await assert.rejects(Array.fromAsync(gone.body), { code: "not_found" });
});

test("who is aborted leaves with his own reason", async (t) => {
  const { upstream } = await tree(t);
  const reason = new Error("the client has left");
  const aborted = AbortSignal.abort(reason);
  await assert.rejects(upstream.mod(v1, aborted), reason);
  await assert.rejects(upstream.zip(v1, aborted), reason);
  const leaving = new AbortController();
  const { body } = await upstream.zip(v1, leaving.signal);
  leaving.abort(reason);
  await assert.rejects(Array.fromAsync(body), reason);
});

test("a zip that nobody reads can be returned", async (t) => {
  const { upstream } = await tree(t);
  const { body } = await upstream.zip(v1, never);
  await body[Symbol.asyncIterator]().return?.();
  assert.deepEqual(await Array.fromAsync(body), []);
});
