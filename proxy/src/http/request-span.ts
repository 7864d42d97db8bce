// A request as a span of a trace: where its trace came from, and what the span says at its end.
import type { IncomingMessage } from "node:http";
import type { Sent } from "@stoa/serving";
import type { Span } from "@stoa/telemetry";
import type { CacheResult } from "./answer.ts";
import type { RequestLabel } from "./request-label.ts";

export function traceparentOf({ headers }: IncomingMessage): string | undefined {
  const traceparent = headers["traceparent"];
  return typeof traceparent === "string" ? traceparent : undefined;
}

/** Names are OpenTelemetry's for HTTP servers; those of the proxy's own begin with `stoa.`. */
export function endSpan(
  span: Span,
  { method = "", url = "" }: IncomingMessage,
  id: string,
  outcome: { readonly label: RequestLabel; readonly sent: Sent; readonly cache: CacheResult },
): void {
  const { label, sent, cache } = outcome;
  span.end({
    name: `${method} ${label.endpoint}`,
    failure: sent.status >= 500 ? `answered with ${sent.status}` : undefined,
    attributes: {
      "http.request.method": method,
      "url.path": url,
      "http.response.status_code": sent.status,
      "http.response.body.size": sent.bytes,
      "stoa.request_id": id,
      "stoa.cache": cache,
      "stoa.module": label.module,
      "stoa.version": label.version,
    },
  });
}
