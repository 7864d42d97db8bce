// How large the entries of a cache are, in the order of their use.

interface Entry {
  readonly bytes: number;
  readonly usedMs: number;
}

/** What is there from before becomes known by and by; what is used meanwhile counts as used later. */
export class EntrySizes {
  /** Resolves when everything is known. */
  readonly known: Promise<void>;
  /** The longest unused first. */
  #entries = new Map<string, Entry>();
  readonly #removed = new Set<string>();
  #total = 0;

  constructor(before: Promise<readonly (readonly [name: string, bytes: number])[]>) {
    this.known = before.then((found) => {
      const newer = this.#entries;
      this.#entries = new Map();
      for (const [name, bytes] of found) {
        if (newer.has(name) || this.#removed.has(name)) continue;
        this.#entries.set(name, { bytes, usedMs: Number.NEGATIVE_INFINITY });
        this.#total += bytes;
      }
      for (const [name, entry] of newer) this.#entries.set(name, entry);
      this.#removed.clear();
    });
  }

  get total(): number {
    return this.#total;
  }

  /** Says that an entry is used now; returns how long ago it was used before, in milliseconds. */
  use(name: string, bytes: number): number {
    const before = this.#entries.get(name);
    const nowMs = performance.now();
    this.#entries.delete(name);
    this.#entries.set(name, { bytes, usedMs: nowMs });
    this.#total += bytes - (before?.bytes ?? 0);
    return nowMs - (before?.usedMs ?? Number.NEGATIVE_INFINITY);
  }

  remove(name: string): void {
    this.#removed.add(name);
    this.#total -= this.#entries.get(name)?.bytes ?? 0;
    this.#entries.delete(name);
  }

  /** The entries that have to go for the others to take no more than `mostBytes`. */
  beyond(mostBytes: number): readonly string[] {
    const names: string[] = [];
    let total = this.#total;
    for (const [name, { bytes }] of this.#entries) {
      if (total <= mostBytes) break;
      names.push(name);
      total -= bytes;
    }
    return names;
  }
}
