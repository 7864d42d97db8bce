// The closed set of ways in which a blob store can fail.

/**
 * - `unreachable`: the service was not reached, did not answer in time, or says that it cannot now; later it may.
 * - `denied`: the credentials are missing or wrong, or do not permit this.
 * - `skewed`: the clock of this machine is so far off that the service refuses its signatures.
 * - `misdirected`: the service says that the store is elsewhere, in another region.
 * - `missing_store`: the bucket, the container or the folder does not exist.
 * - `full`: there is no room, or nothing may be written at all.
 * - `damaged`: the bytes are not those that were announced or kept.
 * - `changed`: the blob was replaced or removed while it was read.
 * - `unsupported`: the service cannot do what was asked, such as a conditional put.
 * - `bad_key`: the text is no key, or none that this store can keep.
 * - `unexpected`: the service answered with what no other word fits.
 */
export type BlobFailureKind =
  | "unreachable"
  | "denied"
  | "skewed"
  | "misdirected"
  | "missing_store"
  | "full"
  | "damaged"
  | "changed"
  | "unsupported"
  | "bad_key"
  | "unexpected";

/** A store could not do what was asked. `message` is one plain sentence without a credential. */
export class BlobFailure extends Error {
  readonly kind: BlobFailureKind;

  constructor(kind: BlobFailureKind, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "BlobFailure";
    this.kind = kind;
  }
}

/** A blob became another while it was read. */
export function replaced(key: string, cause?: unknown): BlobFailure {
  return new BlobFailure("changed", `${key} was replaced while it was read`, { cause });
}
