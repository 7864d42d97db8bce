// The arithmetic of trees, tiles and proofs, against a tree that is computed the plain way.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RandomNumbers } from "../testing/random-numbers.ts";
import { proveRecord, provesRecord, provesTree, proveTree } from "./proofs.ts";
import {
  type HashTile,
  hashFromTile,
  parseTilePath,
  tileAbove,
  tileForIndex,
  tilePath,
} from "./tile.ts";
import { type TileSource, TileTree } from "./tile-tree.ts";
import {
  type HashReader,
  hashBytes,
  nodeHash,
  recordHash,
  splitStoredHashIndex,
  storedHashCount,
  storedHashIndex,
  treeHash,
} from "./tree-hash.ts";
import { UntrustedAnswer } from "./untrusted-answer.ts";

const mostSize = 70;
const leaves = Array.from({ length: mostSize }, (_, id) =>
  recordHash(Buffer.from(`record ${id}\n`)),
);

/** RFC 6962, section 2.1, word by word. */
function plainRoot(from: number, to: number): Uint8Array {
  const [only] = leaves.slice(from, to);
  if (to - from === 1 && only !== undefined) return only;
  let middle = 1;
  while (middle * 2 < to - from) middle *= 2;
  return nodeHash(plainRoot(from, from + middle), plainRoot(from + middle, to));
}

/** Every stored hash of the tree, made from the leaves. */
const stored: HashReader = {
  readHashes: async (indexes) =>
    indexes.map((index) => {
      const { level, n } = splitStoredHashIndex(index);
      return plainRoot(n * 2 ** level, (n + 1) * 2 ** level);
    }),
};

const sizes = Array.from({ length: mostSize }, (_, index) => index + 1);
const heads = sizes.map((size) => ({ size, hash: plainRoot(0, size) }));

/** Tiles of height 2, so that a small tree has many. */
function tilesOf(change: (tile: HashTile, bytes: Uint8Array) => Uint8Array): TileSource & {
  readonly confirmed: Set<string>;
} {
  const confirmed = new Set<string>();
  return {
    height: 2,
    confirmed,
    readTiles: async (tiles) =>
      Promise.all(
        tiles.map(async (tile) => {
          const indexes = Array.from({ length: tile.width }, (_, index) =>
            storedHashIndex(tile.level * 2, tile.n * 4 + index),
          );
          return change(tile, Buffer.concat(await stored.readHashes(indexes)));
        }),
      ),
    authenticated: (tiles) => {
      for (const tile of tiles) confirmed.add(tilePath(tile));
    },
  };
}

