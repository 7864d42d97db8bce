// How the agent finds out whether a process answers.

/** What came of asking. */
export type Answer =
  | {
      readonly kind: "answered";
      /** The HTTP status; 0 if only a connection was asked for. */
      readonly status: number;
      /**
       * Whether the process that was asked about took the connection, or another one that shares its socket. On unix
       * sockets that cannot be seen, and whoever answers is taken for the one that was meant.
       */
      readonly by: "it" | "another";
    }
  | { readonly kind: "silent"; readonly sentence: string };

/** Asks processes over the network of this machine. Never fails: silence is an answer. */
export interface Probe {
  /** Whether the process, or one that it has started, accepts a connection to this address. */
  connect(address: string, pid: number, timeoutMs: number): Promise<Answer>;
  /** Asks `GET path` and waits for the answer's status. */
  get(address: string, path: string, pid: number, timeoutMs: number): Promise<Answer>;
  /**
   * Whether the process, or one that it has started, holds a socket that listens on the port. `successor` is one that it
   * has started in its own place, and counts for nothing.
   */
  listens(pid: number, port: number, successor?: number): Promise<boolean>;
  /** Who listens on a TCP address in such a way that nobody else can: `nginx (process 4711)`; undefined if nobody does. */
  holderOf(address: string): Promise<string | undefined>;
  /** A TCP port that nobody listens on at this moment. */
  freePort(): Promise<number>;
  /** The hex SHA-256 of the program that the process executes; undefined if it has ended or cannot be looked at. */
  programDigest(pid: number): Promise<string | undefined>;
  /**
   * Says with the same text that the process executes the same file with the same bytes: its device, inode, size and times.
   * Undefined if the process has ended or cannot be looked at.
   */
  programFingerprint(pid: number): Promise<string | undefined>;
  /** The variables that the process was started with; undefined if it has ended or cannot be looked at. */
  environment(pid: number): Promise<ReadonlyMap<string, string> | undefined>;
}
