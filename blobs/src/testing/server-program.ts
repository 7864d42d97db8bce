// A server that tests start on a port of its own, and end.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const patienceMs = 30_000;

export interface ServerProgram extends AsyncDisposable {
  readonly url: string;
  /** Freezes and thaws it: it is there and answers nothing. */
  signal(name: "SIGSTOP" | "SIGCONT"): void;
}

/** Starts a program and waits until its port accepts connections. */
export async function startServer(
  command: string,
  args: (port: number) => readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProgram> {
  const port = await freePort();
  const child = spawn(command, args(port), {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece: Buffer) => {
      said = `${said}${piece.toString()}`.slice(-2000);
    });
  }
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilAnswers(url, child);
  } catch (failure) {
    await end(child);
    throw new Error(`${command} did not start: ${said}`, { cause: failure });
  }
  return {
    url,
    signal: (name) => child.kill(name),
    [Symbol.asyncDispose]: () => end(child),
  };
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
