// What every BlobStore must do, as tests that each driver runs.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { collected } from "../blob-body.ts";
import { BlobFailure, type BlobFailureKind } from "../blob-failure.ts";
import type {
  BlobLinks,
  BlobStore,
  ExactRemoval,
  GetOptions,
  LabellingBlobStore,
} from "../blob-store.ts";

/** A store and a second door to it, as another process would have it. */
export interface BlobStoreUnderTest<Store extends BlobStore = BlobStore> {
  readonly store: Store;
  readonly other: Store;
  cleanUp(): Promise<void>;
}

/** Larger than what any driver sends in one request. */
const manyBytes = 20_000_003;

/** Declares the tests of the contract for one driver. The tests share one store, each in a folder of its own. */
export function blobStoreContract(name: string, make: () => Promise<BlobStoreUnderTest>): void {
  describe(`${name} keeps the contract of BlobStore:`, () => {
    let made: BlobStoreUnderTest;
    let store: BlobStore;
    let other: BlobStore;

    before(async () => {
      made = await make();
      ({ store, other } = made);
    });
    after(() => made.cleanUp());

    test("what was never put is absent", async () => {
      assert.equal(await store.stat("absent/a"), undefined);
      assert.equal(await store.get("absent/a"), undefined);
      assert.equal(await store.get("absent/a", { from: 3 }), undefined);
      await store.delete("absent/a");
      assert.deepEqual(await keys(store, "absent/"), []);
    });

    test("what was put is there for everybody, with its size, its tag and a time", async () => {
      const tag = await store.put("put/a.txt", bytes("hello"), { contentType: "text/plain" });
      for (const door of [store, other]) {
        assert.equal(await text(door, "put/a.txt"), "hello");
        const head = await door.stat("put/a.txt");
        assert.deepEqual([head?.key, head?.size, head?.tag], ["put/a.txt", 5, tag]);
        assert.ok(Math.abs(Date.now() - head!.modified.getTime()) < 600_000);
      }
      assert.match(tag!, /^[^\s"]+$/);
    });

    test("an empty blob is not an absent one", async () => {
      await store.put("empty/a", new Uint8Array());
      assert.equal((await store.stat("empty/a"))?.size, 0);
      assert.equal(await text(store, "empty/a"), "");
      assert.equal(await text(store, "empty/a", { from: 0, to: 10 }), "");
    });

    test("a put replaces what was there, and the tag is another", async () => {
      const first = await store.put("replace/a", bytes("first"));
      const second = await other.put("replace/a", bytes("second"));
      assert.notEqual(first, second);
      assert.equal(await text(store, "replace/a"), "second");
      assert.equal((await store.stat("replace/a"))?.tag, second);
    });

    test("a large body comes piece by piece, and so it is read", async () => {
      const digest = createHash("sha256");
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let from = 0; from < manyBytes; from += 700_001) {
          const piece = patternBytes(from, Math.min(manyBytes, from + 700_001));
          digest.update(piece);
          yield piece;
        }
      };
      const tag = await store.put("large/a", pieces());
      assert.equal((await other.stat("large/a"))?.size, manyBytes);
      assert.equal((await other.stat("large/a"))?.tag, tag);
      const read = createHash("sha256");
      await using blob = await opened(other, "large/a");
      for await (const piece of blob.body) read.update(piece);
      assert.equal(read.digest("hex"), digest.digest("hex"));
      for (const [from, to] of [
        [0, 1],
        [8_388_600, 8_388_620],
        [manyBytes - 5, manyBytes + 5],
        [manyBytes, manyBytes + 1],
        [manyBytes + 7, undefined],
      ] as const) {
        await using part = await opened(store, "large/a", {
          from,
          ...(to === undefined ? {} : { to }),
        });
        const wanted = patternBytes(from, Math.max(from, Math.min(to ?? manyBytes, manyBytes)));
        assert.deepEqual(
          Buffer.from(await collected(part.body)),
          Buffer.from(wanted),
          `${from}–${to}`,
        );
        assert.equal(part.head.size, manyBytes);
      }
    });

    test("a blob that is not read to its end is let go", async () => {
      await store.put("let-go/a", patternBytes(0, 3_000_000));
      for (let turn = 0; turn < 5; turn += 1) {
        const blob = await opened(store, "let-go/a");
        if (turn % 2 === 0) for await (const _piece of blob.body) break;
        await blob[Symbol.asyncDispose]();
        await blob[Symbol.asyncDispose]();
      }
      assert.equal(await text(store, "let-go/a", { from: 0, to: 3 }), "\0\u0001\u0002");
    });

    test("bytes with another checksum than announced are not kept", async () => {
      const sha256 = createHash("sha256").update("right").digest("hex");
      for (const body of [bytes("wrong"), inPieces(bytes("wrong"))]) {
        await assert.rejects(store.put("checksum/a", body, { sha256 }), isFailure("damaged"));
        assert.equal(await store.stat("checksum/a"), undefined);
      }
      await store.put("checksum/a", bytes("right"), { sha256 });
      await assert.rejects(
        store.put("checksum/a", inPieces(patternBytes(0, manyBytes)), { sha256 }),
        isFailure("damaged"),
      );
      assert.equal(await text(store, "checksum/a"), "right");
    });

    test("a body that fails leaves what was there", async () => {
      const failing = async function* (size: number): AsyncGenerator<Uint8Array> {
        yield patternBytes(0, size);
        throw new Error("the source broke");
      };
      for (const size of [10, manyBytes]) {
        await assert.rejects(store.put("broken/a", failing(size)), /the source broke/);
        assert.equal(await store.stat("broken/a"), undefined);
      }
    });

    test("an aborted put leaves nothing", async () => {
      const stop = new AbortController();
      const reason = new Error("no longer wanted");
      const endless = async function* (): AsyncGenerator<Uint8Array> {
        for (let turn = 0; ; turn += 1) {
          if (turn === 9) stop.abort(reason);
          yield patternBytes(0, 1_000_000);
        }
      };
      await assert.rejects(store.put("aborted/a", endless(), {}, stop.signal), reason);
      assert.equal(await store.stat("aborted/a"), undefined);
    });

    test("create-only: the first stays", async () => {
      assert.notEqual(await store.put("create/a", bytes("first"), { when: "absent" }), undefined);
      assert.equal(await other.put("create/a", bytes("second"), { when: "absent" }), undefined);
      assert.equal(await store.put("create/a", bytes("first"), { when: "absent" }), undefined);
      assert.equal(await text(store, "create/a"), "first");
    });

    test("create-only: of many writers at once exactly one succeeds, small or large", async () => {
      for (const [round, size] of [10, 10, 10, 9_000_000].entries()) {
        const key = `create-race/${round}`;
        const bodies = Array.from({ length: 6 }, (_, writer) => Buffer.alloc(size, 65 + writer));
        const tags = await Promise.all(
          bodies.map((body, writer) =>
            (writer % 2 === 0 ? store : other).put(key, inPieces(body), { when: "absent" }),
          ),
        );
        const winner = tags.findIndex((tag) => tag !== undefined);
        assert.equal(tags.filter((tag) => tag !== undefined).length, 1);
        assert.deepEqual(Buffer.from(await content(other, key)), bodies[winner]);
      }
    });

    test("compare-and-swap: only who knows the last tag", async () => {
      const first = await store.put("swap/a", bytes("1"));
      const second = await store.put("swap/a", bytes("2"), { when: { tag: first! } });
      assert.notEqual(second, undefined);
      assert.equal(await other.put("swap/a", bytes("3"), { when: { tag: first! } }), undefined);
      assert.equal(await text(other, "swap/a"), "2");
      await store.delete("swap/a");
      assert.equal(await store.put("swap/a", bytes("4"), { when: { tag: second! } }), undefined);
      assert.equal(await store.stat("swap/a"), undefined);
    });

    test("compare-and-swap: counting together loses nothing", async () => {
      await store.put("count/a", bytes("0"));
      const countUp = async (door: BlobStore): Promise<void> => {
        for (let done = 0; done < 5; ) {
          await using blob = await opened(door, "count/a");
          const next = Number(new TextDecoder().decode(await collected(blob.body))) + 1;
          const tag = await door.put("count/a", bytes(`${next}`), { when: { tag: blob.head.tag } });
          if (tag !== undefined) done += 1;
        }
      };
      await Promise.all([countUp(store), countUp(other), countUp(store), countUp(other)]);
      assert.equal(await text(store, "count/a"), "20");
    });

    test("a conditional get says when nothing has changed, and when something has", async () => {
      const first = await store.put("known/a", bytes("first"));
      assert.equal(await other.get("known/a", { unlessTag: first }), "unchanged");
      assert.equal(await text(other, "known/a", { onlyTag: first }), "first");
      const second = await store.put("known/a", bytes("another"));
      assert.equal(await text(other, "known/a", { unlessTag: first }), "another");
      assert.equal(await text(other, "known/a", { onlyTag: second, from: 2 }), "other");
      await assert.rejects(other.get("known/a", { onlyTag: first }), isFailure("changed"));
      await assert.rejects(other.get("known/a", { onlyTag: first, from: 1 }), isFailure("changed"));
    });

    test("a listing shows every key behind the prefix, in the order of their bytes", async () => {
      const all = [
        ...["a", "a-b", "a.b", "a/b-c", "a/b/c", "a/b/d e", "a/b0", "a0", "ab", "b"],
        ...["é", "z", "A", "a/@v/v1.0.0+incompatible.info", "a/!x/%41", "\u{1F600}", "a/b?c=d&e"],
      ].map((name) => `list/x${name}/f`);
      for (const key of all) await store.put(key, bytes(key));
      const sorted = all.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(await keys(other, "list/"), sorted);
      assert.deepEqual(
        await keys(other, "list/xa/"),
        sorted.filter((key) => key.startsWith("list/xa/")),
      );
      assert.deepEqual(
        await keys(other, "list/xa"),
        sorted.filter((key) => key.startsWith("list/xa")),
      );
      for (const [index, key] of sorted.entries()) {
        assert.deepEqual(await keys(other, "list/", key), sorted.slice(index + 1), `after ${key}`);
      }
      assert.deepEqual(
        await keys(other, "list/", "list/xa/b"),
        sorted.filter((key) => compare(key, "list/xa/b") > 0),
      );
      for (const key of all) assert.equal(await text(other, key), key);
    });

    test("a listing has no limit, and tells sizes", async () => {
      const all = Array.from(
        { length: 25 },
        (_, index) => `pages/${String(index).padStart(4, "0")}`,
      );
      await Promise.all(all.map((key, index) => store.put(key, new Uint8Array(index))));
      const found: string[] = [];
      for await (const { key, size } of other.list("pages/", { atOnce: 4 })) {
        assert.equal(size, found.length);
        found.push(key);
      }
      assert.deepEqual(found, all);
      for await (const { key } of other.list("pages/", { atOnce: 4, after: all[9] })) {
        assert.equal(key, all[10]);
        break;
      }
    });

    test("what was deleted is gone, and may come again", async () => {
      await store.put("delete/a", bytes("1"));
      await other.delete("delete/a");
      await other.delete("delete/a");
      assert.equal(await store.get("delete/a"), undefined);
      assert.deepEqual(await keys(store, "delete/"), []);
      assert.notEqual(await store.put("delete/a", bytes("2"), { when: "absent" }), undefined);
    });

    for (const key of [
      "",
      "/a",
      "a//b",
      "a/",
      "a/../b",
      "./a",
      "a\0b",
      "x".repeat(1025),
      "\ud800",
    ]) {
      test(`${JSON.stringify(key).slice(0, 20)} is no key`, async () => {
        await assert.rejects(async () => store.stat(key), isFailure("bad_key"));
        await assert.rejects(async () => store.get(key), isFailure("bad_key"));
        await assert.rejects(async () => store.put(key, bytes("x")), isFailure("bad_key"));
        await assert.rejects(async () => store.delete(key), isFailure("bad_key"));
      });
    }

    test("check says that the store can be used", async () => {
      await Promise.all([store.check(), other.check()]);
    });
  });
}

