// The door of telemetry: logs, metrics and traces.
export type { TextSink } from "./file-sink.ts";
export { type Fields, type Log, type LogOptions, type OpenLog, openLog } from "./log.ts";
export type { LogFormat, Severity } from "./log-format.ts";
export type { Destination } from "./log-output.ts";
export type { Counter, Gauge, Histogram } from "./metric-cells.ts";
export type { Family, Labels } from "./metric-family.ts";
export { type Metrics, openMetrics, type Sample } from "./metrics.ts";
export { openTraces, type TraceOptions } from "./otlp-traces.ts";
export { redact } from "./redact.ts";
export type { AlikeRequests, RequestLine } from "./request-line.ts";
export type { Span, SpanAttributes, SpanEnd, Traces } from "./traces.ts";
