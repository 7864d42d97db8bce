// What the agent and the keeper know about time.

/** Time. Waits go by `monotonicMs`; the time of day only decides whether a document has expired and what is written down. */
export interface Clock {
  /** Milliseconds since 1970, as the machine believes. */
  nowMs(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonicMs(): number;
  /** Resolves after so long, or at once and without failure when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Chance. */
export interface Random {
  /** A number from 0 up to, and without, 1. */
  fraction(): number;
}
