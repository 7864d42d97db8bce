// What upstreams have answered to any of several instances.

/** Which answer is meant. */
export interface AnswerName {
  /** What was asked, and of whom; who reads an answer of a kind knows how its text is to be understood. */
  readonly kind: string;
  /** A module path, or a module path, `@` and a query. */
  readonly key: string;
}

/**
 * Answers that all instances share. Times are milliseconds of one clock that they share, too. Every method may be called
 * at any time and by any number of instances at once; it rejects with `store_unavailable`, within a second or so, if
 * what is shared cannot be reached.
 */
export interface SharedAnswers {
  /** What time it is, and the answer, with the time at which its question was put; absent if there is none. */
  read(name: AnswerName): Promise<SharedReading>;

  /**
   * Keeps the answer to a question that was put at `askedMs`; `undefined` says that there is no such thing any more. False
   * if the answer to a question that was put later is there already: then nothing changes. When an answer takes the place of
   * a different one, everybody who follows is told.
   */
  write(name: AnswerName, text: string | undefined, askedMs: number): Promise<boolean>;

  /** Forgets the answers to all queries of a module, which are of one kind; everybody who follows is told. */
  forgetQueries(kind: string, path: string): Promise<void>;

  /**
   * Tells of every answer that changes from now on, also of what changed while there was no connection; a change may be told
   * more than once, and as `all` if there were too many. Soon after the change; within seconds if a message got lost.
   */
  follow(tell: (changed: readonly AnswerName[] | "all") => void): AnswerFollowing;
}

/** What was read. */
export interface SharedReading {
  readonly nowMs: number;
  readonly answer: { readonly text: string; readonly askedMs: number } | undefined;
}

/** Ends by being disposed of. */
export interface AnswerFollowing extends AsyncDisposable {
  /** Whether changes are being told now. */
  readonly isUp: boolean;
}
