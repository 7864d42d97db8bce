// How much a fetch is going to bring, as git says on its error output while it runs.

/** What a fetch may bring at most. */
export interface FetchLimits {
  readonly mostBytes: number;
  /** Commits, directories, files and annotations. */
  readonly mostObjects: number;
}

/** A fetch was broken off because it would have brought more than it may. */
export class TooMuchToFetch extends Error {
  override readonly name = "TooMuchToFetch";
}

const units: Readonly<Record<string, number>> = {
  bytes: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/**
 * Listens to one fetch. Authority for the words: git's progress.c and builtin/pack-objects.c, and fetch-pack.c for
 * servers that take no filter.
 */
export class FetchProgress {
  /** Whether the server has said that it sends everything, whatever is to be left out. */
  ignoresFilter = false;
  readonly #limits: FetchLimits;

  constructor(limits: FetchLimits) {
    this.#limits = limits;
  }

  /** Throws `TooMuchToFetch` as soon as it is clear. */
  hear(text: string): void {
    if (text.includes("filtering not recognized by server")) this.ignoresFilter = true;
    const objects = /(?:Enumerating objects: |Receiving objects: .*?\/)(\d+)/.exec(text)?.[1];
    const [, number, unit] = /Receiving objects:.*, ([\d.]+) (bytes|KiB|MiB|GiB)/.exec(text) ?? [];
    const bytes = Number(number ?? 0) * (units[unit ?? ""] ?? 0);
    const { mostBytes, mostObjects } = this.#limits;
    if (bytes > mostBytes || Number(objects ?? 0) > mostObjects) {
      throw new TooMuchToFetch("more than may be fetched");
    }
  }
}
