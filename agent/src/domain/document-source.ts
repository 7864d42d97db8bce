// From where the agent learns what should run.

/** What reading a document came to. */
export type DocumentRead =
  | { readonly status: "same" }
  | { readonly status: "absent" }
  | { readonly status: "read"; readonly body: string; readonly etag: string };

/**
 * The tree of documents and blobs: the control plane, a folder, or a bucket. What it gives is believed only once its
 * signature or digest was checked. Fails with `source_unavailable` whenever nothing is known; "absent" is knowledge.
 */
export interface DocumentSource {
  /** A document of at most 16 MiB; "same" if it still has the entity tag that was given. */
  read(path: string, ifNoneMatch?: string, signal?: AbortSignal): Promise<DocumentRead>;
  /** The bytes at a path, or undefined if there are none. Reading them may fail with `source_unavailable` at any point. */
  open(path: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** Where the agent says what runs. */
export interface StatusSink {
  /** Best effort, said again soon: fails with `source_unavailable` and nothing else. */
  report(machine: string, status: string, signal?: AbortSignal): Promise<void>;
}

/** Where something may be heard sooner than by asking. */
export interface WakeSource {
  /** Yields whenever it is worth asking; ends, and never fails, when nothing more will be heard. */
  follow(environment: string, signal: AbortSignal): AsyncIterable<void>;
}

/** A line that a service has written. */
export interface LogLine {
  readonly service: string;
  readonly revision: string;
  /** RFC 3339: when it was read. */
  readonly at: string;
  readonly stream: "stdout" | "stderr" | "agent";
  readonly text: string;
}

/** Where the lines of services are gathered. */
export interface LogSink {
  /** Fails with `source_unavailable` if they are not taken; none of them is then. */
  send(machine: string, lines: readonly LogLine[], signal: AbortSignal): Promise<void>;
}
