// Ports for servers that must be told theirs before they run, or come back at the same one.
import { once } from "node:events";
import { createServer } from "node:net";
import process from "node:process";

/** Below those that Linux gives away by itself (ip_local_port_range begins at 32768), and those of deployed services (20000 on). */
const lowest = 10_000;
const blocks = 625;
const blockSize = 16;

/** A browser's port of old trouble, which `fetch` refuses. Authority: the Fetch standard, "port blocking". */
const refusedByFetch = 10_080;

let taken = 0;

/**
 * A port that nobody listens on. It stays free until somebody wants just this one: nobody gets it by listening on port 0 or for
 * a connection, processes of the tests look at different ones, and one process at one after the other.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 4 * blockSize; tries += 1) {
    const block = (process.pid + Math.floor(tries / blockSize)) % blocks;
    const port = lowest + block * blockSize + (taken % blockSize);
    taken += 1;
    if (port !== refusedByFetch && (await isFree(port))) return port;
  }
  throw new Error(`no port near ${lowest + (process.pid % blocks) * blockSize} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const opened = once(server, "listening");
  server.listen(port);
  const isOpen = await opened.then(
    () => true,
    () => false,
  );
  if (!isOpen) return false;
  server.close();
  await once(server, "close");
  return true;
}
