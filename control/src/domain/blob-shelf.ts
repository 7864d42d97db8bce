// What the control plane needs of the place where contents are kept by their digest.

/** A content that can be read once. */
export interface OpenBlob {
  readonly size: number;
  /** Closes what it holds when it is read to the end or cancelled. */
  readonly body: ReadableStream<Uint8Array>;
}

/** Contents by the lower-case hex of their SHA-256; whole or absent, never changed. */
export interface BlobShelf {
  has(sha256: string): Promise<boolean>;
  /**
   * Keeps what the stream holds, durably. Fails with `digest_mismatch`, and keeps nothing, if it is not what its name says, and
   * with `too_large` beyond the shelf's limit. Putting what is there already is fine.
   */
  put(sha256: string, body: AsyncIterable<Uint8Array>): Promise<void>;
  /** Undefined if there is none. */
  open(sha256: string): Promise<OpenBlob | undefined>;
  /** Everything that is kept. */
  list(): AsyncIterable<string>;
  /** Removes a content; fine if it is not there. */
  remove(sha256: string): Promise<void>;
}
