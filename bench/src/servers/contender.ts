// One of the servers that a table compares.

/** Whom to ask, and whose processor time to count. */
export interface Contender {
  readonly name: string;
  /** Without a slash at its end. */
  readonly url: string;
  /** The process that answers; `undefined` if it is not ours to look at. */
  readonly pid: number | undefined;
  /** Called between measurements. */
  readonly tidy?: () => void;
}
