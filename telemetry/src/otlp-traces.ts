// Traces by OpenTelemetry, sent to a collector by OTLP over gRPC. Its libraries are loaded only where traces are wanted.
import type { Attributes, Context, Span as OtelSpan, Tracer } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { Log } from "./log.ts";
import type { Span, SpanAttributes, SpanEnd, Traces } from "./traces.ts";

/** Where traces go, and which requests have one. */
export interface TraceOptions {
  /** The collector, http or https; empty for what OTEL_EXPORTER_OTLP_ENDPOINT says. */
  readonly url: string;
  /** Which part of the requests is traced, 0 to 1; a request that brings a `traceparent` has it decided there. */
  readonly fraction: number;
  /** Of the program. */
  readonly version: string;
  /** Told when the collector cannot be reached, and when it can again. */
  readonly log: Log;
}

type Api = typeof import("@opentelemetry/api");

/** Opens the way to the collector; nothing is sent yet, so that one that is away prevents no start. */
export async function openTraces(options: TraceOptions): Promise<Traces> {
  const { url, fraction, version, log } = options;
  const [api, sdk, { resourceFromAttributes }, { OTLPTraceExporter }] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/exporter-trace-otlp-grpc"),
  ]);
  const exporter = new OTLPTraceExporter(url === "" ? {} : { url });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ "service.name": "stoa", "service.version": version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(fraction) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: observed(exporter, url, log) })],
  });
  return new OtlpTraces(api, provider.getTracer("stoa", version), () => provider.shutdown());
}

class OtlpTraces implements Traces {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #shutdown: () => Promise<void>;

  constructor(api: Api, tracer: Tracer, shutdown: () => Promise<void>) {
    this.#api = api;
    this.#tracer = tracer;
    this.#shutdown = shutdown;
  }

  ofRequest(traceparent: string | undefined, startedMs: number): Span | undefined {
    const startTime = performance.timeOrigin + startedMs;
    const kind = this.#api.SpanKind.SERVER;
    const span = this.#tracer.startSpan("request", { kind, startTime }, this.#parent(traceparent));
    return span.isRecording() ? new OtlpSpan(this.#api, this.#tracer, span) : undefined;
  }

  /** Authority: W3C Trace Context §3.2: version, trace, parent, flags. A header that breaks the rules is as none. */
  #parent(traceparent: string | undefined): Context {
    const { ROOT_CONTEXT, trace, isSpanContextValid } = this.#api;
    const found = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/.exec(
      traceparent ?? "",
    );
    if (found === null) return ROOT_CONTEXT;
    const [, traceId = "", spanId = "", flags = ""] = found;
    const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
    return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What could not be sent is lost, and has been logged.
    await this.#shutdown().catch(() => undefined);
  }
}

class OtlpSpan implements Span {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #span: OtelSpan;

  constructor(api: Api, tracer: Tracer, span: OtelSpan) {
    this.#api = api;
    this.#tracer = tracer;
    this.#span = span;
  }

  begin(name: string, attributes: SpanAttributes = {}): Span {
    const { ROOT_CONTEXT, SpanKind, trace } = this.#api;
    const context = trace.setSpan(ROOT_CONTEXT, this.#span);
    const about = { kind: SpanKind.CLIENT, attributes: defined(attributes) };
    return new OtlpSpan(this.#api, this.#tracer, this.#tracer.startSpan(name, about, context));
  }

  end({ name, attributes = {}, failure }: SpanEnd = {}): void {
    if (name !== undefined) this.#span.updateName(name);
    this.#span.setAttributes(defined(attributes));
    if (failure !== undefined) {
      this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: failure });
    }
    this.#span.end();
  }
}

function defined(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** The same exporter; what it says is logged once, until it is otherwise. */
function observed(exporter: SpanExporter, url: string, log: Log): SpanExporter {
  let isFailing = false;
  const tell = (error: Error | undefined): void => {
    const place = url === "" ? "the collector" : url;
    if (error !== undefined && !isFailing) {
      log.warn(`traces cannot be sent to ${place} and are lost until they can`, { error });
    }
    if (error === undefined && isFailing) log.info(`traces are sent to ${place} again`);
    isFailing = error !== undefined;
  };
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        // 0 is success: ExportResultCode of @opentelemetry/core.
        tell(result.code === 0 ? undefined : (result.error ?? new Error("it was refused")));
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
