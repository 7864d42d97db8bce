// The keys about what can be seen of the proxy from outside: log, metrics, traces, diagnostics.
import { parseListenAddress, printListenAddress } from "../listen-address.ts";
import {
  choiceSetting,
  fractionSetting,
  parsedSetting,
  switchSetting,
  textSetting,
} from "../setting.ts";

export const observationSettings = {
  logLevel: choiceSetting({
    name: "LogLevel",
    environment: ["ATHENS_LOG_LEVEL"],
    default: "info",
    choices: ["debug", "info", "warn", "error"],
    synonyms: { trace: "debug", warning: "warn", fatal: "error", panic: "error" },
    meaning: "The least important lines that are logged. Requests are logged at info.",
  }),
  logFormat: choiceSetting({
    name: "LogFormat",
    environment: ["ATHENS_LOG_FORMAT"],
    default: "",
    choices: ["plain", "json", ""],
    meaning:
      "How lines are logged: plain for people, json for programs. Empty means plain on a terminal and json elsewhere.",
  }),
  cloudRuntime: choiceSetting({
    name: "CloudRuntime",
    environment: ["ATHENS_CLOUD_RUNTIME"],
    default: "none",
    choices: ["none", "gcp"],
    synonyms: { "": "none" },
    meaning: "gcp: log as Google Cloud Logging wants it, whatever LogFormat says.",
  }),
  statsExporter: choiceSetting({
    name: "StatsExporter",
    environment: ["ATHENS_STATS_EXPORTER"],
    default: "prometheus",
    choices: ["prometheus", ""],
    later: ["datadog", "stackdriver"],
    meaning: "prometheus: metrics are found at /metrics. Empty: they are not.",
  }),
  traceExporter: choiceSetting({
    name: "TraceExporter",
    environment: ["ATHENS_TRACE_EXPORTER"],
    default: "",
    choices: ["otlp", ""],
    later: ["jaeger", "datadog", "stackdriver"],
    meaning:
      "How traces are sent: otlp (OpenTelemetry, over gRPC), which Jaeger, Datadog and Google Cloud take as well. Empty: not at all.",
  }),
  traceExporterUrl: textSetting({
    name: "TraceExporterURL",
    environment: ["ATHENS_TRACE_EXPORTER_URL"],
    default: "http://localhost:4317",
    meaning: "The URL of the collector of traces. Empty: what OTEL_EXPORTER_OTLP_ENDPOINT says.",
  }),
  traceSamplingFraction: fractionSetting({
    name: "TraceSamplingFraction",
    environment: ["ATHENS_TRACE_SAMPLING_FRACTION"],
    default: 1,
    meaning:
      "Which part of the requests is traced, unless GoEnv is development: then all are. A request with a traceparent has it decided there.",
  }),
  enablePprof: switchSetting({
    name: "EnablePprof",
    environment: ["ATHENS_ENABLE_PPROF"],
    default: false,
    meaning:
      "Serve metrics of the process, CPU profiles and heap snapshots on a port of their own, PprofPort.",
  }),
  pprofPort: parsedSetting({
    name: "PprofPort",
    environment: ["ATHENS_PPROF_PORT"],
    default: { host: undefined, port: 3001 },
    meaning:
      "Where EnablePprof listens. Without a host, only programs on this machine can connect: a heap snapshot holds secrets.",
    kind: "port or host:port",
    parse: parseListenAddress,
    print: printListenAddress,
  }),
  buffaloLogLevel: textSetting({
    name: "BuffaloLogLevel",
    environment: ["BUFFALO_LOG_LEVEL"],
    default: "",
    meaning: "A key of older versions of Athens.",
    idle: "Athens does not read it either",
  }),
} as const;
