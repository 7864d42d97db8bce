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
  EINVAL: "the system does not take that path; a unix socket's may have about 100 bytes",
};

const adviceForSockets: Readonly<Record<string, string>> = {
  ...advice,
  EADDRINUSE: "another program listens there, or something else has that name; name another path",
  // libuv says this of a folder that is missing, too.
  EACCES: "the folder is missing, or this user may not write there; create it, or name another",
};

/**
 * The failure as one sentence that names the address and what to do. Without a port, `host` is the path of a unix
 * socket.
 */
export function toListenFailure(
  cause: unknown,
  host: string | undefined,
  port: number | undefined,
): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (port === undefined) {
    const why = adviceForSockets[code ?? ""] ?? message;
    return new Error(`cannot listen on the unix socket ${host}: ${why}`, { cause });
  }
  const address = host?.includes(":") ? `[${host}]:${port}` : `${host ?? ""}:${port}`;
  return new Error(`cannot listen on ${address}: ${advice[code ?? ""] ?? message}`, { cause });
}
