// The real go command, with a module cache of its own that begins empty.
import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { type FinishedProgram, finishedProgram } from "./finished-program.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

export interface GoOptions {
  readonly goproxy: string;
  /** Off unless said otherwise, for test modules are in no checksum database. */
  readonly gosumdb?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The go command with its own, empty module cache. Disposing of it removes the cache. */
export interface GoCommand extends AsyncDisposable {
  readonly moduleCache: string;
  /** A folder that goes with the cache: for sources and built programs. */
  readonly folder: string;
  /** Runs `go` in a folder and waits for its end, whatever that is. */
  readonly run: (args: readonly string[], cwd?: string) => Promise<FinishedProgram>;
  /** Like `run`, but rejects with the command's own words if it fails; gives its stdout. */
  readonly succeed: (args: readonly string[], cwd?: string) => Promise<string>;
}

/** What `go env` says of a variable on this machine; `undefined` if there is no go command. */
export function goVariable(name: string): string | undefined {
  const { status, stdout } = spawnSync("go", ["env", name], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Why tests with the go command cannot run here; false if they can. For the option `skip` of a test. */
export function goIsMissing(): string | false {
  return goVariable("GOVERSION") === undefined && "there is no go command on this machine";
}

/**
 * Makes a go command that knows of one proxy and nothing else: not the repositories themselves, not the machine's
 * configuration. Compiled packages are shared with the machine's own go command, downloaded modules are not.
 */
export async function goCommand(options: GoOptions): Promise<GoCommand> {
  const folder = await temporaryFolder();
  const moduleCache = join(folder.path, "module-cache");
  await mkdir(moduleCache);
  const env = goEnvironment(options, folder, moduleCache);
  const run = (args: readonly string[], cwd = folder.path): Promise<FinishedProgram> =>
    finishedProgram("go", args, { cwd, env });
  return {
    moduleCache,
    folder: folder.path,
    run,
    async succeed(args, cwd) {
      const { code, stdout, stderr } = await run(args, cwd);
      if (code !== 0)
        throw new Error(`go ${args.join(" ")} ended with ${code}:\n${stderr}${stdout}`);
      return stdout;
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

function goEnvironment(
  { goproxy, gosumdb = "off", env }: GoOptions,
  folder: TemporaryFolder,
  moduleCache: string,
): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: folder.path,
    TMPDIR: folder.path,
    GOENV: "off",
    GOPATH: join(folder.path, "path"),
    GOBIN: join(folder.path, "bin"),
    GOMODCACHE: moduleCache,
    GOCACHE: goVariable("GOCACHE") ?? join(folder.path, "compiled"),
    // Folders in a module cache are read-only unless -modcacherw says otherwise; they must be removed in the end.
    GOFLAGS: "-mod=mod -modcacherw -trimpath -buildvcs=false",
    GOPROXY: goproxy,
    GOSUMDB: gosumdb,
    GOVCS: "*:off",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    GOTELEMETRY: "off",
    CGO_ENABLED: "0",
    ...env,
  };
}
