// What the Go toolchain wrote into a program, as `go version -m -json` reads it.
import type { GoBuildInfo } from "@stoa/deployment";
import { runProgram } from "./run-program.ts";

interface Printed {
  readonly GoVersion?: string;
  readonly Path?: string;
  readonly Main?: PrintedModule;
  readonly Deps?: readonly PrintedModule[];
  readonly Settings?: readonly { readonly Key: string; readonly Value: string }[];
}

interface PrintedModule {
  readonly Path: string;
  readonly Version?: string;
  readonly Sum?: string;
  readonly Replace?: PrintedModule;
}

/** Undefined if the go command is too old to say it as JSON (before 1.25), or the file is no Go program. */
export async function readGoBuildInfo(
  program: string,
  folder: string,
): Promise<GoBuildInfo | undefined> {
  const words = ["version", "-m", "-json", program];
  const end = await runProgram("go", words, { cwd: folder }).catch(() => undefined);
  if (end?.code !== 0) return undefined;
  const {
    GoVersion = "",
    Path = "",
    Main,
    Deps = [],
    Settings = [],
  } = JSON.parse(end.stdout) as Printed;
  return {
    version: GoVersion,
    path: Path,
    module: Main?.Path ?? "",
    moduleVersion: Main?.Version ?? "",
    dependencies: Deps.map(({ Replace, ...module }) => Replace ?? module)
      .map(({ Path: path, Version: version = "", Sum: sum = "" }) => ({ path, version, sum }))
      .toSorted((one, other) => (one.path < other.path ? -1 : 1)),
    settings: Object.fromEntries(Settings.map(({ Key, Value }) => [Key, Value])),
  };
}
