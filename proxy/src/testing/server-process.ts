// A server program that a test runs in the foreground.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** A program that runs until it is ended. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Lets it stand still, as if its machine had no time for it, and go on. */
  pause(): void;
  resume(): void;
}

const startMs = 120_000;

/** Why a program cannot be used; `false` if it can. */
export function missingProgram(command: string, debianPackage: string): string | false {
  const isThere = spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
  return !isThere && `there is no ${command} on this machine (Debian's package ${debianPackage})`;
}

/** Runs a program, and resolves when its port of the loopback takes connections. */
export async function runServer(
  command: string,
  args: readonly string[],
  port: number,
  options: { readonly cwd: string },
): Promise<RunningServer> {
  const lines: string[] = [];
  const server = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => lines.push(text));
  }
  const hasEnded = (): boolean => server.exitCode !== null || server.signalCode !== null;
  const kill = async (): Promise<void> => {
    if (hasEnded()) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
  };
  await once(server, "spawn");
  const deadline = performance.now() + startMs;
  while (!(await takesConnections(port))) {
    if (hasEnded() || performance.now() > deadline) {
      await kill();
      throw new Error(`${command} does not listen on ${port}: ${lines.join("")}`);
    }
    await pause(20);
  }
  return {
    pid: server.pid ?? 0,
    kill,
    pause: () => void server.kill("SIGSTOP"),
    resume: () => void server.kill("SIGCONT"),
    [Symbol.asyncDispose]: kill,
  };
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
