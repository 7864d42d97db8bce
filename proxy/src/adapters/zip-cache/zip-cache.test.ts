// The local cache of zips: what it spares, what it never gives out, and that its troubles are nobody else's.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ModuleVersion } from "@stoa/gomod";
import type { ModuleStore, StoredFile } from "../../domain/module-store.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { ZipSpool } from "../../domain/zip-spool.ts";
import { moduleVersion } from "../../testing/module-store-contract.ts";
import { openZipSpool } from "../disk-module-store/zip-spool.ts";
import { CachedZips } from "./cached-zips.ts";
import { ZipCache } from "./zip-cache.ts";
import { sealBytes } from "./zip-seal.ts";

const zipBytes = 300_000;
const blockBytes = 64 * 1024;

/** A store elsewhere: it counts how many bytes were read from it, and can be away. */
class DistantStore implements Pick<ModuleStore, "open"> {
  readonly zips = new Map<string, { readonly bytes: Buffer; readonly modified: Date }>();
  bytesRead = 0;
  isAway = false;

  add(module: ModuleVersion, fill: number, modified = new Date(1_700_000_000_123)): Buffer {
    const bytes = Buffer.alloc(zipBytes, fill);
    bytes.writeUInt32BE(fill, 1000);
    this.zips.set(`${module.path}@${module.version}`, { bytes, modified });
    return bytes;
  }

  async open({ path, version }: ModuleVersion): Promise<StoredFile | undefined> {
    if (this.isAway) throw new ProxyFailure("store_unavailable", "it is away");
    const found = this.zips.get(`${path}@${version}`);
    if (found === undefined) return undefined;
    const { bytes, modified } = found;
    return {
      size: bytes.length,
      modified,
      read: async (position, into) => {
        const count = bytes.copy(into, 0, position, position + into.length);
        this.bytesRead += count;
        return count;
      },
      async [Symbol.asyncDispose]() {},
    };
  }
}

