// Ports for servers that must be told theirs before they run, or come back at the same one.
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import process from "node:process";

/**
 * Above those that agents choose for services (agent/src/adapters/linux/linux-probe.ts, up to 20,000), and below those that
 * Linux gives away by itself (ip_local_port_range begins at 32,768).
 */
const lowest = 20_480;
const blockSize = 16;
const blocks = 768;

/** What is left of the block that this process has last taken for itself, and the taking of the next one. */
let left: number[] = [];
let taking: Promise<void> | undefined;
let tried = 0;

/**
 * A port that nobody listens on. It stays free until somebody wants just this one: nobody gets it by listening on port 0 or for
 * a connection, no agent chooses it, and no process of the tests is given a port twice, or one of another's.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = left.shift();
    if (port === undefined) {
      taking ??= takeBlock();
      await taking;
    } else if (await isFree(port)) return port;
  }
}

/** The first port of a block is held by the process that the others are for, until it ends. */
async function takeBlock(): Promise<void> {
  while (tried < blocks) {
    const first = lowest + ((process.pid + tried) % blocks) * blockSize;
    tried += 1;
    const mark = await listening(first);
    if (mark === undefined) continue;
    mark.unref();
    left = Array.from({ length: blockSize - 1 }, (_, at) => first + 1 + at);
    taking = undefined;
    return;
  }
  throw new Error("every block of ports is taken");
}

async function isFree(port: number): Promise<boolean> {
  const server = await listening(port);
  if (server === undefined) return false;
  server.close();
  await once(server, "close");
  return true;
}

async function listening(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  const opened = once(server, "listening");
  server.listen(port);
  return await opened.then(
    () => server,
    () => undefined,
  );
}
