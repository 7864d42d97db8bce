// What clients are told that do not speak HTTP, or not to us.
import type { Socket } from "node:net";

/** Time for the client to read the answer: closing at once would reset the connection while its bytes still arrive. */
const lingerMs = 1_000;

/** What Node tells about bytes that it could not take for a request. */
export interface ParseFailure extends Error {
  readonly code?: string;
  readonly rawPacket?: Uint8Array;
}

/** Answers bytes that are no request with one sentence, then closes the connection. To be called once for a socket. */
export function refuseMalformed(failure: ParseFailure, socket: Socket): void {
  const explanation = socket.writable ? explain(failure, socket.bytesRead) : undefined;
  if (explanation === undefined) socket.destroy();
  else refuse(socket, ...explanation);
}

/** Answers a client that takes this server for a forward proxy (method CONNECT), then closes the connection. */
export function refuseTunnel(socket: Socket): void {
  // Node has taken its own listener off this socket: a reset must not become an uncaught failure.
  socket.on("error", () => socket.destroy());
  refuse(
    socket,
    "405 Method Not Allowed",
    "this server is not a forward proxy: CONNECT is not served",
  );
}

/** Status and sentence; none where nothing was asked, or nobody is there to be told. */
function explain(
  { code = "", rawPacket }: ParseFailure,
  bytesRead: number,
): readonly [status: string, sentence: string] | undefined {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return bytesRead === 0
      ? undefined
      : ["408 Request Timeout", "the request did not arrive in time"];
  }
  if (!code.startsWith("HPE_")) return undefined;
  if (code === "HPE_HEADER_OVERFLOW") {
    return ["400 Bad Request", "the URL and the headers of this request are too long"];
  }
  return rawPacket !== undefined && isTlsGreeting(rawPacket)
    ? ["400 Bad Request", "this port speaks HTTP without TLS: use a URL with http://"]
    : ["400 Bad Request", "this is not a well-formed HTTP/1.1 request"];
}

/** A TLS record of the handshake kind (RFC 8446 §5.1): what a client sends first that was given an https URL. */
function isTlsGreeting(bytes: Uint8Array): boolean {
  return bytes[0] === 0x16 && bytes[1] === 0x03;
}

function refuse(socket: Socket, status: string, sentence: string): void {
  const head = [
    `HTTP/1.1 ${status}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(sentence) + 1}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${sentence}\n`);
  setTimeout(() => socket.destroy(), lingerMs).unref();
}
