// Why a program cannot listen where it was told to, in words for whoever told it.

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; stop it, or choose another port",
  EACCES:
    "this user may not use that port; choose one from 1024 up, or grant the program CAP_NET_BIND_SERVICE",
  EADDRNOTAVAIL:
    "this machine does not have that address; name one of its own, or none to listen on all",
  EAFNOSUPPORT: "this machine does not speak that kind of address; name another",
  ENOTFOUND: "there is no host of that name; name an address of this machine",
  EAI_AGAIN: "the host's name could not be looked up; name an address of this machine",
  ERR_SOCKET_BAD_PORT: "a port is a whole number from 0 to 65535",
};

/** The failure as one sentence that names the address and what to do. */
export function toListenFailure(cause: unknown, host: string | undefined, port: number): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const address = host?.includes(":") ? `[${host}]:${port}` : `${host ?? ""}:${port}`;
  return new Error(`cannot listen on ${address}: ${advice[code ?? ""] ?? message}`, { cause });
}
