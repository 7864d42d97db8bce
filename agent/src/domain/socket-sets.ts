// Which sockets can be open at the same time, and which units hold them. Pure.
import type { SocketRequest } from "./launch.ts";
import { socketUnitNameAt } from "./service-units.ts";
import { parseSocketAddress } from "./socket-address.ts";
import type { SocketUnit } from "./systemd-record.ts";

type Addressed = Pick<SocketRequest, "address">;

/**
 * Whether sockets can be open beside others: each of them is one of those, or takes nothing of their addresses. A port of
 * all addresses is also that of each (bind(2)).
 */
export function canBeBeside(one: readonly Addressed[], other: readonly Addressed[]): boolean {
  return one.every(({ address }) => !other.some((held) => collides(address, held.address)));
}

/** The units that stand in the way of sockets. */
export function inTheWay(
  units: readonly SocketUnit[],
  sockets: readonly Addressed[],
): readonly SocketUnit[] {
  return units.filter((unit) => !canBeBeside(sockets, [unit]));
}

/** A unit for each socket: the one that has its address, or another with a name that none has. */
export function unitsFor(
  service: string,
  units: readonly SocketUnit[],
  sockets: readonly Addressed[],
): readonly SocketUnit[] {
  const all = [...units];
  return sockets.map(({ address }) => {
    const known = all.find((unit) => unit.address === address);
    if (known !== undefined) return known;
    let number = 1;
    while (all.some(({ name }) => name === socketUnitNameAt(service, number))) number += 1;
    const unit = { name: socketUnitNameAt(service, number), address };
    all.push(unit);
    return unit;
  });
}

function collides(one: string, other: string): boolean {
  if (one === other) return false;
  const [a, b] = [parseSocketAddress(one), parseSocketAddress(other)];
  if (a.kind === "unix" || b.kind === "unix" || a.port !== b.port) return false;
  return isAll(a.host) || isAll(b.host);
}

function isAll(host: string | undefined): boolean {
  return host === undefined || host === "0.0.0.0" || host === "::";
}
