// What is known of a Go program in a folder before it is built: its main package, its module, its commit.
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { runProgram } from "./run-program.ts";

/** A main package and where it stands. */
export interface GoProject {
  /** Import path of the main package. */
  readonly package: string;
  /** Path of the module. */
  readonly module: string;
  /** The last element of the package's path that is a name: what `go build` would call the program. */
  readonly name: string;
  /** Absent outside of a git repository. */
  readonly commit?: SourceCommit;
}

/** The state of a git working tree. */
export interface SourceCommit {
  readonly hash: string;
  /** What `git describe --tags --always` says, without a `v` before a number. */
  readonly label: string;
  /** Whether tracked files differ from the commit, or untracked ones are there. */
  readonly dirty: boolean;
}

/** Finds the program to build. `wanted` is a package (`./cmd/shop`) where there are several. Throws sentences. */
export async function readGoProject(
  folder: string,
  wanted: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<GoProject> {
  const patterns = [wanted === undefined ? "./..." : await patternOf(folder, wanted)];
  const format = "{{.Name}}\t{{.ImportPath}}\t{{with .Module}}{{.Path}}{{end}}";
  const words = ["list", "-find", "-f", format, ...patterns];
  const { code, stdout, stderr } = await runProgram("go", words, { cwd: folder, env });
  if (code !== 0) throw new Error(listProblem(folder, wanted, stderr));
  const mains = stdout
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([name]) => name === "main");
  const [main] = mains.length > 1 ? mains.filter(([, path, module]) => path === module) : mains;
  if (main === undefined)
    throw new Error(
      noSingleMain(
        folder,
        wanted,
        mains.map(([, path]) => path ?? ""),
      ),
    );
  const [, path = "", module = ""] = main;
  const commit = await readCommit(folder, env);
  return { package: path, module, name: programName(path), ...(commit && { commit }) };
}

/** `cmd/shop` is a package of the standard library to the go command; who has such a folder means that. */
async function patternOf(folder: string, wanted: string): Promise<string> {
  if (/^\.{0,2}\//.test(wanted)) return wanted;
  const found = await stat(join(folder, wanted)).catch(() => undefined);
  return found?.isDirectory() === true ? `./${wanted}` : wanted;
}

function listProblem(folder: string, wanted: string | undefined, stderr: string): string {
  if (/go\.mod file not found|cannot find main module|does not contain main module/.test(stderr)) {
    return `there is no go.mod in ${folder} or above it; run go mod init, or name a ready-made bundle: stoa deploy FILE.zip`;
  }
  const first = stderr.split("\n").find((line) => line.trim() !== "") ?? "it said nothing";
  return `the go command cannot read ${wanted ?? folder}: ${first.trim()}`;
}

function noSingleMain(
  folder: string,
  wanted: string | undefined,
  mains: readonly string[],
): string {
  if (mains.length === 0) {
    return `${wanted ?? folder} holds no Go program: there is no package main; name one, such as --main ./cmd/shop`;
  }
  return `${folder} holds ${mains.length} programs; say which: --main ${mains.join(", or --main ")}`;
}

/** The last element that is no major version, https://go.dev/ref/mod#major-version-suffixes. */
function programName(path: string): string {
  const name = basename(path);
  return /^v[0-9]+$/.test(name) ? basename(path.slice(0, -name.length - 1)) : name;
}

async function readCommit(
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<SourceCommit | undefined> {
  const git = async (...words: readonly string[]): Promise<string | undefined> => {
    const end = await runProgram("git", words, {
      cwd: folder,
      env: { ...env, LC_ALL: "C" },
    }).catch(() => undefined);
    checkTrust(folder, end?.stderr ?? "");
    return end?.code === 0 ? end.stdout.trim() : undefined;
  };
  const [hash, label, changes] = await Promise.all([
    git("rev-parse", "HEAD"),
    git("describe", "--tags", "--always"),
    git("status", "--porcelain", "--", "."),
  ]);
  if (hash === undefined || label === undefined) return undefined;
  return { hash, label: label.replace(/^v(?=[0-9])/, ""), dirty: changes !== "" };
}

/** Git reads no repository of another user unless it is told to; the version would then be "dev", and nobody would see why. */
function checkTrust(folder: string, said: string): void {
  if (!said.includes("dubious ownership")) return;
  const [, wanted = folder] = /safe\.directory (.+)/.exec(said) ?? [];
  throw new Error(
    `git does not read ${folder}, for it belongs to another user: git config --global --add safe.directory ${wanted}`,
  );
}
