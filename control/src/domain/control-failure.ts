// What can go wrong in the control plane: a closed set of codes.

/** Why something was not done. */
export type ControlFailureCode =
  | "bad_request"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "digest_mismatch"
  | "too_large"
  | "no_machines"
  | "store_full"
  | "store_unavailable";

/** A failure whose message is a sentence for people: it names the thing and the next step. */
export class ControlFailure extends Error {
  readonly code: ControlFailureCode;

  constructor(
    code: ControlFailureCode,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options);
    this.name = "ControlFailure";
    this.code = code;
  }
}
