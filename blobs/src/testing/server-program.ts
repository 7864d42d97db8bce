// A server that tests start on a port of its own, and end.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "./free-port.ts";

const patienceMs = 120_000;

export interface ServerProgram extends AsyncDisposable {
  readonly url: string;
  /** Kills it. */
  stop(): Promise<void>;
  /** Starts it again on its port. */
  start(): Promise<void>;
  /** Lets it stand still, as if its machine had no time for it, and go on. */
  pause(): void;
  resume(): void;
}

/** Starts a program and waits until its port answers. */
export async function startServer(
  command: string,
  args: (port: number) => readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProgram> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = await startChild(command, args(port), environment, url);
  };
  const stop = async (): Promise<void> => {
    if (child !== undefined) await end(child);
  };
  await start();
  return {
    url,
    start,
    stop,
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    [Symbol.asyncDispose]: stop,
  };
}

/** Why tests with a program cannot run here; false if they can. */
export function programIsMissing(command: string): string | false {
  return spawnSync(command, ["--version"]).error !== undefined && `${command} is not installed`;
}

async function startChild(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  url: string,
): Promise<ChildProcess> {
  const child = spawn(command, args, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece: Buffer) => {
      said = `${said}${piece.toString()}`.slice(-2000);
    });
  }
  try {
    await untilAnswers(url, child);
    return child;
  } catch (failure) {
    await end(child);
    throw new Error(`${command} did not start: ${said}`, { cause: failure });
  }
}

async function untilAnswers(url: string, child: ChildProcess): Promise<void> {
  const failed = once(child, "error").then(([failure]) => Promise.reject(failure as Error));
  failed.catch(() => undefined);
  for (const limit = Date.now() + patienceMs; ; ) {
    const answer = fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      () => true,
      () => false,
    );
    if (await Promise.race([answer, failed])) return;
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
    if (Date.now() > limit) throw new Error("it does not answer");
    await pause(50);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
