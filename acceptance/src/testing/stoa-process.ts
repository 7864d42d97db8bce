// The real program, running: started as its users start it, read by its output, stopped by signals.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { type FinishedProgram, finishedProgram } from "./finished-program.ts";
import { own } from "./owned-processes.ts";
import { compiledCodeFolder, programFile } from "./repository.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";
import { type ShownProgram, shownProgram } from "./terminal.ts";

/** Environment variables; `undefined` takes one away. */
type Variables = Readonly<Record<string, string | undefined>>;

export interface StoaOptions {
  /** What GOPROXY is for Stoa: its upstreams. */
  readonly goproxy: string;
  /** Where modules are kept; without it, in a folder that goes with the process. */
  readonly root?: string;
  readonly env?: Variables;
  /** A path prefix, which then is part of `url`. */
  readonly prefix?: string;
  /** The words before the command, which let it run elsewhere. */
  readonly launcher?: readonly string[];
  /** Another program than the one that lies here. */
  readonly program?: string | undefined;
  /** The words of the command line; `serve` without them. */
  readonly words?: readonly string[];
}

/** How the program ended. */
export interface StoaEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running `stoa serve`. Disposing of it ends it at once and removes what it kept, unless that was given to it. */
export interface StoaProcess extends AsyncDisposable {
  /** What the ready line says to put into GOPROXY: scheme, host, port and prefix; or the path of its unix socket. */
  readonly url: string;
  /** Where modules are kept. */
  readonly root: string;
  /** The folder that it was started in; its home, too. */
  readonly folder: string;
  readonly pid: number;
  /** Everything it has written so far, stdout and stderr. */
  readonly output: () => string;
  readonly isRunning: () => boolean;
  /** Sends SIGTERM and waits for the end. */
  readonly stop: () => Promise<StoaEnd>;
  /** Sends SIGKILL and waits for the end. */
  readonly kill: () => Promise<StoaEnd>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ended: Promise<StoaEnd>;
}

/** How long a start may take on a machine that is busy with other things. */
const startLimitMs = 120_000;

/** Starts the program and waits for its ready line. Rejects with its output if it ends before, or never says it. */
export async function startStoa(options: StoaOptions): Promise<StoaProcess> {
  const folder = await temporaryFolder();
  try {
    const root = options.root ?? join(folder.path, "kept");
    return await running(spawnStoa(options, root, folder.path), root, folder);
  } catch (failure) {
    await folder[Symbol.asyncDispose]();
    throw failure;
  }
}

/** Runs `stoa` with words that make it end by itself, such as `config check`, in an empty folder or the one given. */
export async function finishedStoa(
  args: readonly string[],
  env: Variables = {},
  cwd?: string,
  limitMs = 120_000,
): Promise<FinishedProgram> {
  await using folder = await temporaryFolder();
  return await finishedProgram(process.execPath, [programFile, ...args], {
    cwd: cwd ?? folder.path,
    env: { ...baseVariables(folder.path), ...env },
    limitMs,
  });
}

/** The same, on a terminal. */
export async function shownStoa(
  args: readonly string[],
  env: Variables = {},
): Promise<ShownProgram> {
  await using folder = await temporaryFolder();
  return await shownProgram(process.execPath, [programFile, ...args], {
    cwd: folder.path,
    env: { ...baseVariables(folder.path), ...env },
    limitMs: 120_000,
  });
}

/** What every Stoa of the tests has in its environment: nothing of the machine's own Go or Athens configuration. */
function baseVariables(home: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    GOENV: "off",
    // Test modules are in no checksum database; a test that has one of its own says so.
    GOSUMDB: "off",
    NODE_COMPILE_CACHE: compiledCodeFolder,
  };
}

function spawnStoa(options: StoaOptions, root: string, folder: string): ChildProcess {
  const ownWords = [
    process.execPath,
    options.program ?? programFile,
    ...(options.words ?? ["serve"]),
  ];
  const [command = "", ...words] = [...(options.launcher ?? []), ...ownWords];
  const child = spawn(command, words, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...baseVariables(folder),
      ATHENS_PORT: "127.0.0.1:0",
      ATHENS_DISK_STORAGE_ROOT: root,
      ATHENS_LOG_FORMAT: "json",
      GOPROXY: options.goproxy,
      ...(options.prefix === undefined ? {} : { ATHENS_PATH_PREFIX: options.prefix }),
      ...options.env,
    },
  });
  return own(child);
}

async function running(
  child: ChildProcess,
  root: string,
  folder: TemporaryFolder,
): Promise<StoaProcess> {
  const { promise: ended, resolve: end } = Promise.withResolvers<StoaEnd>();
  child.once("close", (code, signal) => end({ code, signal }));
  let written = "";
  const url = await readyUrl(child, (chunk) => {
    written += chunk;
    return written;
  });
  const signal = (name: NodeJS.Signals): void => {
    child.kill(name);
  };
  const endBy = (name: NodeJS.Signals): Promise<StoaEnd> => {
    signal(name);
    return ended;
  };
  return {
    url,
    root,
    folder: folder.path,
    pid: child.pid ?? 0,
    output: () => written,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    stop: () => endBy("SIGTERM"),
    kill: () => endBy("SIGKILL"),
    signal,
    ended,
    async [Symbol.asyncDispose]() {
      await endBy("SIGKILL");
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Waits for the ready line, which tells what to put into GOPROXY. */
function readyUrl(child: ChildProcess, gather: (chunk: string) => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let written = "";
    const limit = setTimeout(() => child.kill("SIGKILL"), startLimitMs);
    const take = (chunk: Buffer): void => {
      written = gather(chunk.toString());
      const url =
        /(?:export GOPROXY=(?=https?:\/\/)|on the unix socket )([^\s"\\]+)(?=[\s"\\])/.exec(
          written,
        )?.[1];
      if (url === undefined) return;
      clearTimeout(limit);
      resolve(url);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(limit);
      reject(new Error(`stoa ended (${code ?? signal}) before it was ready:\n${written}`));
    });
  });
}

/** A folder for a Stoa to keep modules in that outlives the process. */
export async function keptFolder(folder: TemporaryFolder, name = "kept"): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(path, { recursive: true });
  return path;
}