/** Declares the tests of what stores with labels do besides. */
export function blobLabelsContract(
  name: string,
  make: () => Promise<BlobStoreUnderTest<LabellingBlobStore>>,
): void {
  describe(`${name} keeps the contract of LabellingBlobStore:`, () => {
    let made: BlobStoreUnderTest<LabellingBlobStore>;
    before(async () => {
      made = await make();
    });
    after(() => made.cleanUp());

    for (const size of [3, manyBytes]) {
      test(`labels stay with a blob of ${size} bytes, and go with it`, async () => {
        const { store, other } = made;
        const labels = { started: "2026-01-02T03:04:05.678Z", zip: "h1:abc+/=" };
        await store.put("labels/a", patternBytes(0, size), { labels });
        assert.deepEqual((await other.stat("labels/a"))?.labels, labels);
        const blob = await other.get("labels/a", { from: 0, to: 1 });
        assert.ok(blob !== undefined && blob !== "unchanged");
        assert.deepEqual(blob.head.labels, labels);
        await blob[Symbol.asyncDispose]();
        await store.put("labels/a", bytes("x"));
        assert.deepEqual((await other.stat("labels/a"))?.labels, {});
      });
    }
  });
}

/** Declares the tests of `ExactRemoval` for one driver. */
export function exactRemovalContract(
  name: string,
  make: () => Promise<{ store: BlobStore & ExactRemoval; cleanUp(): Promise<void> }>,
): void {
  describe(`${name} keeps the contract of ExactRemoval:`, () => {
    test("a blob goes by the tag that it has, and by no other", async () => {
      const { store, cleanUp } = await make();
      const first = await store.put("exact/a", bytes("first"));
      const second = await store.put("exact/a", bytes("second"));
      assert.equal(await store.deleteTagged("exact/a", first!), false);
      assert.equal(await text(store, "exact/a"), "second");
      assert.equal(await store.deleteTagged("exact/a", second!), true);
      assert.equal(await store.stat("exact/a"), undefined);
      assert.equal(await store.deleteTagged("exact/a", second!), false);
      await cleanUp();
    });

    test("of two who remove the same blob one does it", async () => {
      const { store, cleanUp } = await make();
      const tag = await store.put("exact/b", bytes("b"));
      const done = await Promise.all([1, 2].map(() => store.deleteTagged("exact/b", tag!)));
      assert.deepEqual(done.toSorted(), [false, true]);
      await cleanUp();
    });
  });
}

