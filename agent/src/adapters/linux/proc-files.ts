// What Linux tells about processes in /proc (proc(5)).
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { basename } from "node:path";

/** Some of `/proc/PID/stat`. */
export interface ProcStat {
  /** `Z` for one that has ended and was not reaped, `X` for one that is going. */
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  /** Field 22: when it was started, in ticks since the machine was. */
  readonly startTicks: number;
}

/** Undefined when there is no such process. */
export function readProcStat(pid: number): ProcStat | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name before may hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    state: fields[0] ?? "X",
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
}

/** Differs after every start of the machine. */
export function readBootId(): string {
  return (readOrNothing("/proc/sys/kernel/random/boot_id") ?? "unknown").trim();
}

/** The processes of a session. */
export function sessionMembers(session: number): readonly number[] {
  return allPids().filter((pid) => {
    const stat = readProcStat(pid);
    return stat !== undefined && stat.session === session && stat.state !== "Z";
  });
}

/** All processes. */
function allPids(): readonly number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

/** The sockets that a process holds, by inode. Empty when it is gone or out of reach. */
export function socketInodes(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  for (const name of namesOrNothing(`/proc/${pid}/fd`)) {
    const target = linkOrNothing(`/proc/${pid}/fd/${name}`);
    const inode = /^socket:\[(\d+)\]$/.exec(target ?? "")?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

/** A line of `/proc/net/tcp`. */
export interface TcpLine {
  /** In hexadecimal digits, as the kernel writes it; all zeros where it is every address of the machine. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly remotePort: number;
  readonly listens: boolean;
  readonly inode: string;
}

/** The TCP sockets with a local port, in the network that a process is in. */
export function tcpLines(pid: number, localPort: number): readonly TcpLine[] {
  const port = `:${localPort.toString(16).toUpperCase().padStart(4, "0")} `;
  return ["tcp", "tcp6"]
    .flatMap((name) => linesWith(`/proc/${pid}/net/${name}`, port))
    .flatMap(toTcpLine)
    .filter((line) => line.localPort === localPort);
}

const pieceBytes = 1 << 16;
const lineEnd = 0x0a;

/** The lines that hold a text. On a busy machine there are megabytes of others, which never become texts. */
function linesWith(path: string, text: string): readonly string[] {
  const lines: string[] = [];
  const piece = Buffer.allocUnsafe(pieceBytes);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    for (let begun = 0; ; ) {
      const length = begun + readSync(file, piece, begun, pieceBytes - begun, null);
      if (length === begun) return lines;
      const whole = piece.subarray(0, length).lastIndexOf(lineEnd) + 1;
      lines.push(...linesIn(piece.subarray(0, whole), text));
      piece.copyWithin(0, whole, length);
      begun = length - whole;
    }
  } catch {
    return lines;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function linesIn(piece: Buffer, text: string): readonly string[] {
  const lines: string[] = [];
  for (let at = piece.indexOf(text, 0, "latin1"); at !== -1; ) {
    const end = piece.indexOf(lineEnd, at);
    lines.push(piece.toString("latin1", piece.lastIndexOf(lineEnd, at) + 1, end));
    at = piece.indexOf(text, end, "latin1");
  }
  return lines;
}

const listenState = "0A";

function toTcpLine(line: string): readonly TcpLine[] {
  const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
  if (local === undefined || remote === undefined || inode === undefined) return [];
  const portOf = (address: string): number => Number.parseInt(address.slice(-4), 16);
  return [
    {
      localAddress: local.slice(0, local.indexOf(":")),
      localPort: portOf(local),
      remotePort: portOf(remote),
      listens: state === listenState,
      inode,
    },
  ];
}

/** The process that holds a socket, and the name of its program; undefined where it is out of reach. */
export function holderOfSocket(
  inode: string,
): { readonly pid: number; readonly name: string } | undefined {
  const pid = allPids().find((candidate) => socketInodes(candidate).has(inode));
  if (pid === undefined) return undefined;
  const program = linkOrNothing(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, "");
  return { pid, name: basename(program ?? "") };
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function linkOrNothing(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function namesOrNothing(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
