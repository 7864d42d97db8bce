// Small files as they lie in zips, remembered from one version of a module to the next: most files stay as they are.
import type { PackedContent } from "@stoa/gomod/zip";

/** Files that are larger when packed are not remembered. */
const mostFileBytes = 64 * 1024;
/** What an entry takes beside its content, near enough. */
const entryBytes = 600;
/** How much smaller source text becomes, near enough. */
const usualRatio = 3;

/** Remembers what was used last, up to so many bytes. */
export class PackedFiles {
  readonly #mostBytes: number;
  readonly #files = new Map<string, PackedContent>();
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The packed files of a repository, by their hashes there: of those that are asked for what is remembered. */
  known(repository: string, hashes: Iterable<string>): ReadonlyMap<string, PackedContent> {
    const known = new Map<string, PackedContent>();
    for (const hash of hashes) {
      const key = `${repository} ${hash}`;
      const packed = this.#files.get(key);
      if (packed === undefined) continue;
      known.set(hash, packed);
      // The last used is the last in order.
      this.#files.delete(key);
      this.#files.set(key, packed);
    }
    return known;
  }

  /**
   * Whether files of these sizes would all be remembered, near enough. Of more than fit nothing is left when they are asked
   * for again in the same order, so that remembering them is in vain.
   */
  hasRoomFor(sizes: Iterable<number>): boolean {
    let bytes = 0;
    for (const size of sizes) bytes += entryBytes + size / usualRatio;
    return bytes <= this.#mostBytes;
  }

  keep(repository: string, hash: string, packed: PackedContent): void {
    const key = `${repository} ${hash}`;
    if (packed.deflated.length > mostFileBytes || this.#files.has(key)) return;
    // A copy of its own: what zlib gives may be a part of a larger buffer, and a small Buffer is one of Node's pool.
    const kept = { ...packed, deflated: new Uint8Array(packed.deflated) };
    this.#files.set(key, kept);
    this.#bytes += entryBytes + kept.deflated.length;
    for (const [oldest, { deflated }] of this.#files) {
      if (this.#bytes <= this.#mostBytes) break;
      this.#files.delete(oldest);
      this.#bytes -= entryBytes + deflated.length;
    }
  }
}
