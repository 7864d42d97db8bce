// What Linux tells about processes in /proc (proc(5)).
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

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

/** All processes that have not ended, by their numbers. */
export function livingProcesses(): ReadonlyMap<number, ProcStat> {
  const living = new Map<number, ProcStat>();
  for (const pid of allPids()) {
    const stat = readProcStat(pid);
    if (stat !== undefined && stat.state !== "Z" && stat.state !== "X") living.set(pid, stat);
  }
  return living;
}

/** The file that a process executes, also if it was removed or replaced; undefined when it is gone or out of reach. */
export function executedFile(pid: number): string | undefined {
  return linkOrNothing(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, "");
}

/** The file that its standard error goes to. */
export function errorsOf(pid: number): string | undefined {
  return linkOrNothing(`/proc/${pid}/fd/2`);
}

/** The path by which `executedFile` knows a file: without links in its folder. */
export function executableName(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

/** Whether a process does something of its own when it gets a signal (proc(5), `SigCgt`). */
export function catchesSignal(pid: number, number: number): boolean {
  const text = readOrNothing(`/proc/${pid}/status`) ?? "";
  const mask = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)$/m.exec(text)?.[1] ?? "0"}`);
  return ((mask >> BigInt(number - 1)) & 1n) === 1n;
}

/** Whether a process is in the control group of a systemd unit (cgroups(7)). */
export function isInUnit(pid: number, unit: string): boolean {
  return (readOrNothing(`/proc/${pid}/cgroup`) ?? "")
    .split("\n")
    .some((line) => line.endsWith(`/${unit}`));
}

/** All processes. */
export function allPids(): readonly number[] {
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
  return { pid, name: basename(executedFile(pid) ?? "") };
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
