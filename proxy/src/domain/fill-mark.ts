// How far an index has been filled with what was kept before it began.

/** A place in the catalog; survives the death of the process. Rejects with `store_unavailable`. */
export interface FillMark {
  read(): Promise<FillProgress>;
  /** Everything before `next`, a token of the catalog, is in the index; `undefined` says that everything is. */
  move(next: string | undefined): Promise<void>;
}

/** How far; an index that is new has not been filled. */
export interface FillProgress {
  readonly isDone: boolean;
  /** The catalog's token for what is missing; `undefined` for its beginning. */
  readonly next: string | undefined;
}
