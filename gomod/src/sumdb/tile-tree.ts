// The hashes of one signed tree, read from tiles that are believed only when they lead up to the signed root.
import {
  type HashTile,
  hashFromTile,
  indexOfTile,
  tileAbove,
  tileForIndex,
  tileHash,
  tilePath,
} from "./tile.ts";
import {
  type HashReader,
  hashBytes,
  isSameHash,
  joinSubtrees,
  storedHashIndex,
  subtreeIndexes,
} from "./tree-hash.ts";
import type { TreeHead } from "./tree-head.ts";
import { UntrustedAnswer } from "./untrusted-answer.ts";

/** Where tiles come from. Nothing it says is trusted. */
export interface TileSource {
  readonly height: number;
  /** The bytes of each tile, in the same order. Rejects if one cannot be had. */
  readTiles(tiles: readonly HashTile[]): Promise<readonly Uint8Array[]>;
  /** Told of tiles that turned out to be the tree's own. */
  authenticated(tiles: readonly HashTile[], bytes: readonly Uint8Array[]): void;
}

/** Tiles to be read, each before those below it. */
class TilePlan {
  readonly tiles: HashTile[] = [];
  /** How many of them, from the first, the root is computed from. */
  rootTiles = 0;
  readonly #places = new Map<string, number>();

  has(tile: HashTile): boolean {
    return this.#places.has(tilePath(tile));
  }

  add(tile: HashTile): void {
    if (this.has(tile)) return;
    this.#places.set(tilePath(tile), this.tiles.length);
    this.tiles.push(tile);
  }

  placeOf(tile: HashTile): number {
    const place = this.#places.get(tilePath(tile));
    if (place === undefined) throw new Error(`${tilePath(tile)} was not planned`);
    return place;
  }
}

/**
 * Reads the hashes of a tree. Rejects with `UntrustedAnswer` if the source's tiles are not the tree's, and with a
 * `RangeError` if the tree has no such hash. Authority: golang.org/x/mod/sumdb/tlog.TileHashReader.
 */
export class TileTree implements HashReader {
  readonly #head: TreeHead;
  readonly #source: TileSource;

  constructor(head: TreeHead, source: TileSource) {
    this.#head = head;
    this.#source = source;
  }

  async readHashes(indexes: readonly number[]): Promise<readonly Uint8Array[]> {
    const { size } = this.#head;
    if (indexes.some((index) => index >= storedHashIndex(0, size))) {
      throw new RangeError(`a tree of ${size} records does not hold all of these hashes`);
    }
    const wanted = indexes.map((index) => this.#within(tileForIndex(this.#source.height, index)));
    const found = await this.readTiles(wanted);
    return indexes.map((index, order) => {
      const [tile, bytes] = [wanted[order], found[order]];
      if (tile === undefined || bytes === undefined) throw new Error("a tile was lost");
      return hashFromTile(tile, bytes, index);
    });
  }

  /** The bytes of whole tiles of this tree, each as wide as it is in it. */
  async readTiles(wanted: readonly HashTile[]): Promise<readonly Uint8Array[]> {
    const { size } = this.#head;
    if (wanted.length === 0 || size === 0) return [];
    const rootIndexes = subtreeIndexes(0, size);
    const plan = this.#plan(rootIndexes, wanted);
    const bytes = await this.#source.readTiles(plan.tiles);
    const bytesOf = (tile: HashTile): Uint8Array => bytes[plan.placeOf(tile)] ?? new Uint8Array();
    for (const tile of plan.tiles) requireLength(tile, bytesOf(tile));
    this.#requireRoot(rootIndexes, bytesOf);
    for (const tile of plan.tiles.slice(plan.rootTiles)) this.#requireParent(tile, bytesOf);
    this.#source.authenticated(plan.tiles, bytes);
    return wanted.map((tile) => bytesOf(this.#within(tile)));
  }

  #plan(rootIndexes: readonly number[], wanted: readonly HashTile[]): TilePlan {
    const plan = new TilePlan();
    for (const index of rootIndexes) {
      plan.add(this.#within(tileForIndex(this.#source.height, index)));
    }
    plan.rootTiles = plan.tiles.length;
    for (const tile of wanted) {
      const chain: HashTile[] = [];
      for (let up = 0; ; up++) {
        const above = tileAbove(tile, up, this.#head.size);
        if (above === undefined) throw new RangeError(`the tree does not hold ${tilePath(tile)}`);
        if (plan.has(above)) break;
        chain.unshift(above);
      }
      for (const link of chain) plan.add(link);
    }
    return plan;
  }

  #within(tile: HashTile): HashTile {
    const within = tileAbove(tile, 0, this.#head.size);
    if (within === undefined) throw new RangeError(`the tree does not hold ${tilePath(tile)}`);
    return within;
  }

  #requireRoot(rootIndexes: readonly number[], bytesOf: (tile: HashTile) => Uint8Array): void {
    const subtrees = rootIndexes.map((index) => {
      const tile = this.#within(tileForIndex(this.#source.height, index));
      return hashFromTile(tile, bytesOf(tile), index);
    });
    if (isSameHash(joinSubtrees(subtrees), this.#head.hash)) return;
    throw new UntrustedAnswer("the tiles do not add up to the signed root of the tree");
  }

  /** Only a whole tile has one above it: its own hash must stand there. */
  #requireParent(tile: HashTile, bytesOf: (tile: HashTile) => Uint8Array): void {
    const parent = tileAbove(tile, 1, this.#head.size);
    if (parent === undefined) throw new Error(`${tilePath(tile)} has no tile above it`);
    const expected = hashFromTile(parent, bytesOf(parent), indexOfTile(tile));
    if (isSameHash(expected, tileHash(bytesOf(tile)))) return;
    throw new UntrustedAnswer(`${tilePath(tile)} is not the one that the tree holds`);
  }
}

function requireLength(tile: HashTile, bytes: Uint8Array): void {
  if (bytes.length === tile.width * hashBytes) return;
  throw new UntrustedAnswer(`${tilePath(tile)} came with ${bytes.length} bytes`);
}
