// Asks processes of this machine, and finds out in /proc which of those that share a socket has answered.
import { createHash, randomInt } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { connect, createServer, isIPv4, type Socket } from "node:net";
import process from "node:process";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Answer, Probe } from "../../domain/probe.ts";
import { parseSocketAddress } from "../../domain/socket-address.ts";
import { holderOfSocket, socketInodes, type TcpLine, tcpLines } from "./proc-files.ts";
import { familyOf } from "./process-family.ts";

/** The processes of this machine, as they appear to a client on it. */
export const linuxProbe: Probe = {
  connect: (address, pid, timeoutMs) => asking(address, timeoutMs, (line) => accepted(line, pid)),
  get: (address, path, pid, timeoutMs) =>
    asking(address, timeoutMs, async (line) => {
      // Who it was is found out before the question: after its answer it may have closed the connection.
      const answer = await accepted(line, pid);
      if (answer.kind === "silent" || answer.by === "another") return answer;
      return { ...answer, status: await getStatus(line.socket, path) };
    }),
  listens: async (pid, port, successor) => {
    const listening = tcpLines(pid, port).filter(({ listens }) => listens);
    return listening.some(({ inode }) => holds(pid, inode, successor));
  },
  holderOf: async (text) => {
    const address = parseSocketAddress(text);
    if (address.kind === "unix") return undefined;
    const line = tcpLines(process.pid, address.port).find(
      (candidate) => candidate.listens && standsInTheWay(candidate, address.host),
    );
    if (line === undefined) return undefined;
    const holder = holderOfSocket(line.inode);
    return holder === undefined
      ? "a process that cannot be seen from here"
      : `${holder.name} (process ${holder.pid})`;
  },
  freePort: async () => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const port = randomInt(firstPort, lastPort);
      if (await isFree(port)) return port;
    }
    throw new AgentFailure("address_in_use", `no port from ${firstPort} to ${lastPort} is free`);
  },
  programDigest: async (pid) => {
    const hash = createHash("sha256");
    try {
      // Opens the file that is executed even if it was removed or replaced (proc(5)).
      for await (const chunk of createReadStream(`/proc/${pid}/exe`)) hash.update(chunk as Buffer);
      return hash.digest("hex");
    } catch {
      return undefined;
    }
  },
  programFingerprint: async (pid) => {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(`/proc/${pid}/exe`, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(":");
    } catch {
      return undefined;
    }
  },
  environment: async (pid) => {
    try {
      const text = await readFile(`/proc/${pid}/environ`, "utf8");
      return new Map(
        text
          .split("\0")
          .filter((line) => line.includes("="))
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
    } catch {
      return undefined;
    }
  },
};

/**
 * Below the ports that Linux takes for outgoing connections (32768 and up, unless somebody has changed
 * `net.ipv4.ip_local_port_range`): one of those could take the port away before the service binds it, or between two of
 * its processes.
 */
const firstPort = 10_240;
const lastPort = 20_000;
const mostTries = 1_000;

/** Two addresses of the machine do not get in each other's way; every address gets in that of each (bind(2), tcp(7)). */
function standsInTheWay({ localAddress }: TcpLine, host: string | undefined): boolean {
  if (host === undefined || /^0+$/.test(localAddress) || !isIPv4(host)) return true;
  const [a = 0, b = 0, c = 0, d = 0] = host.split(".").map(Number);
  const hostInMemory = Buffer.from([d, c, b, a]).toString("hex").toUpperCase();
  return host === "0.0.0.0" || localAddress === hostInMemory;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

interface Line {
  readonly socket: Socket;
  /** Undefined for a unix socket. */
  readonly serverPort: number | undefined;
  readonly isOver: () => boolean;
}

async function asking(
  address: string,
  timeoutMs: number,
  ask: (line: Line) => Promise<Answer>,
): Promise<Answer> {
  const target = parseSocketAddress(address);
  const tcp = target.kind === "tcp" ? target : undefined;
  const socket =
    target.kind === "unix"
      ? connect(target.path)
      : connect({ port: target.port, host: reachable(target.host) });
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    socket.destroy(new Error(`no answer within ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    await settled(socket, "connect");
    return await ask({ socket, serverPort: tcp?.port, isOver: () => isOver });
  } catch (failure) {
    return { kind: "silent", sentence: `${address}: ${(failure as Error).message}` };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** An address that means "all" is reached at this machine's own. */
function reachable(host: string | undefined): string {
  if (host === undefined || host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

function settled(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
  });
}

function getStatus(socket: Socket, path: string): Promise<number> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: stoa-agent\r\n\r\n`);
  return new Promise((resolve, reject) => {
    let head = "";
    socket.on("data", (bytes) => {
      head += bytes.toString("latin1");
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
      if (status !== undefined) resolve(Number(status));
      else if (head.length > 64) reject(new Error("what answers does not speak HTTP"));
    });
    socket.once("close", () => reject(new Error("the connection was closed without an answer")));
    socket.on("error", reject);
  });
}

const lookAgainMs = 5;

/**
 * Waits until somebody has accepted the connection and says who. A connection that still queues belongs to nobody: the
 * kernel lists it with inode 0.
 */
async function accepted({ socket, serverPort, isOver }: Line, pid: number): Promise<Answer> {
  if (serverPort === undefined) return { kind: "answered", status: 0, by: "it" };
  const ourPort = socket.localPort;
  while (!isOver()) {
    // The connection is looked up before those who may hold it, else one that was just accepted would be another's.
    const end = tcpLines(pid, serverPort).find(({ remotePort }) => remotePort === ourPort);
    if (end !== undefined && end.inode !== "0") {
      return { kind: "answered", status: 0, by: holds(pid, end.inode) ? "it" : "another" };
    }
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
  return { kind: "silent", sentence: "nobody accepted the connection" };
}

/** Most hold their sockets themselves: only where one does not, all processes of the machine are looked through. */
function holds(pid: number, inode: string, successor?: number): boolean {
  return socketInodes(pid).has(inode) || inodesOf(pid, successor).has(inode);
}

function inodesOf(pid: number, successor?: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  const others = successor === undefined ? [] : familyOf(successor);
  for (const member of familyOf(pid).filter((one) => !others.includes(one))) {
    for (const inode of socketInodes(member)) inodes.add(inode);
  }
  return inodes;
}
