// Starts processes on Linux so that they live on when their parent does not, and tells whether they live.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Exit, Limits } from "../../domain/launch.ts";
import {
  groupOf,
  type ProcessIdentity,
  type Spawn,
  type Spawned,
  type SpawnPlan,
} from "../../domain/spawn.ts";
import { orphanOf, orphanWords } from "./orphan.ts";
import { readBootId, readProcStat } from "./proc-files.ts";
import { catches, leadersWith, signalProcess, successorsOf } from "./process-family.ts";

const usualFirstDescriptor = 3;
const orphanPollMs = 50;
const toolFolders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/** The processes of this machine. */
export const linuxSpawn: Spawn = {
  start: (plan) => start(plan),
  isAlive: async ({ pid, startTicks, bootId }) => {
    const stat = readProcStat(pid);
    if (stat === undefined || bootId !== readBootId()) return false;
    return stat.startTicks === startTicks && stat.state !== "Z" && stat.state !== "X";
  },
  signal: async (identity, signal) => {
    try {
      process.kill(-groupOf(identity), signal);
      return true;
    } catch {
      return false;
    }
  },
  signalAlone: async (identity, signal) => {
    if (!(await linuxSpawn.isAlive(identity))) return false;
    return signalProcess(identity.pid, signal);
  },
  catches: async ({ pid }, signal) => catches(pid, signal),
  successors: async (identity, file) => successorsOf(identity, file),
  strays: async ({ program, log }) => leadersWith(program, log),
};

async function start(plan: SpawnPlan): Promise<Spawned> {
  checkProgram(plan);
  const [command = "", ...args] = commandLine(plan);
  const log = openLog(plan.log);
  const first = plan.firstDescriptor ?? usualFirstDescriptor;
  const readyAt = first + plan.sockets.length;
  try {
    const isOrphan = plan.parent === "init";
    const child = spawn(command, args, {
      // A session and group of its own: signals reach its children too, and those of our terminal do not reach it.
      detached: true,
      cwd: plan.directory,
      env: environmentOf(plan, readyAt),
      // A file, never a pipe: a Go program dies of SIGPIPE when it prints to one whose reader is gone (os/signal).
      stdio: [
        "ignore",
        isOrphan ? "pipe" : log,
        log,
        ...Array.from({ length: first - usualFirstDescriptor }, () => "ignore" as const),
        ...plan.sockets.map(({ descriptor }) => descriptor),
        ...(plan.readiness === "fd" ? (["pipe"] as const) : []),
      ],
    });
    const exited = exitOf(child);
    const ready = readyOf(child, plan, readyAt);
    const { pid } = await started(child, plan);
    if (!isOrphan) return { identity: identityOf(pid), exited, ready };
    const identity = identityOf(await orphanOf(child));
    return { identity, exited: endOfOrphan(identity), ready };
  } finally {
    closeSync(log);
  }
}

function identityOf(pid: number): ProcessIdentity {
  return { pid, startTicks: readProcStat(pid)?.startTicks ?? 0, bootId: readBootId() };
}

function checkProgram({ program, directory }: SpawnPlan): void {
  const problem = (sentence: string, cause: unknown): AgentFailure =>
    new AgentFailure("cannot_start", `${program} cannot be started: ${sentence}`, cause);
  try {
    accessSync(directory, constants.X_OK);
  } catch (cause) {
    throw problem(`its folder ${directory} cannot be entered`, cause);
  }
  try {
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw problem("there is no such file, or it is not executable", cause);
  }
}

/**
 * The program behind those that set its limits and its user, each of which becomes the next without a new process. The
 * shell in front puts in the process id, which nobody knows before: a receiver of sockets compares `LISTEN_PID` with its
 * own (sd_listen_fds(3)).
 */
function commandLine({
  program,
  arguments: args,
  sockets,
  firstDescriptor,
  ownIdVariables,
  parent,
  limits,
  user,
}: SpawnPlan): readonly string[] {
  const whole = [...limitWords(limits), ...userWords(user), program, ...args];
  const isListening = sockets.length > 0 && firstDescriptor === undefined;
  const names = [...(isListening ? ["LISTEN_PID"] : []), ...ownIdVariables];
  const steps = [...names.map((name) => `export ${name}=$$`), 'exec "$@"'].join("; ");
  if (parent === "init") return [...orphanWords(toolPath("setsid"), steps), ...whole];
  return names.length === 0 ? whole : ["/bin/sh", "-c", steps, "sh", ...whole];
}

