// Why a storage cannot be opened.

/**
 * - `unreachable`: no answer, or one that says "not now".
 * - `denied`: the credentials are missing or wrong, or do not permit what is needed.
 * - `skewed`: the clocks of this machine and the service differ by too much.
 * - `misdirected`: the storage is in another region.
 * - `missing`: the bucket, container or folder does not exist.
 * - `unfit`: it is there and cannot do what is needed.
 */
export type StorageTroubleKind =
  | "unreachable"
  | "denied"
  | "skewed"
  | "misdirected"
  | "missing"
  | "unfit";

/** A storage could not be opened; `message` is a sentence without a credential. */
export class StorageTrouble extends Error {
  readonly kind: StorageTroubleKind;

  constructor(kind: StorageTroubleKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "StorageTrouble";
    this.kind = kind;
  }
}
