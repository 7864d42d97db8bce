// What is remembered of a checksum database.

/**
 * The state of one database: what was authenticated, and the largest signed tree. Every method may be called many times
 * at once, also by several processes on the same storage.
 */
export interface DatabaseState {
  /** A tile or record by its path below the database, such as `tile/8/0/001`; `undefined` if it was not kept. */
  readKept(path: string): Promise<Uint8Array | undefined>;
  /** Keeps a tile or record in place of what is there. What cannot be kept is asked for again another time. */
  keep(path: string, bytes: Uint8Array): void;
  /** The note of the largest tree; `undefined` if none was kept. Rejects with `store_unavailable`. */
  readHead(): Promise<Uint8Array | undefined>;
  /** Keeps the note of a tree of `size` records durably. A smaller one than is known is forgotten at once. */
  keepHead(size: number, note: Uint8Array): Promise<void>;
  /** Why the database is not to be trusted any more, and until when; `undefined` as long as it is. */
  readAlarm(): Promise<Alarm | undefined>;
  /** Remembers that the database contradicted itself, with the proof. */
  raiseAlarm(evidence: string): Promise<void>;
  /** Resolves when everything has been kept that was to be. */
  settled(): Promise<void>;
}

/** A contradiction in a database. */
export interface Alarm {
  /** What has to be done when the matter is settled, as the end of a sentence: `remove …`. */
  readonly remedy: string;
}
