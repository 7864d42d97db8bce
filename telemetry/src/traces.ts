// Traces: what became of a request, and where its time went. Contracts only; see otlp-traces.ts.

/** What is said of a span. What is undefined is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | undefined>>;

/** How a span ended. */
export interface SpanEnd {
  /** A better name than the one it began with. */
  readonly name?: string | undefined;
  readonly attributes?: SpanAttributes;
  /** Why it did not succeed. */
  readonly failure?: string | undefined;
}

/** A piece of work that is traced. It is ended once. */
export interface Span {
  /** Begins a piece of work that belongs to this one. */
  begin(name: string, attributes?: SpanAttributes): Span;
  end(end?: SpanEnd): void;
}

/** Where requests are traced. Disposing of it sends what is still waiting. */
export interface Traces extends AsyncDisposable {
  /**
   * Begins the span of a request that came with this `traceparent` header (W3C Trace Context), at a time of
   * `performance.now()`; `undefined` if it is not among those that are traced.
   */
  ofRequest(traceparent: string | undefined, startedMs: number): Span | undefined;
}
