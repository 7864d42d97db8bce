// What the control plane needs of the place where the lines of services are kept.

/** One line that a service, or the agent about it, has written. */
export interface LogLine {
  /** RFC 3339, by the machine's clock. */
  readonly at: string;
  readonly machine: string;
  /** The id of the revision that wrote it. */
  readonly revision: string;
  readonly stream: "stdout" | "stderr" | "agent";
  readonly text: string;
}

/** Which lines are asked for. */
export interface LogQuery {
  readonly environment: string;
  readonly service: string;
  /** Milliseconds since 1970; lines before are left out. */
  readonly since?: number;
  /** So many of the last ones at most. */
  readonly limit: number;
  readonly machine?: string;
}

/**
 * The lines of services, also of those that are gone. What was appended is read by every later `read`; a crash of the whole
 * machine may lose the last lines.
 */
export interface LogArchive {
  append(environment: string, service: string, lines: readonly LogLine[]): Promise<void>;
  /** In the order in which they arrived. */
  read(query: LogQuery): Promise<readonly LogLine[]>;
}
