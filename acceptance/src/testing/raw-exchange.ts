// Bytes on a connection, with no HTTP client in between that would refuse to send them.
import { connect } from "node:net";

/**
 * Sends bytes and gives everything that came back until the other side closed; so the bytes must ask for that, or be
 * refused. A connection that is reset counts as closed. Rejects if the other side does neither within `limitMs`.
 */
export function rawExchange(
  url: string,
  bytes: Uint8Array | string,
  limitMs = 30_000,
): Promise<Buffer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) });
    const limit = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end of the answer to ${JSON.stringify(Buffer.from(bytes).toString())}`));
    }, limitMs);
    socket.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(limit);
      resolve(Buffer.concat(chunks));
    });
    socket.write(bytes);
  });
}

/** The statuses of all answers in what a connection brought back. */
export function statusesIn(received: Buffer): number[] {
  return [...received.toString("latin1").matchAll(/^HTTP\/1\.[01] (\d{3}) /gm)].map(([, status]) =>
    Number(status),
  );
}
