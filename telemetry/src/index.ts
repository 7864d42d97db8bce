// The doors of telemetry: the log and the metrics.
export { type Log, type LogOptions, openLog, type RequestLine } from "./log.ts";
export { type Metrics, openMetrics } from "./metrics.ts";
