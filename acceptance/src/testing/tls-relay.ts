// TLS in front of servers that have none: connections are decrypted and passed on.
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import { privateAuthority } from "@stoa/serving/testing";

/** Relays whose certificate is signed by the authority that tests have. */
export class TlsRelays implements AsyncDisposable {
  readonly #relays = new Map<number, { readonly server: Server; readonly port: number }>();
  readonly #sockets = new Set<Socket>();

  /** The port at which what listens at the port `to` of the loopback speaks TLS; always the same. */
  readonly through = async (to: number): Promise<number> => {
    const known = this.#relays.get(to);
    if (known !== undefined) return known.port;
    const { key, cert } = privateAuthority;
    const server = createServer({ key, cert }, (from) => this.#pass(from, to));
    // A client that does not trust the certificate breaks off.
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    this.#relays.set(to, { server, port });
    return port;
  };

  /** The same URL over TLS. */
  async secure(url: string): Promise<string> {
    const { port, pathname } = new URL(url);
    const path = pathname === "/" ? "" : pathname;
    return `https://127.0.0.1:${await this.through(Number(port))}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const { server } of this.#relays.values()) {
      const closed = once(server, "close");
      server.close();
      await closed;
    }
  }

  #pass(from: Socket, to: number): void {
    const onward = connect(to, "127.0.0.1");
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
      socket.pipe(other);
    }
  }
}
