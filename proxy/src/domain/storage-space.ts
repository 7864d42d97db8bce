// How much room a storage takes, and how much it has.

/** In bytes. */
export interface Space {
  readonly used: number;
  readonly capacity: number;
}

/** A storage whose room is bounded. */
export interface StorageSpace {
  /**
   * How full it is now. With a quota: what the storage holds, against the quota; without one: the file system that it
   * lies on, whoever fills it. Takes the longer the more there is. Rejects with `store_unavailable`.
   */
  measure(quotaBytes: number, signal: AbortSignal): Promise<Space>;
}
