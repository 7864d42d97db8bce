// Whether a URL is this program's own, so that a GOPROXY list that names it is seen without asking.

/** Where this program can be reached. */
export interface OwnAddress {
  readonly port: number;
  /** Names and addresses beside the loopback ones, which always count: of this machine, of its network interfaces. */
  readonly hosts: readonly string[];
}

const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/**
 * Whether an `http` or `https` URL leads to this program: the same port, on this machine. A program behind a balancer
 * cannot know all its addresses; for those there are the hops. A URL that cannot be parsed leads nowhere.
 */
export function leadsToSelf(url: string, own: OwnAddress): boolean {
  const target = URL.parse(url);
  const defaultPort = target === null ? undefined : defaultPorts[target.protocol];
  if (target === null || defaultPort === undefined) return false;
  const port = target.port === "" ? defaultPort : Number(target.port);
  if (port !== own.port) return false;
  const host = plainHost(target.hostname);
  return isThisMachine(host) || own.hosts.some((mine) => plainHost(mine) === host);
}

/** A host name or address in one spelling: lower case, no brackets, no final dot, no zone, IPv4 where it is IPv4. */
function plainHost(host: string): string {
  const plain = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/%.*$/, "")
    .replace(/\.$/, "");
  if (!plain.includes(":")) return plain;
  // The URL parser writes every IPv6 address in one way, and 127.0.0.1 inside one as two groups of hexadecimal digits.
  const address = URL.parse(`http://[${plain}]`)?.hostname.slice(1, -1) ?? plain;
  return dottedForm(address) ?? address;
}

/** The IPv4 address that an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) stands for. */
function dottedForm(address: string): string | undefined {
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (mapped === null) return undefined;
  const groups = [mapped[1], mapped[2]].map((group) => Number.parseInt(group ?? "0", 16));
  return groups.flatMap((group) => [group >> 8, group & 0xff]).join(".");
}

/** Loopback names and addresses, and the address that stands for "any of mine". */
function isThisMachine(host: string): boolean {
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "::1" ||
    host === "::" ||
    host === "0.0.0.0" ||
    /^127\.\d+\.\d+\.\d+$/.test(host)
  );
}
