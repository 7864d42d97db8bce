// The time of day as log lines carry it.

/** Reads the time as RFC 3339 with milliseconds, in UTC; written anew only when the millisecond has changed. */
export function timestamps(nowMs: () => number): () => string {
  let writtenMs = Number.NaN;
  let text = "";
  return () => {
    const ms = nowMs();
    if (ms !== writtenMs) {
      writtenMs = ms;
      text = new Date(ms).toISOString();
    }
    return text;
  };
}
