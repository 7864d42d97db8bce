// Tiles by their place: in memory, kept, or from the database, each fetched once at a time.
import { type HashTile, isWhole, tilePath, wholeTile } from "./tile.ts";
import { hashBytes } from "./tree-hash.ts";

/** Where tiles come from and go to. */
export interface TilePlaces {
  /** What the database answers at a path. Rejects if it does not. */
  readRemote(path: string): Promise<Uint8Array>;
  /** What was kept under a path; `undefined` if nothing was. */
  readKept(path: string): Promise<Uint8Array | undefined>;
  /** Keeps what has been authenticated, in place of what is there. Failing is its own affair. */
  keep(path: string, bytes: Uint8Array): void;
}

/** How many are held: a whole tile has 8 KiB. */
const mostTiles = 1024;

/** Memory and disk hold tiles that were authenticated; what the database gives is not yet. */
export class TileMemory {
  readonly #places: TilePlaces;
  /** Authenticated, in order of use. */
  readonly #held = new Map<string, Uint8Array>();
  /** Read from where they are kept, and not to be kept again. */
  readonly #kept = new WeakSet<Uint8Array>();
  readonly #fetching = new Map<string, Promise<Uint8Array>>();

  constructor(places: TilePlaces) {
    this.#places = places;
  }

  /** The bytes of each, all at once. With `canUseKept` false only the database is asked. */
  read(tiles: readonly HashTile[], canUseKept: boolean): Promise<readonly Uint8Array[]> {
    return Promise.all(tiles.map((tile) => this.#read(tile, canUseKept)));
  }

  /** Holds and keeps tiles that were authenticated. */
  keep(tiles: readonly HashTile[], bytes: readonly Uint8Array[]): void {
    for (const [index, tile] of tiles.entries()) {
      const path = tilePath(tile);
      const content = bytes[index];
      if (content === undefined || this.#held.get(path) === content) continue;
      if (!isWhole(tile) && this.#held.has(tilePath(wholeTile(tile)))) continue;
      this.#hold(path, content);
      if (!this.#kept.has(content)) this.#places.keep(path, content);
    }
  }

  async #read(tile: HashTile, canUseKept: boolean): Promise<Uint8Array> {
    const known = canUseKept ? await this.#known(tile) : undefined;
    return known ?? this.#fetch(tile);
  }

  /** A whole tile serves for every part of it: the tree only grows. */
  async #known(tile: HashTile): Promise<Uint8Array | undefined> {
    const length = tile.width * hashBytes;
    for (const path of new Set([tilePath(tile), tilePath(wholeTile(tile))])) {
      const held = this.#held.get(path);
      if (held === undefined) continue;
      this.#hold(path, held);
      return held.length === length ? held : held.subarray(0, length);
    }
    for (const one of isWhole(tile) ? [tile] : [tile, wholeTile(tile)]) {
      const kept = await this.#places.readKept(tilePath(one));
      if (kept?.length !== one.width * hashBytes) continue;
      const part = kept.subarray(0, length);
      this.#kept.add(part);
      return part;
    }
    return undefined;
  }

  #fetch(tile: HashTile): Promise<Uint8Array> {
    const path = tilePath(tile);
    const running = this.#fetching.get(path);
    if (running !== undefined) return running;
    const fetching = this.#ask(tile).finally(() => this.#fetching.delete(path));
    this.#fetching.set(path, fetching);
    return fetching;
  }

  /** A part may be gone when the whole is there (golang.org/x/mod/sumdb.Client.readTile). */
  async #ask(tile: HashTile): Promise<Uint8Array> {
    try {
      return await this.#places.readRemote(tilePath(tile));
    } catch (failure) {
      if (isWhole(tile)) throw failure;
      const whole = await this.#places.readRemote(tilePath(wholeTile(tile))).catch(() => {
        throw failure;
      });
      return whole.subarray(0, tile.width * hashBytes);
    }
  }

  #hold(path: string, bytes: Uint8Array): void {
    this.#held.delete(path);
    this.#held.set(path, bytes);
    if (this.#held.size <= mostTiles) return;
    const [oldest = ""] = this.#held.keys();
    this.#held.delete(oldest);
  }
}
