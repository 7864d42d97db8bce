// How a client reached this server: scheme, host and port as it wrote them.
import type { IncomingMessage } from "node:http";

/** Whether the client, or the proxy in front that it spoke to, uses TLS. */
export function isSecure(request: IncomingMessage): boolean {
  const forwarded = request.headers["x-forwarded-proto"];
  return "encrypted" in request.socket || forwarded === "https";
}

/** Host and port; HTTP/2 has them under a name of its own (RFC 9113 §8.3.1). */
export function hostOf({ headers }: IncomingMessage): string {
  const authority = headers[":authority"];
  return headers.host ?? (typeof authority === "string" ? authority : "localhost");
}

/** `https://modules.example:8443`. */
export function originOf(request: IncomingMessage): string {
  return `${isSecure(request) ? "https" : "http"}://${hostOf(request)}`;
}
