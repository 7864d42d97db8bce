// The open connections of a server, and which answers their clients are waiting for.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** How many requests a client may send ahead of their turn (pipelining) before its connection is cut. */
const maxWaiting = 100;

interface Connection {
  /** The answer to the request that arrived last. */
  latest: ServerResponse | undefined;
  /** Requests whose turn has not come. */
  waiting: number;
  isRefused: boolean;
}

/**
 * Knows for every connection whether an answer is owed on it. Requests that were sent ahead are handled one after the
 * other: an answer is then never produced for a client that has left before its turn.
 */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  readonly #answer: (request: IncomingMessage, response: ServerResponse) => void;
  #isEnding: boolean = false;

  constructor(answer: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#answer = answer;
  }

  add(socket: Socket): void {
    this.#open.set(socket, { latest: undefined, waiting: 0, isRefused: false });
    socket.once("close", () => this.#open.delete(socket));
  }

  /** Takes a request in, and has it answered when its turn has come. */
  take(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#open.get(request.socket);
    if (connection === undefined) return;
    connection.latest = response;
    if (this.#isEnding) response.shouldKeepAlive = false;
    if (response.socket === null) this.#wait(connection, request, response);
    else this.#answer(request, response);
  }

  /**
   * Whether bytes that are no request may be answered on this connection, which is said once. They may not while an
   * answer is owed to an earlier request: the client would take the refusal for that.
   */
  mayRefuse(socket: Socket): "yes" | "no" | "already refused" {
    const connection = this.#open.get(socket);
    if (connection === undefined) return "no";
    if (connection.isRefused) return "already refused";
    connection.isRefused = true;
    const { latest, waiting } = connection;
    if (latest === undefined || !isRunning(latest)) return "yes";
    return waiting === 0 && !latest.headersSent && !latest.req.complete ? "yes" : "no";
  }

  /**
   * From now on every connection ends with the answer that is owed on it; those that rest between two requests end now.
   * A connection on which nothing has been asked yet is left a while, for its request may be under way.
   */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    for (const [socket, connection] of this.#open) {
      const { latest } = connection;
      if (latest === undefined) continue;
      if (!isRunning(latest)) {
        socket.destroy();
        continue;
      }
      if (!latest.headersSent) latest.shouldKeepAlive = false;
      latest.once("close", () => {
        if (connection.latest === latest) socket.destroySoon();
      });
    }
  }

  /** Closes the connections on which no answer is owed. */
  closeSilent(): void {
    for (const [socket, { latest }] of this.#open) {
      if (latest === undefined || !isRunning(latest)) socket.destroy();
    }
  }

  /** Closes all connections and returns whether an answer was owed on any. */
  cut(): boolean {
    const owed = [...this.#open.values()].some(
      ({ latest }) => latest !== undefined && isRunning(latest),
    );
    for (const socket of this.#open.keys()) socket.destroy();
    return owed;
  }

  #wait(connection: Connection, request: IncomingMessage, response: ServerResponse): void {
    connection.waiting += 1;
    if (connection.waiting > maxWaiting) request.socket.destroy();
    response.once("socket", () => {
      connection.waiting -= 1;
      this.#answer(request, response);
    });
  }
}

function isRunning(response: ServerResponse): boolean {
  return !response.writableFinished && !response.destroyed;
}
