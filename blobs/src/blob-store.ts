// Named bytes, kept: what every object store can do, and what its callers may rely on.

/**
 * Keeps blobs by key. Keys are text of 1 to 1024 bytes of UTF-8; between their slashes is always something, and never
 * `.` or `..`. No key may be the folder of another (`a` beside `a/b`): some stores refuse the second of them.
 *
 * Every method may be called at any time and any number of times at once, also from several processes on one store. A
 * blob is always seen whole: of a put that fails, is aborted or dies, nothing is ever visible. What a put has resolved
 * for is durable, and the next call of anybody sees it.
 *
 * Methods reject with a `BlobFailure`, or with the reason of the signal. Drivers repeat what is safe to repeat; callers
 * need not.
 */
export interface BlobStore {
  /** What is known of a blob; `undefined` if there is none. */
  stat(key: string, signal?: AbortSignal): Promise<BlobHead | undefined>;

  /**
   * Opens a blob, or a part of it. `undefined` if there is none; `unchanged` if it still has the tag that the caller
   * knows.
   */
  get(
    key: string,
    options?: GetOptions,
    signal?: AbortSignal,
  ): Promise<OpenBlob | "unchanged" | undefined>;

  /**
   * Keeps a blob and says its tag, if the condition holds; `undefined` if it does not, or if another writer was at it at
   * the same moment. After a connection broke the blob may then be the caller's own: who has to know looks at it. Memory
   * does not grow with the size of the body, which is read once.
   */
  put(
    key: string,
    body: BlobBody,
    options?: PutOptions,
    signal?: AbortSignal,
  ): Promise<string | undefined>;

  /** Removes a blob. One that is not there is no failure. */
  delete(key: string, signal?: AbortSignal): Promise<void>;

  /**
   * Every blob whose key begins with `prefix`, in the order of the bytes of their keys, however many there are. (Some
   * stores put characters beyond U+FFFF elsewhere.) What comes or goes meanwhile may or may not be among them.
   */
  list(prefix: string, options?: ListOptions, signal?: AbortSignal): AsyncIterable<BlobEntry>;

  /** Resolves if the store is there and may be read. Cheap enough to be asked every second. */
  check(signal?: AbortSignal): Promise<void>;
}

/** A store that keeps a few words with a blob. */
export interface LabellingBlobStore extends BlobStore {
  stat(key: string, signal?: AbortSignal): Promise<LabelledHead | undefined>;
  get(
    key: string,
    options?: GetOptions,
    signal?: AbortSignal,
  ): Promise<OpenBlob<LabelledHead> | "unchanged" | undefined>;
  put(
    key: string,
    body: BlobBody,
    options?: PutOptions & { readonly labels?: Labels },
    signal?: AbortSignal,
  ): Promise<string | undefined>;
}

/** A store that can tell what it removes. */
export interface ExactRemoval {
  /** Removes a blob if it still has this tag, in one step; says whether it had. Rejects as `BlobStore` does. */
  deleteTagged(key: string, tag: string, signal?: AbortSignal): Promise<boolean>;
}

/** A store whose service lets others read a blob by its URL. */
export interface BlobLinks {
  /**
   * A URL under which anybody who has it can GET this blob until its time has passed. Whether there is such a blob is not
   * looked at. Rejects with `denied` if the credentials cannot sign, otherwise as `BlobStore` does.
   */
  link(key: string, lifetimeSeconds: number): Promise<string>;
}

/** Names of lower-case letters, values of printable ASCII; a kilobyte in all. */
export type Labels = Readonly<Record<string, string>>;

/** Bytes at once, or piece by piece. A piece belongs to the store from then on. */
export type BlobBody = Uint8Array | AsyncIterable<Uint8Array>;

/** What a listing tells of a blob. */
export interface BlobEntry {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
}

/** What is known of a blob without reading it. */
export interface BlobHead extends BlobEntry {
  /** Stands for the bytes: other bytes under this key have another tag. No blank, no quote. */
  readonly tag: string;
  /** When it was put; some stores count in seconds. */
  readonly modified: Date;
}

export interface LabelledHead extends BlobHead {
  readonly labels: Labels;
}

/** A blob that is open for reading. To be disposed of; what was not read by then is not transferred. */
export interface OpenBlob<Head extends BlobHead = BlobHead> extends AsyncDisposable {
  /** Of the whole blob, also where only a part was asked for. */
  readonly head: Head;
  /** To be iterated over at most once. A piece is the reader's. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface GetOptions {
  /** Where to begin, in bytes; 0 unless said otherwise. From behind the end there is nothing, which is no failure. */
  readonly from?: number;
  /** The first byte that is not wanted any more. */
  readonly to?: number;
  /** The tag of the bytes that the caller has. */
  readonly unlessTag?: string | undefined;
  /** The tag of the only bytes that the caller wants; others are the failure `changed`. */
  readonly onlyTag?: string | undefined;
}

export interface PutOptions {
  /**
   * `absent`: only if there is no blob. A tag: only if the blob has it. Of any number of writers with the same condition
   * exactly one succeeds. Without a condition the last one wins. A store that cannot decide a condition rejects with
   * `unsupported`.
   */
  readonly when?: "absent" | { readonly tag: string } | undefined;
  /** In hexadecimal digits. Bytes that have another one are not kept: `damaged`. */
  readonly sha256?: string | undefined;
  /** For who reads the store with other programs. */
  readonly contentType?: string | undefined;
}

export interface ListOptions {
  /** Only keys behind this one. It need not be there. */
  readonly after?: string | undefined;
  /** How many the service is asked for in one request, where it can be chosen. */
  readonly atOnce?: number;
}