/**
 * What setrlimit(2) can hold. Memory is what the process can write to (`RLIMIT_DATA`): Go reserves far more address space
 * than it uses, and `RLIMIT_AS` would count that. There is no such bound for processors.
 */
function limitWords(limits: Limits | undefined): readonly string[] {
  const words = [
    ["nofile", limits?.openFiles],
    ["nproc", limits?.processes],
    ["data", limits?.memoryBytes],
    ["core", limits?.coreBytes],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  return words.length === 0 ? [] : [toolPath("prlimit"), ...words, "--"];
}

/** `setpriv` and not the parent's setuid, which would leave the groups of the keeper with the process. */
function userWords(user: string | undefined): readonly string[] {
  if (user === undefined) return [];
  const [name = "", group] = user.split(":");
  const [uid, gid] = [numberOf("-u", name, user), group ?? numberOf("-g", name, user)];
  const ids = [`--reuid=${uid}`, `--regid=${gid}`];
  return [toolPath("setpriv"), ...ids, "--init-groups", "--no-new-privs", "--"];
}

/** Not by PATH, which is the service's own. */
function toolPath(name: string): string {
  const path = toolFolders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (path !== undefined) return path;
  throw new AgentFailure(
    "cannot_start",
    `${name} is missing on this machine, and services with limits or a user need it; install util-linux`,
  );
}

function numberOf(flag: string, name: string, user: string): string {
  const { status, stdout } = spawnSync("id", [flag, "--", name], { encoding: "utf8" });
  if (status === 0) return stdout.trim();
  throw new AgentFailure(
    "cannot_start",
    `there is no user ${user} on this machine; create it, or name another`,
  );
}

function environmentOf(plan: SpawnPlan, readyAt: number): Record<string, string> {
  // What the keeper inherited itself must not be taken for ours (LISTEN_PIDFDID and so on).
  const environment = Object.fromEntries(
    Object.entries(plan.environment).filter(([name]) => !/^LISTEN_|^READY_FD$/.test(name)),
  );
  if (plan.sockets.length > 0 && plan.firstDescriptor === undefined) {
    environment["LISTEN_FDS"] = String(plan.sockets.length);
    environment["LISTEN_FDNAMES"] = plan.sockets.map(({ name }) => name).join(":");
  }
  if (plan.readiness === "fd") environment["READY_FD"] = String(readyAt);
  return environment;
}

function openLog(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, "a", 0o640);
  } catch (cause) {
    throw new AgentFailure(
      "cannot_start",
      `the log ${path} cannot be written; free some room`,
      cause,
    );
  }
}

async function started(
  child: ChildProcess,
  { program }: SpawnPlan,
): Promise<{ readonly pid: number }> {
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === "ENOEXEC"
          ? "it is no program of this machine"
          : (cause.code ?? cause.message);
      reject(new AgentFailure("cannot_start", `${program} cannot be started: ${why}`, cause));
    });
  });
  return { pid: child.pid ?? 0 };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      resolve({ code: code ?? undefined, signal: signal ?? undefined });
    });
  });
}

/** Only a parent learns how a process has ended, and this one is the child of another. */
async function endOfOrphan(identity: ProcessIdentity): Promise<Exit> {
  while (await linuxSpawn.isAlive(identity)) await sleep(orphanPollMs);
  return { code: undefined, signal: undefined };
}

/** As s6 does it: a line, or the end after something was written, says "ready". */
function readyOf(child: ChildProcess, { readiness }: SpawnPlan, at: number): Promise<void> {
  if (readiness !== "fd") return Promise.resolve();
  const channel = child.stdio[at] as Socket;
  return new Promise((resolve) => {
    let wrote = false;
    const done = (): void => {
      channel.destroy();
      resolve();
    };
    channel.on("data", (bytes: Buffer) => {
      wrote = true;
      if (bytes.includes("\n")) done();
    });
    channel.on("end", () => {
      if (wrote) done();
      else channel.destroy();
    });
    channel.on("error", () => channel.destroy());
  });
}
