// Owns listening sockets without accepting from them, so that processes can come and go behind them.
import { spawn } from "node:child_process";
import { lstatSync, mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import net, { connect } from "node:net";
import { dirname } from "node:path";
import process from "node:process";
import { AgentFailure } from "../../domain/agent-failure.ts";
import {
  parseSocketAddress,
  type SocketAddress,
  tcpAddressText,
} from "../../domain/socket-address.ts";
import type { ListeningSocket, ListeningSockets } from "../../domain/spawn.ts";

/** A socket of Node's that is bound and does not listen: what `cluster` uses. Not part of Node's documented interface. */
interface BoundHandle {
  readonly fd: number;
  getsockname?(to: { port?: number }): number;
  close(): void;
}

type CreateServerHandle = (
  address: string | null,
  port: number,
  type: number,
) => BoundHandle | number;

const backlog = 4096;

/**
 * The sockets of this machine. Node's own servers accept as soon as they listen, so a socket is bound here, and a child
 * that lives for a moment makes it listen: that is a state of the socket, which parent and child have in common
 * (listen(2)).
 *
 * The child is this very program, so that nothing else need be there, no compiler and no other interpreter. It runs the
 * script at `scriptPath` before anything of its own and ends: `--require` in NODE_OPTIONS is heard by Node and by single
 * executables alike, while `-e` is for those a word like any other.
 */
export function linuxSockets(scriptPath: string, program = process.execPath): ListeningSockets {
  return {
    open: async (address) => {
      mkdirSync(dirname(scriptPath), { recursive: true });
      writeFileSync(scriptPath, listenScript);
      return await open(address, { program, scriptPath });
    },
  };
}

interface ListenChild {
  readonly program: string;
  readonly scriptPath: string;
}

async function open(text: string, child: ListenChild): Promise<ListeningSocket> {
  const address = parseSocketAddress(text);
  if (address.kind === "unix") await removeDeadSocket(address.path);
  const handle = bind(address, text);
  try {
    const bound = boundAddress(handle, address, text);
    await makeListen(handle, text, child);
    return { address: bound, descriptor: handle.fd, close: once(() => close(handle, address)) };
  } catch (failure) {
    handle.close();
    throw failure;
  }
}

function bind(address: SocketAddress, text: string): BoundHandle {
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })
    ._createServerHandle;
  const { kind } = address;
  const handle =
    kind === "unix"
      ? create(address.path, -1, -1)
      : create(address.host ?? null, address.port, address.host?.includes(":") === true ? 6 : 4);
  if (typeof handle !== "number") return handle;
  throw inUse(text, `error ${-handle}`);
}

/** libuv keeps to itself that an address is taken until the socket listens; the socket then has no port. */
function boundAddress(handle: BoundHandle, address: SocketAddress, text: string): string {
  if (address.kind === "unix") return text;
  const name: { port?: number } = {};
  handle.getsockname?.(name);
  if (name.port === undefined || name.port === 0) throw inUse(text, "address in use");
  return tcpAddressText(address.host, name.port);
}

/** No program ends with this code by chance: one that ran on instead of the script would not be taken for it. */
const listensCode = 77;
const listenScript = `// Makes the socket at descriptor 3 listen, and ends. Written by the keeper.
require("node:net").createServer().listen({ fd: 3 }, ${backlog});
process.exit(${listensCode});
`;

async function makeListen(
  handle: BoundHandle,
  text: string,
  { program, scriptPath }: ListenChild,
): Promise<void> {
  const path = scriptPath.replaceAll(/[\\"]/g, "\\$&");
  const child = spawn(program, [], {
    stdio: ["ignore", "ignore", "ignore", handle.fd],
    env: { NODE_OPTIONS: `--require="${path}"` },
  });
  const code = await new Promise((resolve) => {
    child.once("exit", resolve);
    child.once("error", resolve);
  });
  if (code !== listensCode) throw inUse(text, "it cannot be listened on");
}

function inUse(text: string, why: string): AgentFailure {
  return new AgentFailure(
    "address_in_use",
    `${text} cannot be listened on (${why}): end whatever holds it, or give the service another address`,
  );
}

function close(handle: BoundHandle, address: SocketAddress): void {
  handle.close();
  if (address.kind === "unix") unlinkIfThere(address.path);
}

/** A file on which nobody listens any more is removed; anything else is left, and stands in the way. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket() !== true) return;
  const refused = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED"));
  });
  if (refused) unlinkIfThere(path);
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else was faster.
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
