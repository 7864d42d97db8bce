// The listening sockets of a service: what its processes share is kept open, and a port of its own each process gets anew.
import type { Launch, SocketRequest } from "../domain/launch.ts";
import type { ListeningSocket, ListeningSockets, NamedSocket } from "../domain/spawn.ts";

/** Those that belong to no process alone are opened once, and stay open from one process to the next. */
export class KeptSockets {
  readonly #sockets: ListeningSockets;
  /** By the address that was asked for. */
  readonly #shared = new Map<string, ListeningSocket>();

  constructor(sockets: ListeningSockets) {
    this.#sockets = sockets;
  }

  /** All sockets of a launch, open. Fails with `address_in_use` or `bad_request`. */
  async open(launch: Launch): Promise<readonly NamedSocket[]> {
    const opened: NamedSocket[] = [];
    try {
      for (const request of launch.sockets) {
        opened.push({ name: request.name, ...(await this.#openOne(launch, request)) });
      }
    } catch (failure) {
      closeOwn(launch, opened);
      throw failure;
    }
    return opened;
  }

  /** Closes the shared ones but those at these addresses. Processes that inherited them go on. */
  closeShared(but: readonly string[]): void {
    for (const [address, socket] of this.#shared) {
      if (but.includes(address)) continue;
      socket.close();
      this.#shared.delete(address);
    }
  }

  async #openOne(launch: Launch, { name, address }: SocketRequest): Promise<ListeningSocket> {
    if (isOwn(launch, name)) return await this.#sockets.open(address);
    const known = this.#shared.get(address);
    if (known !== undefined) return known;
    const socket = await this.#sockets.open(address);
    this.#shared.set(address, socket);
    return socket;
  }
}

/** Closes those that belong to the process of this launch alone. */
export function closeOwn(launch: Launch, sockets: readonly NamedSocket[]): void {
  for (const { name, close } of sockets) {
    if (isOwn(launch, name)) close();
  }
}

/** Whether a socket belongs to one process alone: its address leaves the port to the system. */
function isOwn({ sockets }: Launch, name: string): boolean {
  return sockets.some((socket) => socket.name === name && socket.address.endsWith(":0"));
}
