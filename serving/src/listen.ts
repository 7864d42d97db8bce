// One listening HTTP server: its limits, its manners towards odd clients, and how it comes to rest.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2SecureServer } from "node:http2";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import process from "node:process";
import { Connections } from "./connections.ts";
import { toListenFailure } from "./listen-failure.ts";
import { type ParseFailure, refuseMalformed, refuseTunnel } from "./malformed-request.ts";
import type { Certificate, SecureConnections } from "./secure-server.ts";
import { sendText } from "./text-answer.ts";
import { removeDeadSocket } from "./unix-socket.ts";

/** Answers a request, now or later. What it throws becomes a 500; what fails later it must catch itself. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ListenOptions {
  /** An address of this machine, or a name of it; without one, all addresses. */
  readonly host?: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The path of a unix socket to listen on instead of a port. One that a dead process left behind is replaced. */
  readonly socketPath?: string | undefined;
  /** With it TLS is spoken, and HTTP/2 with the clients that can. */
  readonly certificate?: Certificate | undefined;
  /**
   * How long a connection may rest between requests. It must be longer than clients and balancers keep theirs (the go
   * command: 90 s), else a request meets a connection that is just being closed. 120 s unless said otherwise.
   */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** How long URL and headers of a request may take to arrive; 20 s unless said otherwise. */
  readonly headersTimeoutMs?: number | undefined;
  /** How long a whole request may take to arrive; 5 min unless said otherwise. */
  readonly requestTimeoutMs?: number | undefined;
  /** The longest URL that is handled, 8 KiB unless said otherwise. URL and headers together may have four times that. */
  readonly maxUrlBytes?: number | undefined;
  /**
   * Is told what the handler threw, while the client is told no more than that something failed; and, without a request,
   * that the system could not accept a connection.
   */
  readonly onFailure?: ((failure: unknown, request?: IncomingMessage) => void) | undefined;
}

/** A server that listens. */
export interface Listening {
  /** 0 for a unix socket. */
  readonly port: number;
  /**
   * Where a client on this machine finds it; `http://localhost:3000` when it listens on all addresses, `unix:/run/a.sock`
   * on a unix socket.
   */
  readonly url: string;
  /** From now on new connections get this certificate. Throws if it cannot be used; does nothing without TLS. */
  replaceCertificate(certificate: Certificate): void;
  /**
   * Comes to rest: stops accepting, closes resting connections at once, answers the running requests to the end and
   * closes their connections behind them. What still runs after `graceMs` is cut. May be called again, say with a
   * shorter grace; every call resolves when the last connection is closed.
   */
  drain(graceMs: number): Promise<"drained" | "cut off">;
}

/** A connection whose first request is still under way may have it answered during a drain; Go allows as long. */
const newcomerGraceMs = 5_000;
const longestTimerMs = 2 ** 31 - 1;

/** What a server speaks through: plain, or behind TLS with what that needs beside. */
interface Open {
  readonly server: Server;
  readonly connections: Connections;
  readonly secure:
    | { readonly server: Http2SecureServer; readonly connections: SecureConnections }
    | undefined;
}

/**
 * Starts to serve HTTP/1.1, and HTTP/2 where there is TLS. Bytes that are no request, too many of them, and requests that
 * take too long are answered with a sentence in `text/plain`, and their connection is closed. Rejects with a sentence when
 * the address cannot be had.
 */
export async function listen(handler: Handler, options: ListenOptions): Promise<Listening> {
  const { host, port, socketPath, maxUrlBytes = 8_192 } = options;
  const open = await openServer(options, (request, response) => {
    if (isServed(request, response, maxUrlBytes)) answer(handler, options, request, response);
  });
  const { server, connections, secure } = open;
  server.on("checkExpectation", (_request, response) => {
    sendText(response, 417, "no expectation but 100-continue can be met", closing(response));
  });
  server.on("connect", (_request: IncomingMessage, other: Socket | ServerResponse) => {
    // With HTTP/2 there is a response to give; a plain request line may claim that version and comes without.
    if ("writeHead" in other) other.writeHead(405).end();
    else refuseTunnel(other);
  });
  server.on("clientError", (failure: ParseFailure, socket) => {
    refuseOnce(connections, failure, socket as Socket);
  });
  if (socketPath === undefined) await start(server, { host, port }, host, port);
  else await startOnSocket(server, socketPath);
  server.on("error", (failure) => options.onFailure?.(failure));
  const { port: boundPort = 0 } = server.address() as AddressInfo;
  const scheme = secure === undefined ? "http" : "https";
  return {
    port: boundPort,
    url: socketPath === undefined ? toUrl(scheme, host, boundPort) : `unix:${socketPath}`,
    replaceCertificate: ({ cert, key }) => {
      secure?.server.setSecureContext({ cert: Buffer.from(cert), key: Buffer.from(key) });
    },
    drain: drainOf(open),
  };
}

