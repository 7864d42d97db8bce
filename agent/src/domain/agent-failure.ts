// The closed set of ways in which the agent and the keeper can fail.

/**
 * - `bad_request`: what was asked cannot mean anything.
 * - `not_found`: no such service or process.
 * - `conflict`: it may be asked, but not now: something else is under way.
 * - `address_in_use`: another process listens on the address of a service.
 * - `cannot_start`: the program could not be started at all (missing, wrong architecture, unknown user).
 * - `failed_start`: the program ended, or did not become ready or healthy.
 * - `keeper_unreachable`: the keeper, or systemd, does not answer.
 * - `source_unavailable`: documents or blobs could not be read; nothing is known about what should run.
 * - `refused_document`: a document is not signed as it must be, too old, expired or nonsense.
 * - `refused_revision`: a revision cannot run here, or what was downloaded is not what it names.
 * - `forbidden`: the policy of the environment does not let it run here.
 * - `disk_full`: there is not enough room; nothing was changed.
 * - `disk_failed`: the disk could not be read or written.
 * - `failed_hook`: a script of the bundle failed.
 */
export type AgentFailureCode =
  | "bad_request"
  | "not_found"
  | "conflict"
  | "address_in_use"
  | "cannot_start"
  | "failed_start"
  | "keeper_unreachable"
  | "source_unavailable"
  | "refused_document"
  | "refused_revision"
  | "forbidden"
  | "disk_full"
  | "disk_failed"
  | "failed_hook";

/** Something went wrong in a way that is part of the product. `message` is one sentence for whoever runs the machine. */
export class AgentFailure extends Error {
  readonly code: AgentFailureCode;

  constructor(code: AgentFailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "AgentFailure";
    this.code = code;
  }
}

/** The sentence of whatever was thrown. */
export function sentenceOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
