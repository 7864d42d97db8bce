// The program of an earlier version, to run beside this one: from the history of this clone, or a folder that the environment names.
import { spawnSync } from "node:child_process";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { finishedProgram } from "./finished-program.ts";
import { repositoryRoot } from "./repository.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A version that knows shared lists, and neither jobs that belong to an instance nor what came into the state after them. */
const revision = "120079e986d5";

const rooms = [
  ...["agent", "blobs", "control", "deployment", "gomod"],
  ...["proxy", "serving", "stoa", "telemetry"],
];

const named = process.env["STOA_TEST_EARLIER"];

/** Why there is none; false if there is. */
export function earlierProgramIsMissing(): string | false {
  if (named !== undefined) return false;
  const words = ["-C", repositoryRoot, "cat-file", "-e", `${revision}^{commit}`];
  const { status } = spawnSync("git", words, { stdio: "ignore" });
  return (
    status !== 0 &&
    `the history of this clone does not reach ${revision}, and STOA_TEST_EARLIER names no clone of an earlier version`
  );
}

/** An earlier version that can be run. Disposing removes it. */
export interface EarlierProgram extends AsyncDisposable {
  /** The file that Node runs as `stoa`. */
  readonly file: string;
}

/** Unpacks it. It shares the packages of this clone, and has rooms of its own. */
export async function earlierProgram(): Promise<EarlierProgram> {
  const inside = (root: string): string => join(root, "stoa", "src", "main.ts");
  if (named !== undefined) {
    return { file: inside(named), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const folder = await temporaryFolder();
  const { path } = folder;
  try {
    const archive = join(path, "earlier.tar");
    await run("git", "archive", `--output=${archive}`, revision, "package.json", ...rooms);
    await run("tar", "-xf", archive, "-C", path);
    await linkPackages(join(repositoryRoot, "node_modules"), join(path, "node_modules"));
    for (const room of rooms) {
      await symlink(join(path, room), join(path, "node_modules", "@stoa", room));
    }
    return { file: inside(path), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
  } catch (failure) {
    await folder[Symbol.asyncDispose]();
    throw failure;
  }
}

async function linkPackages(from: string, to: string): Promise<void> {
  await mkdir(join(to, "@stoa"), { recursive: true });
  for (const name of await readdir(from)) {
    if (name !== "@stoa" && !name.startsWith(".")) await symlink(join(from, name), join(to, name));
  }
}

async function run(command: string, ...args: readonly string[]): Promise<void> {
  const env = { PATH: process.env["PATH"] };
  const { code, stderr } = await finishedProgram(command, args, { cwd: repositoryRoot, env });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}
