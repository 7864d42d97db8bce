// Ports of the loopback address.
import { createServer, type Server } from "node:net";

export { freePort } from "@stoa/blobs/testing";

/** A server that holds a port and says nothing. */
export interface HeldPort extends AsyncDisposable {
  readonly port: number;
}

/** Takes a port that nobody has and holds it, or just this one; rejects if somebody has it. */
export async function heldPort(wanted = 0): Promise<HeldPort> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(wanted, "127.0.0.1", resolve);
  });
  const { port } = server.address() as { port: number };
  return { port, [Symbol.asyncDispose]: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
