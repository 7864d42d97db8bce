// What one side says about modules: the go command, or this program.

/** What is said about `module@query`. */
export interface VersionAnswer {
  /** Absent if there is no such version. */
  readonly version?: string | undefined;
  /** The `.info` of that version, as it is kept. */
  readonly info?: string | undefined;
  /** Where the answer to the query came from. */
  readonly origin?: unknown;
  /** The `.mod`, as text. */
  readonly mod?: string | undefined;
  /** The `h1:` hash of the zip; absent if there can be no zip. */
  readonly sum?: string | undefined;
}

/** What is said about a module. */
export interface ModuleAnswer {
  /** With retracted ones, sorted; absent if that is not known. */
  readonly versions?: readonly string[] | undefined;
  readonly latest?: string | undefined;
  readonly latestOrigin?: unknown;
}

/** An answer, and for a failure the words, which only people compare. */
export type Explained<T> = T & { readonly words: string };