describe("stored hashes", () => {
  test("each index is that of one hash, in the order in which they come about", () => {
    let count = 0;
    for (let id = 0; id < 300; id++) {
      for (let level = 0; (id + 1) % 2 ** level === 0; level++) {
        const n = (id + 1) / 2 ** level - 1;
        assert.equal(storedHashIndex(level, n), count);
        assert.deepEqual(splitStoredHashIndex(count), { level, n });
        count += 1;
      }
      assert.equal(storedHashCount(id + 1), count);
    }
    assert.equal(storedHashCount(0), 0);
  });

  test("large indexes are exact", () => {
    const n = 2 ** 49 - 12_345;
    assert.deepEqual(splitStoredHashIndex(storedHashIndex(0, n)), { level: 0, n });
    assert.equal(storedHashIndex(0, 2 ** 40), 2 ** 41 - 1);
  });

  test("the root over the first records is as RFC 6962 has it", async () => {
    for (const { size, hash } of heads) assert.deepEqual(await treeHash(size, stored), hash);
    assert.equal(
      Buffer.from(await treeHash(0, stored)).toString("base64"),
      "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    );
  });
});

describe("proofs", () => {
  test("prove every record in every tree, and nothing when anything is changed", async () => {
    for (const tree of heads) {
      for (let id = 0; id < tree.size; id += 3) {
        const proof = await proveRecord(tree.size, id, stored);
        const leaf = leaves[id] ?? new Uint8Array();
        assert.ok(provesRecord(proof, tree, id, leaf));
        assert.ok(!provesRecord(proof, tree, id, recordHash(Buffer.from("another"))));
        assert.ok(!provesRecord([...proof, leaf], tree, id, leaf));
        assert.ok(!provesRecord(proof.slice(1), tree, id, leaf) || proof.length === 0);
        assert.ok(id === 0 || !provesRecord(proof, tree, id - 1, leaf));
      }
    }
  });

  test("prove every older tree in every newer one, and no other", async () => {
    for (const newer of heads) {
      for (const older of heads.slice(0, newer.size)) {
        const proof = await proveTree(newer.size, older.size, stored);
        assert.ok(provesTree(proof, newer, older));
        const other = { size: older.size, hash: recordHash(Buffer.from("another")) };
        assert.ok(!provesTree(proof, newer, other));
        assert.ok(!provesTree([...proof, other.hash], newer, older));
      }
    }
  });

  test("are refused for what is not there", async () => {
    const [one] = heads;
    assert.ok(one);
    assert.throws(() => provesRecord([], one, 1, one.hash), RangeError);
    assert.throws(() => provesTree([], one, { size: 0, hash: one.hash }), RangeError);
    await assert.rejects(proveRecord(5, 5, stored), RangeError);
    await assert.rejects(proveTree(5, 6, stored), RangeError);
  });
});

describe("tiles", () => {
  test("every stored hash comes out of its tile", async () => {
    for (let index = 0; index < storedHashCount(mostSize); index++) {
      const tile = tileForIndex(2, index);
      const source = tilesOf((_, bytes) => bytes);
      const [bytes] = await source.readTiles([tile]);
      assert.ok(bytes);
      assert.deepEqual([hashFromTile(tile, bytes, index)], await stored.readHashes([index]));
    }
    assert.throws(
      () => hashFromTile({ height: 2, level: 0, n: 0, width: 1 }, new Uint8Array(32), 1),
      RangeError,
    );
  });

  test("a tree gives every hash from true tiles", async () => {
    for (const head of heads) {
      const source = tilesOf((_, bytes) => bytes);
      const tree = new TileTree(head, source);
      for (let id = 0; id < head.size; id++) {
        assert.deepEqual(await tree.readHashes([storedHashIndex(0, id)]), [leaves[id]]);
      }
      await assert.rejects(tree.readHashes([storedHashIndex(0, head.size)]), RangeError);
      assert.ok(source.confirmed.size > 0);
    }
  });

  test("a tree believes no tile with a changed bit, wherever it is, and confirms none of them", async () => {
    const random = new RandomNumbers(7);
    for (let round = 0; round < 400; round++) {
      const head = heads[random.below(heads.length)];
      assert.ok(head);
      const id = random.below(head.size);
      let touched = 0;
      const source = tilesOf((_, bytes) => {
        touched += 1;
        if (touched !== 1 + (round % 3)) return bytes;
        const changed = Uint8Array.from(bytes);
        const at = random.below(changed.length);
        changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
        return changed;
      });
      const tree = new TileTree(head, source);
      const outcome = await tree.readHashes([storedHashIndex(0, id)]).catch((failure) => failure);
      if (touched < 1 + (round % 3)) {
        assert.deepEqual(outcome, [leaves[id]]);
      } else {
        assert.ok(outcome instanceof UntrustedAnswer, `${outcome}`);
        assert.equal(source.confirmed.size, 0);
      }
    }
  });

  test("a tile that is too short or too long is refused", async () => {
    const head = heads[20];
    assert.ok(head);
    for (const change of [
      (bytes: Uint8Array) => bytes.subarray(hashBytes),
      (bytes: Uint8Array) => Buffer.concat([bytes, bytes]),
      () => new Uint8Array(),
    ]) {
      const tree = new TileTree(
        head,
        tilesOf((_, bytes) => change(bytes)),
      );
      await assert.rejects(tree.readHashes([0]), UntrustedAnswer);
    }
  });

  test("the tile above, in the width that the tree has", () => {
    const tile = { height: 2, level: 0, n: 1, width: 1 };
    assert.deepEqual(tileAbove(tile, 0, 7), { height: 2, level: 0, n: 1, width: 3 });
    assert.deepEqual(tileAbove(tile, 0, 70), { height: 2, level: 0, n: 1, width: 4 });
    assert.deepEqual(tileAbove(tile, 1, 70), { height: 2, level: 1, n: 0, width: 4 });
    assert.deepEqual(tileAbove(tile, 3, 70), { height: 2, level: 3, n: 0, width: 1 });
    assert.equal(tileAbove(tile, 4, 70), undefined);
    assert.equal(tileAbove(tile, 0, 4), undefined);
  });
});

describe("tile paths", () => {
  for (const path of [
    "tile/8/0/000",
    "tile/8/0/001.p/255",
    "tile/8/data/x001/234",
    "tile/30/63/x999/x999/x999/x999/999",
    "tile/1/0/000.p/1",
  ]) {
    test(`${path} is read and written alike`, () =>
      assert.equal(tilePath(parseTilePath(path)), path));
  }
  for (const path of [
    "",
    "tile/8/0",
    "tile/8/0/",
    "tile/8/0/0",
    "tile/8/0/x000/001",
    "tile/8/0/001/",
    "/tile/8/0/001",
    "tile/08/0/001",
    "tile/0/0/001",
    "tile/31/0/001",
    "tile/8/00/001",
    "tile/8/64/001",
    "tile/8/-1/001",
    "tile/8/0/001.p/0",
    "tile/8/0/001.p/256",
    "tile/8/0/001.p/01",
    "tile/8/0/001.p",
    "tile/8/0/1000",
    "tile/8/0/x1/001",
    "tile/8/0/x999/x999/x999/x999/x999/x999/999",
    "tile/8/0/001\n",
  ]) {
    test(`${JSON.stringify(path)} is none`, () => {
      assert.throws(() => parseTilePath(path), { name: "InvalidText" });
    });
  }
});
