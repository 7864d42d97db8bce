// Where the server listens: `:3000`, `3000`, `127.0.0.1:3000`, `[::1]:3000`.
import { RefusedValue } from "./setting.ts";

/** A port and, where only one address is meant, a host. */
export interface ListenAddress {
  /** `undefined` means every address of the machine. */
  readonly host: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** Reads an address as Athens does: a bare number is a port, nothing is `:3000`. Throws `RefusedValue`. */
export function parseListenAddress(text: string): ListenAddress {
  const trimmed = text.trim();
  if (trimmed === "") return { host: undefined, port: 3000 };
  const parts = /^(?:\[(?<six>[^\]]+)\]:|(?<host>[^:[\]]*):)?(?<port>[0-9]{1,5})$/.exec(trimmed);
  const port = Number(parts?.groups?.["port"]);
  if (parts === null || port > 65_535) {
    throw new RefusedValue(
      `${JSON.stringify(text)} is not an address to listen on, such as 3000, :3000 or 127.0.0.1:3000`,
    );
  }
  return { host: parts.groups?.["six"] ?? (parts.groups?.["host"] || undefined), port };
}

/** The address as text that `parseListenAddress` reads. */
export function printListenAddress({ host, port }: ListenAddress): string {
  if (host === undefined) return `:${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
