// The one history of a checksum database: the largest signed tree, and that every other is the beginning of it.
import { encodeBase64 } from "./base64.ts";
import { provesTree, proveTree } from "./proofs.ts";
import { openNote } from "./signed-note.ts";
import { TileMemory, type TilePlaces } from "./tile-memory.ts";
import { type TileSource, TileTree } from "./tile-tree.ts";
import { emptyTreeHash, isSameHash, treeHash } from "./tree-hash.ts";
import { parseTreeHead, type TreeHead } from "./tree-head.ts";
import { ForkedTree, UntrustedAnswer } from "./untrusted-answer.ts";
import type { VerifierKey } from "./verifier-key.ts";

/** Where the largest tree is remembered, and whose signature counts. */
export interface SignedHistoryParts extends TilePlaces {
  readonly key: VerifierKey;
  /** The note of the largest tree that was ever kept; `undefined` if there is none. */
  readHead(): Promise<Uint8Array | undefined>;
  /** Keeps a note durably. Of several, also of other processes, the largest is the one that is read. */
  keepHead(size: number, note: Uint8Array): Promise<void>;
}

/** A tree and the note that says so. */
export interface SignedTree {
  readonly head: TreeHead;
  readonly note: Uint8Array;
}

/** The height of the tiles of every checksum database. */
export const tileHeight = 8;
/** How many notes are remembered as belonging to the history. */
const rememberedNotes = 1000;

/** Never goes back: a tree is followed only by one that contains it. */
export class SignedHistory {
  readonly #parts: SignedHistoryParts;
  readonly #tiles: TileMemory;
  readonly #consistentNotes = new Set<string>();
  /** The size of the largest tree that this process has kept. */
  #keptSize = 0;
  #latest: SignedTree = {
    head: { size: 0, hash: emptyTreeHash() },
    note: new Uint8Array(),
  };
  #opened: Promise<void> | undefined;

  constructor(parts: SignedHistoryParts) {
    this.#parts = parts;
    this.#tiles = new TileMemory(parts);
  }

  /** The largest tree. */
  get head(): TreeHead {
    return this.#latest.head;
  }

  /** Its signed note; empty if no tree was ever seen. */
  get note(): Uint8Array {
    return this.#latest.note;
  }

  /** Reads the tree that was kept; to be awaited before anything else, any number of times. */
  open(): Promise<void> {
    this.#opened ??= this.#readHead().catch((failure: unknown) => {
      this.#opened = undefined; // the next call looks again
      throw failure;
    });
    return this.#opened;
  }

  /** Reads a signed tree head. Throws `InvalidText`. */
  treeIn(note: Uint8Array): SignedTree {
    return { head: parseTreeHead(openNote(note, [this.#parts.key]).text), note };
  }

  /** Makes sure that a signed tree belongs to the history, and goes on to it if it is the largest. */
  async merge(tree: SignedTree): Promise<void> {
    await this.#mergeInMemory(tree);
    if (this.#latest.head.size <= this.#keptSize) return;
    const kept = await this.#parts.readHead();
    if (kept !== undefined) await this.#mergeInMemory(this.treeIn(kept));
    const { head, note: largest } = this.#latest;
    await this.#parts.keepHead(head.size, largest);
    this.#keptSize = Math.max(this.#keptSize, head.size);
  }

  /** Reads out of a tree; once more, from the database alone, if what was kept turns out to be damaged or another's. */
  async read<T>(
    head: TreeHead,
    work: (tree: TileTree) => Promise<T>,
    authenticated: TileSource["authenticated"] = (tiles, bytes) => this.#tiles.keep(tiles, bytes),
  ): Promise<T> {
    const source = (canUseKept: boolean): TileSource => ({
      height: tileHeight,
      readTiles: (tiles) => this.#tiles.read(tiles, canUseKept),
      authenticated,
    });
    try {
      return await work(new TileTree(head, source(true)));
    } catch (failure) {
      if (!(failure instanceof UntrustedAnswer)) throw failure;
      return work(new TileTree(head, source(false)));
    }
  }

  async #readHead(): Promise<void> {
    const note = await this.#parts.readHead();
    // What is kept has been found consistent before, so nothing needs to be asked.
    if (note !== undefined) this.#latest = this.treeIn(note);
  }

  async #mergeInMemory(tree: SignedTree): Promise<void> {
    const text = Buffer.from(tree.note).toString("latin1");
    if (this.#consistentNotes.has(text)) return;
    for (;;) {
      const latest = this.#latest;
      const isNewer = tree.head.size > latest.head.size;
      await (isNewer ? this.#compare(latest, tree) : this.#compare(tree, latest));
      if (isNewer && this.#latest !== latest) continue; // another answer was faster
      if (isNewer) this.#latest = tree;
      if (this.#consistentNotes.size >= rememberedNotes) this.#consistentNotes.clear();
      this.#consistentNotes.add(text);
      return;
    }
  }

  /** The tiles of a tree that may yet turn out to be another history's are not kept before it is compared. */
  async #compare(older: SignedTree, newer: SignedTree): Promise<void> {
    if (older.head.size === newer.head.size && isSameHash(older.head.hash, newer.head.hash)) return;
    if (older.head.size === 0 && isSameHash(older.head.hash, emptyTreeHash())) return;
    const authenticated: Parameters<TileSource["authenticated"]>[] = [];
    const root = await this.read(
      newer.head,
      (tree) => treeHash(older.head.size, tree),
      (...tiles) => authenticated.push(tiles),
    );
    if (!isSameHash(root, older.head.hash)) {
      throw new ForkedTree(await this.#evidence(older, newer, root));
    }
    for (const [tiles, bytes] of authenticated) this.#tiles.keep(tiles, bytes);
  }

  async #evidence(older: SignedTree, newer: SignedTree, root: Uint8Array): Promise<string> {
    const { size } = older.head;
    const prove = (tree: TileTree): ReturnType<typeof proveTree> =>
      proveTree(newer.head.size, size, tree);
    const proof =
      size === 0 ? [] : await this.read(newer.head, prove, () => undefined).catch(() => []);
    const isProven = size > 0 && provesTree(proof, newer.head, { size, hash: root });
    return [
      "A checksum database has signed two trees of which neither is the beginning of the other.",
      "",
      `The older one, of ${size} records:`,
      Buffer.from(older.note).toString("utf8"),
      `The newer one, of ${newer.head.size} records:`,
      Buffer.from(newer.note).toString("utf8"),
      `In the newer one the first ${size} records have the hash ${encodeBase64(root)}`,
      `Proof of that${isProven ? "" : " (incomplete)"}:`,
      ...proof.map(encodeBase64),
      "",
    ].join("\n");
  }
}
