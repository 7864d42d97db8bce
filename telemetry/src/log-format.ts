// The forms that log lines can take.

/** From chatty to grave. */
export type Severity = "debug" | "info" | "warn" | "error";

/**
 * - `json`: one JSON object per line with `level`, `time`, `msg`.
 * - `gcp`: the same under the names that Google Cloud Logging looks for in structured output.
 * - `plain`: for people.
 */
export type LogFormat = "json" | "gcp" | "plain";

/** What the members that every line has are called. */
export interface LineNames {
  readonly severity: string;
  readonly time: string;
  readonly event: string;
  readonly severities: Readonly<Record<Severity, string>>;
}

const jsonNames: LineNames = {
  severity: "level",
  time: "time",
  event: "msg",
  severities: { debug: "debug", info: "info", warn: "warn", error: "error" },
};

export const lineNames: Readonly<Record<LogFormat, LineNames>> = {
  json: jsonNames,
  plain: jsonNames,
  gcp: {
    severity: "severity",
    time: "timestamp",
    event: "message",
    severities: { debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" },
  },
};