/** Declares the tests of `BlobLinks` for one driver, at a server that checks signatures unless it is said that it does not. */
export function blobLinksContract(
  name: string,
  make: () => Promise<{ store: BlobStore & BlobLinks; cleanUp(): Promise<void> }>,
  { isChecked = true } = {},
): void {
  describe(`${name} keeps the contract of BlobLinks:`, () => {
    test("who has the URL gets the blob, its parts too, and can do nothing else", async () => {
      const { store, cleanUp } = await make();
      const key = "links/é +%2F~/v1.0.0+incompatible.zip";
      await store.put(key, patternBytes(0, 10_000));
      const url = await store.link(key, 60);
      const answer = await fetch(url);
      assert.equal(answer.status, 200, await answer.clone().text());
      assert.deepEqual(new Uint8Array(await answer.arrayBuffer()), plain(patternBytes(0, 10_000)));
      const part = await fetch(url, { headers: { range: "bytes=100-199" } });
      assert.equal(part.status, 206);
      assert.deepEqual(new Uint8Array(await part.arrayBuffer()), plain(patternBytes(100, 200)));
      if (isChecked) {
        const other = await fetch(url.replace("incompatible", "incompatiblf"));
        assert.equal(other.status, 403, "another blob");
        assert.notEqual((await fetch(url, { method: "DELETE" })).status, 204);
        assert.ok((await store.stat(key)) !== undefined);
      }
      await cleanUp();
    });
  });
}

