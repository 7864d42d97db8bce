// What every VersionTrash must do, as tests that each driver runs.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ModuleStore } from "../domain/module-store.ts";
import type { TrashedVersion, VersionTrash } from "../domain/version-trash.ts";
import {
  assertAbsent,
  type FileBytes,
  filesOf,
  keptFiles,
  moduleVersion,
  putFiles,
} from "./module-store-contract.ts";

/** A fresh, empty store, and what was removed from it. */
export interface VersionTrashUnderTest {
  readonly store: ModuleStore;
  readonly trash: VersionTrash;
  /** Second doors to the same, as another process would have them. */
  readonly other: { readonly store: ModuleStore; readonly trash: VersionTrash };
  /**
   * Whether what is removed can be read to its end by who has it open, and is absent at once for who has used it a moment
   * ago. Otherwise they find out by a read that fails, once.
   */
  readonly isRemovedSoftly: boolean;
  cleanUp(): Promise<void>;
}

const module = moduleVersion("github.com/Azure/Go-sdk", "v1.0.0-RC1");
const longer = moduleVersion(`${module.path}/${module.version}/more`, "v1.0.0");
const note = { isRefetchable: true } as const;

/** Declares the tests of the contract for one driver. */
export function versionTrashContract(
  name: string,
  make: () => Promise<VersionTrashUnderTest>,
): void {
  describe(`${name} keeps the contract of VersionTrash:`, () => {
    let made: VersionTrashUnderTest;
    let store: ModuleStore;
    let trash: VersionTrash;

    beforeEach(async () => {
      made = await make();
      ({ store, trash } = made);
    });
    afterEach(() => made.cleanUp());

    const all = (): Promise<TrashedVersion[]> => Array.fromAsync(trash.all());

    test("what is discarded is absent for everybody, and told of with its note", async () => {
      await putFiles(store, module, filesOf("x"));
      // Which now remembers that it was whole.
      if (made.isRemovedSoftly) await keptFiles(made.other.store, module);
      const hashes = { zip: "h1:zip", mod: "h1:mod", database: "sum.example", zipDigest: "d" };
      await trash.discard(module, { isRefetchable: false, hashes });
      for (const door of [store, made.other.store]) await assertAbsent(door, module);
      const [one, ...others] = await Array.fromAsync(made.other.trash.all());
      assert.deepEqual(others, []);
      assert.deepEqual(one?.module, module);
      assert.deepEqual(one.hashes, hashes);
      assert.equal(one.isRefetchable, false);
      assert.ok(one.bytes >= filesOf("x").zip.length);
      assert.ok(Math.abs(one.at.getTime() - Date.now()) < 60_000);
    });

    test("what is restored is whole again with the same bytes, and out of the trash", async () => {
      await putFiles(store, module, filesOf("x"));
      await trash.discard(module, note);
      const [one] = await all();
      assert.equal(await made.other.trash.restore(one!.id), "restored");
      for (const door of [store, made.other.store]) {
        assert.deepEqual(await keptFiles(door, module), filesOf("x"));
        assert.deepEqual(await door.versions(module.path), [module.version]);
      }
      assert.deepEqual(await all(), []);
      assert.equal(await trash.restore(one!.id), "torn");
    });

    test("what has come anew is not replaced, and what was discarded can wait", async () => {
      await putFiles(store, module, filesOf("x"));
      await trash.discard(module, note);
      await putFiles(store, module, filesOf("y"));
      const [one] = await all();
      assert.equal(await trash.restore(one!.id), "occupied");
      assert.deepEqual(await keptFiles(store, module), filesOf("y"));
      await trash.discard(module, note);
      const both = await all();
      assert.deepEqual(both[0]?.id, one!.id, "the oldest comes first");
      assert.equal(both.length, 2);
      assert.equal(await trash.restore(both[0]!.id), "restored");
      assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    });

    test("what is purged is gone, and nothing else is", async () => {
      await putFiles(store, module, filesOf("x"));
      await putFiles(store, longer, filesOf("longer"));
      await trash.discard(module, note);
      const [one] = await all();
      await trash.purge(one!.id);
      await trash.purge(one!.id);
      assert.deepEqual(await all(), []);
      assert.equal(await trash.restore(one!.id), "torn");
      assert.deepEqual(await keptFiles(store, longer), filesOf("longer"));
    });

    test("a version whose folder holds longer paths goes and comes alone", async () => {
      await putFiles(store, module, filesOf("x"));
      await putFiles(store, longer, filesOf("longer"));
      await trash.discard(module, note);
      await assertAbsent(store, module);
      assert.deepEqual(await keptFiles(store, longer), filesOf("longer"));
      const [one] = await all();
      assert.equal(await trash.restore(one!.id), "restored");
      assert.deepEqual(await keptFiles(store, module), filesOf("x"));
      assert.deepEqual(await keptFiles(store, longer), filesOf("longer"));
    });

    test("whoever reads a file of it reads it to its end", async (t) => {
      if (!made.isRemovedSoftly) return t.skip("this storage lets go of what is removed at once");
      await putFiles(store, module, filesOf("x"));
      await using zip = (await store.open(module, "zip"))!;
      await trash.discard(module, note);
      const [one] = await all();
      await trash.purge(one!.id);
      const bytes = new Uint8Array(zip.size);
      assert.equal(await zip.read(0, bytes), zip.size);
      assert.deepEqual(bytes, filesOf("x").zip);
    });

    test("of many at once that discard, put and restore nobody sees a torn version", async () => {
      await putFiles(store, module, filesOf("x"));
      const work = async (door: VersionTrashUnderTest["other"]): Promise<void> => {
        for (let round = 0; round < 10; round += 1) {
          await door.trash.discard(module, note);
          for await (const { id } of door.trash.all()) await door.trash.restore(id);
          await putFiles(door.store, module, filesOf("x")).catch(() => undefined);
          const kept = await whole(door.store);
          if (kept !== undefined) assert.deepEqual(kept, filesOf("x"));
        }
      };
      await Promise.all([work(made), work(made.other)]);
      const again = (): Promise<FileBytes> => keptFiles(store, module);
      await putFiles(store, module, filesOf("x")).catch(() => undefined);
      await again().catch(() => undefined);
      await putFiles(store, module, filesOf("x"));
      assert.deepEqual(await again(), filesOf("x"));
    });

    /** What is read of the version file by file; `undefined` if it went meanwhile. */
    async function whole(door: ModuleStore) {
      return keptFiles(door, module).catch(() => undefined);
    }
  });
}