async function openServer(options: ListenOptions, answerNow: Handler): Promise<Open> {
  const { maxUrlBytes = 8_192, headersTimeoutMs = 20_000, certificate } = options;
  const restMs = options.keepAliveTimeoutMs ?? 120_000;
  const limits = {
    keepAliveTimeout: restMs,
    headersTimeout: headersTimeoutMs,
    requestTimeout: Math.max(headersTimeoutMs, options.requestTimeoutMs ?? 300_000),
    connectionsCheckingInterval: Math.min(headersTimeoutMs, 5_000),
    maxHeaderSize: 4 * maxUrlBytes,
    // Without it Node would refuse with an empty body; `isServed` does it with a sentence.
    requireHostHeader: false,
    // Finds out about clients that have vanished without a word.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  };
  const connections = new Connections(answerNow);
  const add = (socket: Socket): void => connections.add(socket);
  if (certificate === undefined) {
    // An import of node:http reads all that it exports, and its `WebSocket` brings a whole HTTP client along.
    const server = process.getBuiltinModule("node:http").createServer(limits);
    server.on("connection", add);
    server.on("request", (request, response) => connections.take(request, response));
    return { server, connections, secure: undefined };
  }
  const { createTlsServer, SecureConnections: Connected } = await import("./secure-server.ts");
  const tls = createTlsServer(certificate, limits);
  // It emits the events of an HTTP/1.1 server, with requests and responses that have what is used here.
  const server = tls as unknown as Server;
  server.on("request", (request, response) => {
    if (request.httpVersionMajor === 1) connections.take(request, response);
    else answerNow(request, response);
  });
  const secure = { server: tls, connections: new Connected(tls, restMs, add) };
  return { server, connections, secure };
}

function start(
  server: Server,
  address: { host: string | undefined; port: number } | { path: string },
  ...shown: readonly [host: string | undefined, port: number | undefined]
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(toListenFailure(cause, ...shown));
    server.once("error", fail);
    try {
      server.listen(address, () => {
        server.off("error", fail);
        resolve();
      });
    } catch (cause) {
      fail(cause);
    }
  });
}

async function startOnSocket(server: Server, path: string): Promise<void> {
  try {
    await start(server, { path }, path, undefined);
  } catch (failure) {
    const { code } = (failure as Error).cause as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE" || !(await removeDeadSocket(path))) throw failure;
    await start(server, { path }, path, undefined);
  }
}

/** Refuses what no handler should have to look at: a URL without end, and HTTP/1.1 without Host (RFC 9112 §3.2). */
function isServed(
  request: IncomingMessage,
  response: ServerResponse,
  maxUrlBytes: number,
): boolean {
  const { url = "", httpVersion } = request;
  if (url.length > maxUrlBytes) {
    refuseRequest(response, `the URL has more than ${maxUrlBytes} bytes`);
    return false;
  }
  if (request.headers.host === undefined && httpVersion === "1.1") {
    refuseRequest(response, "the request has no Host header");
    return false;
  }
  return true;
}

function refuseRequest(response: ServerResponse, sentence: string): void {
  sendText(response, 400, sentence, closing(response));
}

/** HTTP/2 has no such header. */
function closing({ req }: ServerResponse): readonly string[] {
  return req.httpVersionMajor === 1 ? ["Connection", "close"] : [];
}

function answer(
  handler: Handler,
  { onFailure }: ListenOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  try {
    handler(request, response);
  } catch (failure) {
    onFailure?.(failure, request);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    sendText(response, 500, "the server failed to answer; its log says why");
  }
}

function refuseOnce(connections: Connections, failure: ParseFailure, socket: Socket): void {
  const verdict = connections.mayRefuse(socket);
  if (verdict === "yes") refuseMalformed(failure, socket);
  else if (verdict === "no") socket.destroy();
}

function toUrl(scheme: string, host: string | undefined, port: number): string {
  const isWildcard = host === undefined || host === "" || host === "0.0.0.0" || host === "::";
  const name = isWildcard ? "localhost" : host;
  return `${scheme}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

function drainOf({ server, connections, secure }: Open): Listening["drain"] {
  let closed: Promise<void> | undefined;
  let wasCut = false;
  return async (graceMs) => {
    closed ??= stopAccepting(server);
    connections.end();
    secure?.connections.end();
    const timers = [
      setTimeout(() => connections.closeSilent(), Math.min(graceMs, newcomerGraceMs)),
      setTimeout(
        () => {
          wasCut = connections.cut() || wasCut;
          wasCut = secure?.connections.cut() || wasCut;
        },
        Math.min(graceMs, longestTimerMs),
      ),
    ];
    await closed;
    for (const timer of timers) clearTimeout(timer);
    return wasCut ? "cut off" : "drained";
  };
}

/**
 * Resolves when all connections are closed. The `close` of HTTP servers would take a connection whose first request is
 * still under way for a resting one, and close it: a request dropped that no client sends again by itself.
 */
async function stopAccepting(server: Server): Promise<void> {
  await new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
  server.close();
}
