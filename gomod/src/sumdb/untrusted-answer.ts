// What a checksum database must not do, as opposed to texts that are merely malformed.

/** The database, or whoever stands before it, gave bytes that its own signed tree does not hold. */
export class UntrustedAnswer extends Error {
  override readonly name: string = "UntrustedAnswer";
}

/** The database has signed two trees of which neither is the beginning of the other. The proof is in `evidence`. */
export class ForkedTree extends UntrustedAnswer {
  override readonly name = "ForkedTree";
  /** Both signed notes and the hashes that contradict them, as text: enough to convince a third party. */
  readonly evidence: string;

  constructor(evidence: string) {
    super("the database has signed two trees that contradict one another");
    this.evidence = evidence;
  }
}