function plain(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}

/** Accepts a `BlobFailure` of this kind whose message is a sentence. */
export function isFailure(kind: BlobFailureKind): (failure: unknown) => boolean {
  return (failure) => {
    assert.ok(failure instanceof BlobFailure, String(failure));
    assert.equal(failure.kind, kind, failure.message);
    return true;
  };
}

async function opened(store: BlobStore, key: string, options?: GetOptions): Promise<OpenedBlob> {
  const blob = await store.get(key, options);
  assert.ok(blob !== undefined && blob !== "unchanged", `${key} is ${blob ?? "absent"}`);
  return blob;
}

type OpenedBlob = Exclude<Awaited<ReturnType<BlobStore["get"]>>, "unchanged" | undefined>;

async function content(store: BlobStore, key: string, options?: GetOptions): Promise<Uint8Array> {
  await using blob = await opened(store, key, options);
  return await collected(blob.body);
}

async function text(store: BlobStore, key: string, options?: GetOptions): Promise<string> {
  return new TextDecoder().decode(await content(store, key, options));
}

async function keys(store: BlobStore, prefix: string, after?: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix, { after })) found.push(key);
  return found;
}

async function* inPieces(all: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < all.length; from += 1_000_000) yield all.slice(from, from + 1_000_000);
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

/** Bytes that differ from place to place: those from `from` to `to` of an endless row. */
function patternBytes(from: number, to: number): Uint8Array {
  const all = Buffer.allocUnsafe(to - from);
  for (let at = 0; at < all.length; at += 1) all[at] = (from + at) ^ ((from + at) >> 8);
  return all;
}
