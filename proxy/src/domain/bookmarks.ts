// How far long work has come, for whoever goes on with it.

/** Places by name, which outlive the process. Methods reject with `store_unavailable` if they cannot be read or written. */
export interface Bookmarks {
  /** The place that was written last; `undefined` if none was. */
  read(name: string): Promise<string | undefined>;
  write(name: string, place: string): Promise<void>;
  /** Forgets the place; there may be none. */
  remove(name: string): Promise<void>;
}
