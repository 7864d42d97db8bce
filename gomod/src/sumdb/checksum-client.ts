// A client of a checksum database: believes what follows from its signed trees, and that they are one history.
import { escapePath, escapeVersion } from "../escaped-path.ts";
import type { ModuleVersion } from "../module-version.ts";
import { hashesIn, parseRecord } from "./checksum-record.ts";
import { SignedHistory, type SignedHistoryParts, tileHeight } from "./signed-history.ts";
import { firstRecordOf, type HashTile, type Tile, tileAbove, tilePath, wholeTile } from "./tile.ts";
import { hashBytes, isSameHash, recordHash, storedHashIndex } from "./tree-hash.ts";
import type { TreeHead } from "./tree-head.ts";
import { ForkedTree, UntrustedAnswer } from "./untrusted-answer.ts";

/**
 * What a client needs of the world. Everything may be called many times at once; paths are like
 * `lookup/example.com/m@v1.0.0`, `tile/8/0/001` or `latest`.
 */
export type ChecksumClientParts = SignedHistoryParts;

/** A record that is in the database's tree. */
export interface AuthenticRecord {
  /** The answer to the lookup as the database gave it. */
  readonly answer: Uint8Array;
  /** The `h1:` hashes of the version's zip and go.mod; several or none where the record says so. */
  readonly hashes: ReturnType<typeof hashesIn>;
}

/** How many records are held, some hundred bytes each. */
const heldRecords = 4096;

/**
 * The algorithm is that of golang.org/x/mod/sumdb.Client: every signed tree that is seen must be the beginning of the
 * largest one or the other way round; a record counts when its hash is in the largest tree. Rejects with `InvalidText`
 * or `UntrustedAnswer` for answers that do not hold together, with `ForkedTree` for two histories, and with whatever
 * the parts reject with.
 */
export class ChecksumClient {
  readonly #parts: ChecksumClientParts;
  readonly #history: SignedHistory;
  /** Records that were looked up or are being looked up, in order of use. */
  readonly #records = new Map<string, Promise<AuthenticRecord>>();

  constructor(parts: ChecksumClientParts) {
    this.#parts = parts;
    this.#history = new SignedHistory(parts);
  }

