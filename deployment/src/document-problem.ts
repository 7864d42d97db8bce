// The one failure of this room's parsers: a document does not say what it should.

/** A document is not what it claims to be. Every parser of this room throws this and nothing else. */
export class DocumentProblem extends Error {
  /** What the document should have been: `revision`, `environment index`, `signature`. */
  readonly kind: string;
  /** Where in it: `files[2].mode`; empty where the whole is meant. */
  readonly path: string;

  /** `reason` continues the sentence `invalid <kind>: <path> …`. */
  constructor(kind: string, path: string, reason: string, cause?: unknown) {
    super(
      `invalid ${kind}: ${path === "" ? "" : `${path} `}${reason}`,
      cause === undefined ? undefined : { cause },
    );
    this.name = "DocumentProblem";
    this.kind = kind;
    this.path = path;
  }
}
