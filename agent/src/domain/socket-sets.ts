// When the sockets of two processes can be open at the same time, each set in a socket unit of its own. Pure.
import type { SocketRequest } from "./launch.ts";
import { socketUnitNameAt } from "./service-units.ts";
import { parseSocketAddress } from "./socket-address.ts";
import type { SocketUnit } from "./systemd-record.ts";

/**
 * Whether one set of sockets can be open beside another: it is the same, or they have no address in common. An address
 * belongs to one socket unit (bind(2)), and a process that inherits from several units gets the descriptors in no order
 * (sd_listen_fds(3)), so sets that have some addresses in common cannot be put together from units.
 */
export function canBeBeside(
  one: readonly SocketRequest[],
  other: readonly SocketRequest[],
): boolean {
  return isSameSet(one, other) || !overlaps(one, other);
}

/** Whether both have the same addresses in the same order. */
function isSameSet(one: readonly SocketRequest[], other: readonly SocketRequest[]): boolean {
  return (
    one.length === other.length && one.every(({ address }, at) => address === other[at]?.address)
  );
}

/** The units that stand in the way of a set. */
export function inTheWay(
  units: readonly SocketUnit[],
  sockets: readonly SocketRequest[],
): readonly SocketUnit[] {
  return units.filter((unit) => !canBeBeside(unit.sockets, sockets));
}

/** The unit that has just this set, or a name that none of the others has. */
export function unitNameFor(
  service: string,
  units: readonly SocketUnit[],
  sockets: readonly SocketRequest[],
): string {
  const same = units.find((unit) => isSameSet(unit.sockets, sockets));
  if (same !== undefined) return same.name;
  let number = 1;
  while (units.some(({ name }) => name === socketUnitNameAt(service, number))) number += 1;
  return socketUnitNameAt(service, number);
}

function overlaps(one: readonly SocketRequest[], other: readonly SocketRequest[]): boolean {
  return one.some(({ address }) => other.some((held) => collides(address, held.address)));
}

/** A port of all addresses is also that of each (bind(2)). */
function collides(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [parseSocketAddress(one), parseSocketAddress(other)];
  if (a.kind === "unix" || b.kind === "unix" || a.port !== b.port) return false;
  return isAll(a.host) || isAll(b.host);
}

function isAll(host: string | undefined): boolean {
  return host === undefined || host === "0.0.0.0" || host === "::";
}
