// Stoa as its users run it: `stoa serve`, configured by its environment alone.
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { BenchRun } from "../bench-run.ts";
import { plainEnvironment, type ServerProcess, startServer } from "./server-process.ts";

/** A running Stoa with a storage of its own. */
export interface StoaProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Forgets the log so far. */
  cutLog(): void;
}

/** What differs from one Stoa to the next. */
export interface StoaStart {
  /** Whom to ask, in GOPROXY's grammar. */
  readonly upstream: string;
  /** The one core it may use; all of them without. */
  readonly core?: number | undefined;
  /** More of the environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The file to run: `stoa serve` is this program's command. */
export const stoaProgram = fileURLToPath(new URL("../../../stoa/src/main.ts", import.meta.url));

/** Where `npm start` keeps compiled code from one start to the next (scripts/runtime.mjs). */
const compiledCode = fileURLToPath(
  new URL("../../../node_modules/.cache/compiled", import.meta.url),
);

/** Starts an empty Stoa with its access log on, in a file. Ready when this resolves. */
export async function startStoa(start: StoaStart, run: BenchRun): Promise<StoaProcess> {
  const folder = await mkdtemp(join(run.folder, "stoa-"));
  const server = await startServer({
    command: [process.execPath, stoaProgram, "serve"],
    env: {
      ...stoaEnvironment(folder, start.upstream, "127.0.0.1:0"),
      NODE_COMPILE_CACHE: compiledCode,
      ...start.env,
    },
    outputFile: join(folder, "output.log"),
    core: start.core,
    signal: run.signal,
  });
  try {
    const url = await server.until(() => readyUrl(server));
    return {
      url,
      pid: server.pid,
      cutLog: () => server.cutOutput(),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (failure) {
    await server[Symbol.asyncDispose]();
    throw failure;
  }
}

/** The environment of a Stoa that keeps its modules in `folder`. */
export function stoaEnvironment(
  folder: string,
  upstream: string,
  address: string,
): NodeJS.ProcessEnv {
  return {
    ...plainEnvironment(),
    ATHENS_PORT: address,
    ATHENS_STORAGE_TYPE: "disk",
    ATHENS_DISK_STORAGE_ROOT: join(folder, "storage"),
    // As on the other side: see `goOptions`.
    ATHENS_GO_BINARY_ENV_VARS: `GOPROXY=${upstream};GOSUMDB=off`,
    ATHENS_LOG_LEVEL: "info",
    ATHENS_LOG_FORMAT: "json",
  };
}

function readyUrl(server: ServerProcess): string | undefined {
  return /export GOPROXY=(http:\/\/[^\s"\\]+)/.exec(server.output)?.[1];
}