describe("cached zips", () => {
  const module = moduleVersion("github.com/Azure/x", "v1.0.0");
  const others = [1, 2, 3, 4].map((n) => moduleVersion("example.com/m", `v1.${n}.0`));
  let folder: string;
  let distant: DistantStore;
  let told: unknown[];
  const opened: ZipCache[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "stoa-zip-cache-"));
    distant = new DistantStore();
    told = [];
  });
  afterEach(async () => {
    for (const cache of opened.splice(0)) await cache[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** As another process would open it. */
  const open = async (
    options: { readonly mostBytes?: number; readonly spool?: ZipSpool } = {},
  ): Promise<CachedZips> => {
    const cache = new ZipCache({
      folder,
      spool: options.spool ?? (await openZipSpool(folder)),
      mostBytes: options.mostBytes ?? 100 * zipBytes,
      trouble: (failure) => told.push(failure),
    });
    opened.push(cache);
    return new CachedZips(distant, cache, { hit: () => undefined, miss: () => undefined });
  };
  const entries = async (): Promise<readonly string[]> =>
    (await readdir(folder)).filter((name) => name.endsWith(".zip"));
  /** The path of the only entry. */
  const entry = async (): Promise<string> => {
    const names = await entries();
    assert.equal(names.length, 1);
    return join(folder, names[0] ?? "");
  };
  /** How much of reading a zip whole has come from the store elsewhere. */
  const distantBytes = async (
    store: CachedZips,
    of: ModuleVersion,
    expected: Buffer,
  ): Promise<number> => {
    const before = distant.bytesRead;
    assert.ok((await readAll(store, of)).equals(expected));
    return distant.bytesRead - before;
  };

  test("a zip that was read once comes from here, in this process and the next, whole and in parts", async () => {
    const bytes = distant.add(module, 7);
    const store = await open();
    assert.equal(await distantBytes(store, module, bytes), zipBytes);
    assert.equal(await distantBytes(store, module, bytes), 0);
    const next = await open();
    assert.equal(await distantBytes(next, module, bytes), 0);
    await using file = await next.open(module, "zip");
    assert.ok(file);
    for (const [from, length] of [
      [0, 1],
      [zipBytes - 5, 5],
      [100_000, 70_000],
    ] as const) {
      const part = Buffer.alloc(length);
      assert.equal(await file.read(from, part), length);
      assert.ok(part.equals(bytes.subarray(from, from + length)));
    }
    assert.equal(await file.read(zipBytes - 2, Buffer.alloc(10)), 2);
    assert.equal(await file.read(zipBytes, Buffer.alloc(10)), 0);
    assert.equal(distant.bytesRead, zipBytes);
    assert.deepEqual(file.modified, new Date(1_700_000_000_123));
  });

  test("what was not read to its end, or not from its beginning, is not cached", async () => {
    distant.add(module, 7);
    const store = await open();
    for (const from of [0, 100]) {
      await using file = await store.open(module, "zip");
      await file?.read(from, Buffer.alloc(1000));
    }
    await using untouched = await store.open(module, "zip");
    assert.ok(untouched);
    assert.deepEqual(await entries(), []);
    assert.deepEqual(await readdir(join(folder, ".stoa", "incoming")), []);
  });

  for (const [what, harm] of [
    [
      "of which a byte is another",
      async (path: string) => {
        const bytes = await readFile(path);
        bytes[200_000] = (bytes[200_000] ?? 0) ^ 1;
        await writeFile(path, bytes);
      },
    ],
    ["that is torn", (path: string) => truncate(path, zipBytes / 2)],
    ["that lacks its last byte", (path: string) => truncate(path, zipBytes + sealBytes - 1)],
    ["that is empty", (path: string) => truncate(path, 0)],
    ["that is something else", (path: string) => writeFile(path, "hello")],
  ] as const) {
    test(`an entry ${what} is never given out, and replaced`, async () => {
      const bytes = distant.add(module, 7);
      await readAll(await open(), module);
      await harm(await entry());
      const next = await open();
      assert.equal(await distantBytes(next, module, bytes), zipBytes);
      assert.equal(await distantBytes(next, module, bytes), 0);
      assert.equal((await readFile(await entry())).length, zipBytes + sealBytes);
    });
  }

  test("an entry that becomes shorter while it is read is gone on with from the store", async () => {
    const bytes = distant.add(module, 7);
    const store = await open();
    await readAll(store, module);
    await using file = await store.open(module, "zip");
    assert.ok(file);
    const read = Buffer.alloc(zipBytes);
    await file.read(0, read.subarray(0, 100_000));
    await truncate(await entry(), 150_000);
    assert.equal(await file.read(100_000, read.subarray(100_000)), zipBytes - 100_000);
    assert.ok(read.equals(bytes));
  });

  test("a version that was removed, or came anew, is not what it was", async () => {
    distant.add(module, 7);
    const store = await open();
    await readAll(store, module);
    const anew = distant.add(module, 8, new Date(1_800_000_000_000));
    assert.equal(await distantBytes(store, module, anew), zipBytes);
    distant.zips.clear();
    assert.equal(await store.open(module, "zip"), undefined);
    assert.deepEqual(await entries(), []);
  });

  test("while the store is away what is cached is given out, and the rest fails as the store does", async () => {
    const bytes = distant.add(module, 7);
    await readAll(await open(), module);
    distant.isAway = true;
    const store = await open();
    assert.equal(await distantBytes(store, module, bytes), 0);
    await assert.rejects(store.open(moduleVersion("example.com/b", "v1.0.0"), "zip"), {
      code: "store_unavailable",
    });
  });

  test("there is never more than there is room for, and what was unused for the longest time goes", async () => {
    const room = { mostBytes: 3 * (zipBytes + sealBytes) + 10 };
    const store = await open(room);
    const [a, b, c, d] = others as [ModuleVersion, ModuleVersion, ModuleVersion, ModuleVersion];
    const bytes = new Map(others.map((one, n) => [one, distant.add(one, n)]));
    const of = (one: ModuleVersion): Buffer => bytes.get(one) ?? Buffer.alloc(0);
    for (const one of [a, b, c]) await readAll(store, one);
    assert.equal(await distantBytes(store, a, of(a)), 0);
    await readAll(store, d);
    assert.equal((await entries()).length, 3);
    for (const one of [a, c, d]) assert.equal(await distantBytes(store, one, of(one)), 0);
    assert.equal(await distantBytes(store, b, of(b)), zipBytes, "the unused one");

    // Another process knows the order from the files.
    const names = await entries();
    for (const [at, name] of names.entries()) {
      const used = new Date(1_600_000_000_000 + 1000 * at);
      await utimes(join(folder, name), used, used);
    }
    const next = await open(room);
    distant.add(module, 9);
    await readAll(next, module);
    const left = await entries();
    assert.equal(left.length, 3);
    assert.ok(!left.includes(names[0] ?? ""));
  });

  test("a zip that is larger than the cache is passed on", async () => {
    const bytes = distant.add(module, 7);
    const store = await open({ mostBytes: zipBytes });
    assert.equal(await distantBytes(store, module, bytes), zipBytes);
    assert.deepEqual(await entries(), []);
  });

  test("readers at the same time each get everything, and make one entry", async () => {
    const bytes = distant.add(module, 7);
    const store = await open();
    const all = await Promise.all(Array.from({ length: 20 }, () => readAll(store, module)));
    assert.ok(all.every((read) => read.equals(bytes)));
    assert.equal((await entries()).length, 1);
    const next = await open();
    const again = await Promise.all(Array.from({ length: 20 }, () => readAll(next, module)));
    assert.ok(again.every((read) => read.equals(bytes)));
    assert.equal(distant.bytesRead, 20 * zipBytes);
  });

  for (const [what, broken] of [
    ["full", brokenSpool("ENOSPC", 2)],
    ["not to be written at all", brokenSpool("EROFS", 0)],
  ] as const) {
    test(`a disk that is ${what} fails nobody, is told of once, and is left alone for a while`, async () => {
      const bytes = distant.add(module, 7);
      const spool = broken(await openZipSpool(folder));
      const store = await open({ spool });
      for (const _again of [1, 2, 3]) assert.ok((await readAll(store, module)).equals(bytes));
      assert.equal(told.length, 1);
      assert.deepEqual(await entries(), []);
      assert.deepEqual(await readdir(join(folder, ".stoa", "incoming")), []);
    });
  }

  test("what a process that died has left on the way is swept, and never found", async () => {
    distant.add(module, 7);
    const dead = join(folder, ".stoa", "incoming", "0123456789ab-1-1+00");
    await openZipSpool(folder);
    await writeFile(dead, "half a zip");
    await utimes(dead, new Date(0), new Date(0));
    await open();
    assert.deepEqual(await readdir(join(folder, ".stoa", "incoming")), []);
  });
});

async function readAll(store: CachedZips, module: ModuleVersion): Promise<Buffer> {
  await using file = await store.open(module, "zip");
  assert.ok(file);
  const read = Buffer.alloc(file.size);
  for (let position = 0; position < file.size; position += blockBytes) {
    const into = read.subarray(position, position + blockBytes);
    assert.equal(await file.read(position, into), into.length);
  }
  return read;
}

/** A spool whose disk refuses after so many writes. */
function brokenSpool(code: string, after: number): (spool: ZipSpool) => ZipSpool {
  let writes = 0;
  const refuse = (): never => {
    throw Object.assign(new Error(code), { code, syscall: "write" });
  };
  return (spool) => ({
    async stage() {
      if (after === 0) refuse();
      const staged = await spool.stage();
      const append = staged.append.bind(staged);
      return Object.assign(staged, {
        append: async (chunk: Uint8Array) => {
          writes += 1;
          if (writes > after) refuse();
          await append(chunk);
        },
      });
    },
  });
}
