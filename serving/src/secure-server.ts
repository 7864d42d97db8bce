// The server behind TLS: HTTP/2 and HTTP/1.1 on one port, chosen by the client, with answers that behave alike.
import type { ServerOptions } from "node:http";
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** A certificate with its chain, and its private key, both as PEM. */
export interface Certificate {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
}

/** Opens a server for both versions of HTTP. The limits are those of HTTP/1.1; HTTP/2 has its own for headers. */
export function createTlsServer(
  certificate: Certificate,
  limits: ServerOptions,
): Http2SecureServer {
  const server = createSecureServer({
    ...limits,
    cert: Buffer.from(certificate.cert),
    key: Buffer.from(certificate.key),
    minVersion: "TLSv1.2",
    allowHTTP1: true,
    Http2ServerResponse: StreamResponse as unknown as typeof Http2ServerResponse,
    handshakeTimeout: limits.headersTimeout,
  });
  const { headersTimeout, requestTimeout, keepAliveTimeout } = limits;
  return Object.assign(server, { headersTimeout, requestTimeout, keepAliveTimeout });
}

/** The class without what Node's types promise and Node does not keep. */
const BareResponse = Http2ServerResponse as unknown as new (
  ...args: ConstructorParameters<typeof Http2ServerResponse>
) => Omit<Http2ServerResponse, "destroyed" | "writableFinished" | "destroy">;

/** Says of an HTTP/2 answer what an HTTP/1.1 answer says of itself. */
class StreamResponse extends BareResponse {
  get destroyed(): boolean {
    return this.stream?.destroyed ?? true;
  }

  get writableFinished(): boolean {
    return this.stream?.writableFinished ?? false;
  }

  /** A stream that merely ends would pass for a whole answer where no length was announced. */
  destroy(): this {
    if (this.stream?.destroyed === false) this.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return this;
  }
}

/** What is open on a server with TLS beside the connections that speak HTTP/1.1: handshakes, and HTTP/2. */
export class SecureConnections {
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #isEnding: boolean = false;

  /** `restMs` is how long a session may rest without a request; connections with HTTP/1.1 go to `whenHttp1`. */
  constructor(server: Http2SecureServer, restMs: number, whenHttp1: (socket: Socket) => void) {
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("secureConnection", (socket: TLSSocket) => {
      if (socket.alpnProtocol !== "h2") whenHttp1(socket);
    });
    server.on("session", (session: ServerHttp2Session) => this.#add(session, restMs));
    server.on("stream", (stream) => {
      stream.on("timeout", () => stream.close(constants.NGHTTP2_CANCEL));
    });
  }

  /** From now on every session ends with the answers that are owed on it. */
  end(): void {
    this.#isEnding = true;
    for (const session of this.#sessions) session.close();
  }

  /** Closes all connections and returns whether any session was still open. */
  cut(): boolean {
    const isAnyOpen = this.#sessions.size > 0;
    for (const socket of this.#sockets) socket.destroy();
    return isAnyOpen;
  }

  #add(session: ServerHttp2Session, restMs: number): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    session.setTimeout(restMs, () => session.close());
    // A drain that began during the handshake: the first request is still answered.
    if (this.#isEnding) session.once("stream", () => session.close());
  }
}
