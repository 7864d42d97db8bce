// Where the sockets of a service are on this machine.
import type { Run } from "@stoa/deployment";
import type { SocketRequest } from "../domain/launch.ts";
import { leavesPortOpen, withPort } from "../domain/socket-address.ts";
import type { JournalFile } from "./journal-file.ts";
import { portOf } from "./plan-launch.ts";
import { addressesOf } from "./rehearse-release.ts";
import type { ServiceParts } from "./service-parts.ts";

/** The sockets with real ports. A port that was left open is chosen once. */
export async function resolveSockets(
  { probe }: ServiceParts,
  journal: JournalFile,
  { sockets }: Run,
): Promise<readonly SocketRequest[]> {
  const resolved: SocketRequest[] = [];
  for (const { name, address } of sockets) {
    if (!leavesPortOpen(address)) {
      resolved.push({ name, address });
      continue;
    }
    const port = journal.now.ports[name] ?? (await probe.freePort());
    if (journal.now.ports[name] === undefined) {
      await journal.write({ ports: { ...journal.now.ports, [name]: port } });
    }
    resolved.push({ name, address: withPort(address, port) });
  }
  return resolved;
}

/** Their ports, as a process is told them; unix sockets have none. */
export function portsOf(sockets: readonly SocketRequest[]): readonly (number | undefined)[] {
  return sockets.map(({ address }) => portOf(address));
}

/** Where the sockets of the committed process listen, and where they are reached from this machine. */
export async function committedAddresses(
  parts: ServiceParts,
  journal: JournalFile,
  run: Run,
): Promise<{
  readonly listening: ReadonlyMap<string, string>;
  readonly reached: ReadonlyMap<string, string>;
}> {
  const sockets = await resolveSockets(parts, journal, run);
  const manner = journal.now.committed?.manner === "own" ? "own" : "shared";
  return {
    listening: new Map(sockets.map(({ name, address }) => [name, address])),
    reached: addressesOf(manner, sockets, portsOf(sockets)),
  };
}
