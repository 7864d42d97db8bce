// Runs scripts with their output in files, so that nothing they leave behind holds up or dies with the agent.
import { spawn } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Exit } from "../../domain/launch.ts";
import type { ScriptEnd, ScriptOrder, Scripts } from "../../domain/script.ts";

const lookEveryMs = 50;
const longestLine = 64 << 10;

/** The scripts of this machine. */
export const linuxScripts: Scripts = { run: (order) => run(order) };

async function run(order: ScriptOrder): Promise<ScriptEnd> {
  const folder = mkdtempSync(join(tmpdir(), "stoa-script-"));
  const outputs = (["stdout", "stderr"] as const).map(
    (stream) => new Output(join(folder, stream), (line) => order.wrote(stream, line)),
  );
  const read = (): void => {
    for (const output of outputs) output.read();
  };
  const timer = setInterval(read, lookEveryMs);
  try {
    return await supervise(order, outputs);
  } finally {
    clearInterval(timer);
    for (const output of outputs) output.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function supervise(order: ScriptOrder, outputs: readonly Output[]): Promise<ScriptEnd> {
  const [program, ...args] = order.command;
  const deadline = performance.now() + order.timeoutMs;
  const child = spawn(program, args, {
    detached: true,
    cwd: order.directory,
    env: { ...inherited(), ...order.environment },
    stdio: ["ignore", ...outputs.map(({ descriptor }) => descriptor)],
  });
  const ended = new Promise<ScriptEnd>((resolve) => {
    child.once("error", ({ message }) => resolve({ kind: "not-started", sentence: message }));
    child.once("exit", (code, signal) => {
      const exit: Exit = { code: code ?? undefined, signal: signal ?? undefined };
      resolve({ kind: "ended", exit });
    });
  });
  const abandon = new AbortController();
  const late = sleep(order.timeoutMs, undefined, { signal: abandon.signal }).catch(() => undefined);
  const first = await Promise.race([ended, late]);
  abandon.abort();
  if (first === undefined) {
    await end(child.pid ?? 0, order.killAfterMs, ended);
    return { kind: "timed-out" };
  }
  if (first.kind !== "ended" || !order.waitsForOutputs) return first;
  while (outputs.some(({ path }) => isHeld(path))) {
    if (performance.now() > deadline) return { kind: "outputs-left-open" };
    await sleep(lookEveryMs);
  }
  return first;
}

async function end(
  pid: number,
  killAfterMs: number | undefined,
  ended: Promise<unknown>,
): Promise<void> {
  signalGroup(pid, "SIGTERM");
  if (killAfterMs === undefined) return;
  await Promise.race([ended, sleep(killAfterMs)]);
  signalGroup(pid, "SIGKILL");
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left.
  }
}

/** What the agent's own environment has; but for what was meant for the agent alone. */
function inherited(): NodeJS.ProcessEnv {
  // biome-ignore lint/style/noProcessEnv: CodeDeploy promises scripts the environment of the agent.
  const entries = Object.entries(process.env);
  return Object.fromEntries(
    entries.filter(([name]) => !/^(STOA_|LISTEN_|NOTIFY_SOCKET)/.test(name)),
  );
}

/** One file that a script writes to, and that is read behind it. */
class Output {
  readonly path: string;
  readonly descriptor: number;
  readonly #wrote: (line: string) => void;
  readonly #reader: number;
  #place = 0;
  #rest = "";

  constructor(path: string, wrote: (line: string) => void) {
    this.path = path;
    this.#wrote = wrote;
    this.descriptor = openSync(path, "a", 0o600);
    this.#reader = openSync(path, "r");
  }

  read(): void {
    const chunk = Buffer.alloc(longestLine);
    while (true) {
      const bytes = readSync(this.#reader, chunk, 0, chunk.length, this.#place);
      if (bytes === 0) return;
      this.#place += bytes;
      const lines = (this.#rest + chunk.toString("utf8", 0, bytes)).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.#wrote(line);
      if (this.#rest.length > longestLine) this.#flush();
    }
  }

  close(): void {
    this.read();
    this.#flush();
    closeSync(this.descriptor);
    closeSync(this.#reader);
  }

  #flush(): void {
    if (this.#rest !== "") this.#wrote(this.#rest);
    this.#rest = "";
  }
}

/** Whether a process other than this one has the file open. */
function isHeld(path: string): boolean {
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    for (const descriptor of ["1", "2"]) {
      if (linkOf(`/proc/${pid}/fd/${descriptor}`) === path) return true;
    }
  }
  return false;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
