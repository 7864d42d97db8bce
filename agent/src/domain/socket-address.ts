// The addresses of listening sockets, as Go writes them.
import { AgentFailure } from "./agent-failure.ts";

/** An address, taken apart. */
export type SocketAddress =
  | { readonly kind: "tcp"; readonly host: string | undefined; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Reads `:8080`, `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` or `unix:/run/a.sock`. */
export function parseSocketAddress(text: string): SocketAddress {
  if (text.startsWith("unix:/")) return { kind: "unix", path: text.slice("unix:".length) };
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|(\d+\.\d+\.\d+\.\d+|localhost|)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new AgentFailure(
      "bad_request",
      `${text} is no address to listen on; write :8080, 127.0.0.1:8080, [::1]:8080 or unix:/run/NAME.sock`,
    );
  }
  const host = match[1] ?? match[2] ?? "";
  return {
    kind: "tcp",
    host: host === "" ? undefined : host.replace("localhost", "127.0.0.1"),
    port,
  };
}

/** The text of a TCP address. */
export function tcpAddressText(host: string | undefined, port: number): string {
  if (host === undefined) return `:${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The same address with another port. */
export function withPort(text: string, port: number): string {
  const address = parseSocketAddress(text);
  return address.kind === "unix" ? text : tcpAddressText(address.host, port);
}

/** Whether the address leaves the port to be chosen. */
export function leavesPortOpen(text: string): boolean {
  const address = parseSocketAddress(text);
  return address.kind === "tcp" && address.port === 0;
}