  /** The record of a version, from what is kept or from the database, which is asked once however many ask for it. */
  lookup(module: ModuleVersion): Promise<AuthenticRecord> {
    const path = lookupPath(module);
    const record = this.#records.get(path) ?? this.#lookup(module, path);
    this.#records.delete(path);
    this.#records.set(path, record);
    const [oldest = ""] = this.#records.keys();
    if (this.#records.size > heldRecords) this.#records.delete(oldest);
    return record;
  }

  /** A tile of hashes or of records, cut to its width. Rejects with a `RangeError` if the database has none of it yet. */
  async tile(tile: Tile): Promise<Uint8Array> {
    await this.#history.open();
    const wanted = hashTileOf(tile);
    if (!holds(this.#history.head, wanted)) await this.refresh();
    const { head } = this.#history;
    if (!holds(head, wanted)) throw new RangeError(`the tree does not hold ${tilePath(tile)} yet`);
    const hashes = await this.#readTile(head, wanted);
    if (tile.level !== "data") return hashes.subarray(0, tile.width * hashBytes);
    return this.#recordsOf(tile, hashes);
  }

  /** Asks the database for its newest tree and gives the signed note of the largest one known. */
  async refresh(): Promise<Uint8Array> {
    await this.#history.open();
    const note = await this.#parts.readRemote("latest");
    await this.#history.merge(this.#history.treeIn(note));
    return this.#history.note;
  }

  /** The signed note of the largest tree known; `undefined` if none is. */
  async head(): Promise<Uint8Array | undefined> {
    await this.#history.open();
    return this.#history.head.size === 0 ? undefined : this.#history.note;
  }

  #lookup(module: ModuleVersion, path: string): Promise<AuthenticRecord> {
    const record = this.#findRecord(module, path);
    record.catch(() => {
      if (this.#records.get(path) === record) this.#records.delete(path);
    });
    return record;
  }

  async #findRecord(module: ModuleVersion, path: string): Promise<AuthenticRecord> {
    await this.#history.open();
    const kept = await this.#parts.readKept(path);
    if (kept !== undefined) {
      try {
        return await this.#authenticate(kept, module);
      } catch (failure) {
        if (failure instanceof ForkedTree) throw failure;
        // A damaged file is no reason to stop: the database is asked as if there were none.
      }
    }
    const answer = await this.#parts.readRemote(path);
    const record = await this.#authenticate(answer, module);
    this.#parts.keep(path, answer);
    return record;
  }

  async #authenticate(answer: Uint8Array, module: ModuleVersion): Promise<AuthenticRecord> {
    const { id, text, rest } = parseRecord(answer);
    const leaf = recordHash(text);
    const tree = this.#history.treeIn(rest);
    const isLeaf = (): Promise<boolean> => this.#isLeaf(id, leaf);
    const isOlder = tree.head.size <= this.#history.head.size;
    const merging = this.#history.merge(tree);
    // A tree that does not change what counts can be compared while the record is looked for.
    const isIn = isOlder ? isLeaf() : merging.then(isLeaf);
    isIn.catch(() => undefined); // a contradiction in the history is the graver failure
    await merging;
    if (!(await isIn)) throw new UntrustedAnswer(`record ${id} is not the one that the tree holds`);
    return { answer, hashes: hashesIn(text, module) };
  }

  async #isLeaf(id: number, leaf: Uint8Array): Promise<boolean> {
    const { head } = this.#history;
    if (id >= head.size) {
      throw new UntrustedAnswer(`record ${id} is not in the signed tree of ${head.size} records`);
    }
    const [stored] = await this.#history.read(head, (tree) =>
      tree.readHashes([storedHashIndex(0, id)]),
    );
    return stored !== undefined && isSameHash(stored, leaf);
  }

  /** A tile in its width in the tree. */
  async #readTile(head: TreeHead, tile: HashTile): Promise<Uint8Array> {
    const [bytes] = await this.#history.read(head, (tree) => tree.readTiles([tile]));
    if (bytes === undefined) throw new Error(`${tilePath(tile)} was lost`);
    return bytes;
  }

  /** Records have no tile above them: each must have its hash in the tile of level 0. */
  async #recordsOf(tile: Tile, leaves: Uint8Array): Promise<Uint8Array> {
    const width = Math.floor(leaves.length / hashBytes);
    const asKnown = { ...tile, width };
    const candidates = [wholeTile(tile), asKnown, tile].map(tilePath);
    for (const path of new Set(candidates)) {
      const kept = await this.#parts.readKept(path);
      const cut = kept && recordsIn(kept, tile.width, leaves);
      if (cut !== undefined) return cut;
    }
    const path = tilePath(asKnown);
    const bytes = await this.#parts.readRemote(path);
    const cut = recordsIn(bytes, tile.width, leaves);
    if (cut === undefined || recordsIn(bytes, width, leaves)?.length !== bytes.length) {
      const first = firstRecordOf(tile);
      throw new UntrustedAnswer(`the records from ${first} on are not those that the tree holds`);
    }
    this.#parts.keep(path, bytes);
    return cut;
  }
}

/** Where the record of a version is. Throws `InvalidText`. */
export function lookupPath({ path, version }: ModuleVersion): string {
  return `lookup/${escapePath(path)}@${escapeVersion(version)}`;
}

function hashTileOf(tile: Tile): HashTile {
  if (tile.height !== tileHeight) {
    throw new RangeError(`tiles have the height ${tileHeight}, not ${tile.height}`);
  }
  return { ...tile, level: tile.level === "data" ? 0 : tile.level };
}

function holds(head: TreeHead, tile: HashTile): boolean {
  const within = tileAbove(tile, 0, head.size);
  return within !== undefined && within.width >= tile.width;
}

/** The first records of a data tile, if all of them have their hashes among the leaves. */
function recordsIn(bytes: Uint8Array, count: number, leaves: Uint8Array): Uint8Array | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let from = 0;
  for (let index = 0; index < count; index++) {
    const end = buffer.indexOf("\n\n", from);
    if (end < 0) return undefined;
    const leaf = leaves.subarray(index * hashBytes, (index + 1) * hashBytes);
    if (!isSameHash(recordHash(bytes.subarray(from, end + 1)), leaf)) return undefined;
    from = end + 2;
  }
  return bytes.subarray(0, from);
}
