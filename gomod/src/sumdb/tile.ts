// Tiles: the tree of a checksum database cut into files of up to 2^height hashes of one level.
import { InvalidText } from "../invalid-text.ts";
import { hashBytes, nodeHash, splitStoredHashIndex, storedHashIndex } from "./tree-hash.ts";

/** Which tile. */
export interface Tile {
  /** From 1 to 30; checksum databases use 8. */
  readonly height: number;
  /** The level in the tree of tiles, from 0 to 63, or `data`: the records themselves. */
  readonly level: number | "data";
  /** The number within its level, from 0. */
  readonly n: number;
  /** How many hashes or records it holds: from 1 to 2^height. */
  readonly width: number;
}

/** A tile of hashes. */
export interface HashTile extends Tile {
  readonly level: number;
}

const mostLevel = 63;

/** The number of hashes in a whole tile. */
function wholeWidth({ height }: Tile): number {
  return 2 ** height;
}

export function isWhole(tile: Tile): boolean {
  return tile.width === wholeWidth(tile);
}

/** The same tile when the tree has grown past it. */
export function wholeTile<T extends Tile>(tile: T): T {
  return { ...tile, width: wholeWidth(tile) };
}

/** `tile/8/0/x123/456.p/7`. Authority: golang.org/x/mod/sumdb/tlog.Tile.Path. */
export function tilePath(tile: Tile): string {
  const digits = `${tile.n}`.padStart(Math.ceil(`${tile.n}`.length / 3) * 3, "0");
  const groups = digits.match(/.{3}/g) ?? [];
  const name = groups.map((group, index) => (index < groups.length - 1 ? `x${group}` : group));
  const part = isWhole(tile) ? "" : `.p/${tile.width}`;
  return `tile/${tile.height}/${tile.level}/${name.join("/")}${part}`;
}

/**
 * Reads such a path. Throws `InvalidText` of kind `tile path`. Authority: golang.org/x/mod/sumdb/tlog.ParseTilePath,
 * except that levels beyond 63 are refused, and numbers that doubles cannot hold.
 */
export function parseTilePath(path: string): Tile {
  const match =
    /^tile\/([1-9][0-9]?)\/([0-9]{1,2}|data)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]*))?$/.exec(
      path,
    );
  if (match === null)
    throw new InvalidText("tile path", path, "it is not tile/height/level/number");
  const [, height = "", level = "", number = "", part] = match;
  const whole = 2 ** Number(height);
  const tile: Tile = {
    height: Number(height),
    level: level === "data" ? level : Number(level),
    n: Number(number.replaceAll(/[x/]/g, "")),
    width: part === undefined ? whole : Number(part),
  };
  const isInRange =
    tile.height <= 30 &&
    (tile.level === "data" || tile.level <= mostLevel) &&
    Number.isSafeInteger(tile.n) &&
    (part === undefined || tile.width < whole);
  if (!isInRange) throw new InvalidText("tile path", path, "one of its numbers is too large");
  if (tilePath(tile) !== path) throw new InvalidText("tile path", path, "it has needless zeros");
  return tile;
}

/** The smallest tile that holds, or is enough to compute, the hash at a stored index. */
export function tileForIndex(height: number, index: number): HashTile {
  return placeOf(height, index).tile;
}

/**
 * The hash at a stored index, out of the bytes of its tile. Throws a `RangeError` if the tile does not hold it.
 * Authority: golang.org/x/mod/sumdb/tlog.HashFromTile.
 */
export function hashFromTile(tile: HashTile, bytes: Uint8Array, index: number): Uint8Array {
  const { tile: needed, start, end } = placeOf(tile.height, index);
  const holds = tile.level === needed.level && tile.n === needed.n && tile.width >= needed.width;
  if (!holds || bytes.length < tile.width * hashBytes) {
    throw new RangeError(`${tilePath(tile)} of ${bytes.length} bytes does not hold hash ${index}`);
  }
  return tileHash(bytes.subarray(start * hashBytes, end * hashBytes));
}

/** The hash over a run of hashes whose number is a power of two. */
export function tileHash(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= hashBytes) return bytes;
  const middle = bytes.length / 2;
  return nodeHash(tileHash(bytes.subarray(0, middle)), tileHash(bytes.subarray(middle)));
}

/**
 * The tile `up` levels above another, as wide as it is in a tree of `size` records; `undefined` if the tree has none of
 * it. With `up` 0 this is the tile itself in its width there.
 */
export function tileAbove(tile: HashTile, up: number, size: number): HashTile | undefined {
  const { height } = tile;
  const level = tile.level + up;
  const n = Math.floor(tile.n / 2 ** (up * height));
  const hashes = Math.floor(size / 2 ** (level * height));
  const width = Math.min(2 ** height, hashes - n * 2 ** height);
  return width > 0 ? { height, level, n, width } : undefined;
}

/** Where, in the tile's own level, a tile's first record is. */
export function firstRecordOf({ n, height }: Tile): number {
  return n * 2 ** height;
}

/** The stored index of the hash over the whole of a tile. */
export function indexOfTile({ height, level, n }: HashTile): number {
  return storedHashIndex((level + 1) * height, n);
}

/** The tile of a hash, and between which of the tile's hashes the hash's own lie. */
function placeOf(
  height: number,
  index: number,
): { readonly tile: HashTile; readonly start: number; readonly end: number } {
  const { level: treeLevel, n: treeN } = splitStoredHashIndex(index);
  const level = Math.floor(treeLevel / height);
  const spread = 2 ** (treeLevel - level * height);
  const n = Math.floor((treeN * spread) / 2 ** height);
  const within = treeN - (n * 2 ** height) / spread;
  const end = (within + 1) * spread;
  return { tile: { height, level, n, width: end }, start: within * spread, end };
}
