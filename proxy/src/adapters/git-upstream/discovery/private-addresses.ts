// Addresses that only mean something inside a network: a stranger must not make this program visit them.
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";

/** Gives the addresses of a host; rejects with the errors of `node:dns`. */
export type AddressLookup = (host: string) => Promise<readonly string[]>;

/** Not for the public internet. Authority: the IANA special-purpose address registries (RFC 6890). */
const privateRanges: readonly (readonly [network: string, bits: number, kind: "ipv4" | "ipv6"])[] =
  [
    ["0.0.0.0", 8, "ipv4"],
    ["10.0.0.0", 8, "ipv4"],
    ["100.64.0.0", 10, "ipv4"],
    ["127.0.0.0", 8, "ipv4"],
    ["169.254.0.0", 16, "ipv4"],
    ["172.16.0.0", 12, "ipv4"],
    ["192.0.0.0", 24, "ipv4"],
    ["192.0.2.0", 24, "ipv4"],
    ["192.168.0.0", 16, "ipv4"],
    ["198.18.0.0", 15, "ipv4"],
    ["198.51.100.0", 24, "ipv4"],
    ["203.0.113.0", 24, "ipv4"],
    ["224.0.0.0", 4, "ipv4"],
    ["240.0.0.0", 4, "ipv4"],
    ["::", 96, "ipv6"],
    ["64:ff9b:1::", 48, "ipv6"],
    ["100::", 64, "ipv6"],
    ["2001::", 23, "ipv6"],
    ["2001:db8::", 32, "ipv6"],
    ["fc00::", 7, "ipv6"],
    ["fe80::", 10, "ipv6"],
    ["fec0::", 10, "ipv6"],
    ["ff00::", 8, "ipv6"],
  ];
const privateAddresses = new BlockList();
for (const range of privateRanges) privateAddresses.addSubnet(...range);

/** Whether an address is not on the public internet, or leads to one that is not by way of a translation. */
function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, "");
  if (isIP(plain) === 4) return privateAddresses.check(plain, "ipv4");
  if (isIP(plain) !== 6) return true;
  const within = embeddedAddress(plain);
  if (within !== undefined) return privateAddresses.check(within, "ipv4");
  return privateAddresses.check(plain, "ipv6");
}

/** The addresses that the machine's resolver knows. */
export const systemLookup: AddressLookup = async (host) => {
  const found: LookupAddress[] = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

/**
 * The addresses of a host, none of them private. A host that cannot be looked up has none; who connects to it will say
 * why. Rejects with `refused` if one is private.
 */
export async function publicAddresses(
  host: string,
  lookupAddresses: AddressLookup,
): Promise<readonly string[]> {
  const plain = host.replace(/^\[(.*)\]$/, "$1");
  const addresses = isIP(plain) === 0 ? await knownAddresses(plain, lookupAddresses) : [plain];
  if (addresses.some(isPrivateAddress)) throw refusedAddress(host);
  return addresses;
}

/** The failure of a visit to a private address. */
function refusedAddress(host: string): ProxyFailure {
  return new ProxyFailure(
    "refused",
    `${host} has a private address, which this proxy only visits for modules that it is told are private`,
  );
}

async function knownAddresses(
  host: string,
  lookupAddresses: AddressLookup,
): Promise<readonly string[]> {
  try {
    return await lookupAddresses(host);
  } catch {
    return [];
  }
}

/** The IPv4 address inside one of IPv6: mapped (RFC 4291), translated (RFC 6052), 6to4 (RFC 3056). */
function embeddedAddress(address: string): string | undefined {
  const groups = groupsOf(address);
  const start = groups.slice(0, 6).join(":");
  if (start === "0:0:0:0:0:65535" || start === "100:65435:0:0:0:0") return dotted(groups.slice(6));
  return groups[0] === 0x2002 ? dotted(groups.slice(1, 3)) : undefined;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  // The URL parser writes dotted endings as groups.
  const written = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? "::";
  const [start = "", end] = written.split("::");
  const numbers = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const first = numbers(start);
  const last = numbers(end ?? "");
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

function dotted(groups: readonly number[]): string {
  return groups.flatMap((group) => [group >> 8, group & 0xff]).join(".");
}
