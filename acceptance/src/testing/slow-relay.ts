// A server behind a relay that can be made slow, as a network or a machine under load is.
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { FaultyServer } from "./fault-suite.ts";
import { freePort } from "./free-port.ts";

/** How long every piece of bytes is held, in each direction, while it is slow. */
const heldMs = 200;

/** A server at another port, where it refuses, stands still, or is slow. Disposing ends the relay, not the server. */
export interface RelayedServer extends Required<FaultyServer>, AsyncDisposable {
  readonly port: number;
}

/** Relays to `to`, a port of the loopback. */
export async function slowRelay(
  server: Omit<FaultyServer, "slow">,
  to: number,
): Promise<RelayedServer> {
  const relays = new SlowRelays();
  const port = await relays.through(to);
  return {
    ...relays.before(server),
    port,
    [Symbol.asyncDispose]: () => relays[Symbol.asyncDispose](),
  };
}

/** Relays to servers that belong together. */
export class SlowRelays implements AsyncDisposable {
  readonly #relays = new Map<number, Relay>();

  /** The port at which the one at the port `to` of the loopback can be reached; always the same. */
  readonly through = async (to: number): Promise<number> => {
    const known = this.#relays.get(to);
    if (known !== undefined) return known.port;
    const relay = new Relay(await freePort(), to);
    this.#relays.set(to, relay);
    await relay.listen();
    return relay.port;
  };

  /** The servers as who comes through the relays sees them. */
  before(servers: Omit<FaultyServer, "slow">): Required<FaultyServer> {
    const hold = (ms: number): void => {
      for (const relay of this.#relays.values()) relay.hold(ms);
    };
    return {
      kill: async () => {
        await this[Symbol.asyncDispose]();
        await servers.kill();
      },
      start: async () => {
        await servers.start();
        for (const relay of this.#relays.values()) await relay.listen();
      },
      pause: () => servers.pause(),
      resume: () => servers.resume(),
      slow: { begin: () => hold(heldMs), end: () => hold(0) },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const relay of this.#relays.values()) await relay.close();
  }
}

class Relay {
  readonly port: number;
  readonly #to: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #heldMs = 0;

  /** The port must be one that nobody is given meanwhile. */
  constructor(port: number, to: number) {
    this.port = port;
    this.#to = to;
  }

  hold(heldMs: number): void {
    this.#heldMs = heldMs;
  }

  /** Takes connections. */
  async listen(): Promise<void> {
    const server = createServer((from) => {
      const onward = connect(this.#to, "127.0.0.1");
      for (const [socket, other] of [
        [from, onward],
        [onward, from],
      ] as const) {
        this.#sockets.add(socket);
        socket
          .on("error", () => undefined)
          .on("close", () => {
            this.#sockets.delete(socket);
            other.destroy();
          });
        void this.#pass(socket, other).catch(() => undefined); // both have been closed
      }
    });
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #pass(from: Socket, to: Socket): Promise<void> {
    for await (const piece of from) {
      if (this.#heldMs > 0) await pause(this.#heldMs);
      if (!to.write(piece as Buffer)) await once(to, "drain");
    }
    to.end();
  }
}
