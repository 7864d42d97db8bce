// Connections to one address, passed on to another.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Listens on a free port of `host` and passes on to a port of the loopback. Disposing breaks what is under way. */
export async function tcpRelay(
  host: string,
  to: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  };
  const server = createServer((from) => {
    const onward = connect(to, "127.0.0.1");
    for (const [socket, other] of [
      [from, onward],
      [onward, from],
    ] as const) {
      keep(socket);
      socket.on("close", () => other.destroy());
      socket.pipe(other);
    }
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
