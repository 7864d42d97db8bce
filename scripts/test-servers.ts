// Servers that tests start and that neither Debian nor the project's own packages have: built or installed below node_modules/.cache.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";

/** A server that the go command builds from its module. */
interface GoTool {
  readonly command: string;
  readonly module: string;
  readonly version: string;
  /** The package of the program, below the module. */
  readonly package: string;
}

const goTools: readonly GoTool[] = [
  {
    command: "versitygw",
    module: "github.com/versity/versitygw",
    version: "v1.8.0",
    package: "/cmd/versitygw",
  },
  {
    command: "fake-gcs-server",
    module: "github.com/fsouza/fake-gcs-server",
    version: "v1.56.1",
    package: "",
  },
];

/** A server that is built from a folder of ours; `mark` is new when the build would be. */
const ownTools = [
  { command: "mongo-server", folder: "scripts/mongo-server", mark: "ferretdb-1.24.0" },
] as const;

/** A server that is an npm package, with more below it than the project wants to carry. */
const npmTools = [{ command: "azurite-blob", npmPackage: "azurite", version: "3.35.0" }] as const;

/** Nobody looks into them with a debugger, and without its tables they are linked in half the time. */
const withoutSymbols = ["-ldflags=-s -w"] as const;

const cache = resolve("node_modules", ".cache");

/** The folders in which servers are found, and a sentence for each that is missing and cannot be had. */
export interface ProvidedServers {
  readonly folders: readonly string[];
  readonly missing: readonly string[];
}

/**
 * Builds and installs what is missing. The compiler is kept busy by one program after the other, so that each finds what the
 * ones before have compiled; meanwhile npm downloads.
 */
export async function provideTestServers(): Promise<ProvidedServers> {
  const [built, installed] = await Promise.all([provideGoTools(), provideNpmTools()]);
  return {
    folders: [...built.folders, ...installed.folders],
    missing: [...built.missing, ...installed.missing],
  };
}

async function provideGoTools(): Promise<ProvidedServers> {
  const folders: string[] = [];
  const missing: string[] = [];
  for (const tool of goTools) {
    const built = join(cache, "go-tools", `${tool.command}@${tool.version}`);
    if (existsSync(join(built, tool.command)) || (await buildGoTool(tool, built)))
      folders.push(built);
    else missing.push(`${tool.command} (${tool.module} ${tool.version}): go cannot build it`);
  }
  for (const { command, folder, mark } of ownTools) {
    const built = join(cache, "go-tools", `${command}@${mark}`);
    if (existsSync(join(built, command)) || (await buildOwnTool(folder, command, built)))
      folders.push(built);
    else missing.push(`${command} (${folder}): go cannot build it`);
  }
  return { folders, missing };
}

async function provideNpmTools(): Promise<ProvidedServers> {
  const folders: string[] = [];
  const missing: string[] = [];
  for (const { command, npmPackage, version } of npmTools) {
    const installed = join(cache, "npm-tools", `${npmPackage}@${version}`);
    const programs = join(installed, "node_modules", ".bin");
    const isThere = existsSync(join(programs, command));
    if (isThere || (await installNpmTool(`${npmPackage}@${version}`, installed)))
      folders.push(programs);
    else missing.push(`${command} (${npmPackage} ${version}): npm cannot install it`);
  }
  return { folders, missing };
}

/**
 * Says whether it worked. The program is built as a part of a module of its own: a module in which the versions of all its
 * parts are those that its makers have tested, and whose other versions need not be known.
 */
function buildGoTool(
  { command, module, version, package: inside }: GoTool,
  to: string,
): Promise<boolean> {
  return inWorkFolder(join(cache, "go-tools"), to, async (work) => {
    writeFileSync(join(work, "go.mod"), `module tool\n\nrequire ${module} ${version}\n`);
    const output = ["-o", join(work, command)];
    const words = [...withoutSymbols, "-mod=mod", ...output, `${module}${inside}`];
    return (await run("go", ["build", ...words], work)) === 0;
  });
}

/** Says whether it worked. */
function buildOwnTool(source: string, command: string, to: string): Promise<boolean> {
  return inWorkFolder(join(cache, "go-tools"), to, async (work) => {
    const words = [...withoutSymbols, "-o", join(work, command), "."];
    return (await run("go", ["build", ...words], source)) === 0;
  });
}

/** Says whether it worked. */
function installNpmTool(npmPackage: string, to: string): Promise<boolean> {
  return inWorkFolder(join(cache, "npm-tools"), to, async (work) => {
    writeFileSync(join(work, "package.json"), "{}\n");
    const words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", npmPackage];
    return (await run("npm", words, work)) === 0;
  });
}

/** Makes a folder in another, and gives it its place only when the work has succeeded; says whether it has. */
async function inWorkFolder(
  base: string,
  to: string,
  fill: (work: string) => Promise<boolean>,
): Promise<boolean> {
  mkdirSync(base, { recursive: true });
  const work = mkdtempSync(join(base, "work-"));
  // Some tests that are run by root start servers as nobody.
  chmodSync(work, 0o755);
  try {
    if (!(await fill(work))) return false;
    renameSync(work, to);
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<number | null> {
  try {
    const [status] = await once(spawn(command, args, { cwd, stdio: "ignore" }), "exit");
    return typeof status === "number" ? status : null;
  } catch {
    return null; // there is no such program
  }
}
