// Repositories of real version control systems, each served by its own server on the loopback address.
import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { until } from "./bounded-wait.ts";
import { freePort } from "./free-port.ts";
import { endNow, own } from "./owned-processes.ts";
import { writeFiles } from "./sources.ts";

/** A repository and its server. Disposing of it ends the server. */
export interface ServedRepository extends AsyncDisposable {
  /** What a go-import tag says: the system and the address. */
  readonly place: string;
  /** Runs the system's program in the working copy. */
  readonly run: (...args: readonly string[]) => string;
  /** Writes files into the working copy and commits everything. */
  readonly commit: (
    files: Readonly<Record<string, string>>,
    ...flags: readonly string[]
  ) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Why a test with these programs cannot run here; false if it can. */
export function programsAreMissing(...programs: readonly string[]): string | false {
  const missing = programs.filter(
    (program) => spawnSync(program, ["version"], { stdio: "ignore" }).error !== undefined,
  );
  return missing.length > 0 && `there is no ${missing.join(", ")} on this machine`;
}

/** A Mercurial repository behind `hg serve`. */
export async function mercurialRepository(folder: string): Promise<ServedRepository> {
  const run = runner("hg", folder, { HGRCPATH: "", HGUSER: "Ann <ann@example.com>" });
  await mkdir(folder, { recursive: true });
  run("init", ".");
  const port = await freePort();
  const server = await serving("hg", ["serve", "-a", "127.0.0.1", "-p", `${port}`], folder, port);
  return {
    place: `hg http://127.0.0.1:${port}/`,
    run,
    async commit(files, ...flags) {
      await writeFiles(folder, files);
      run("add", "-q");
      run("commit", "-m", "a change", ...flags);
    },
    ...server,
  };
}

/** A Subversion repository behind `svnserve`, with trunk and tags. Nobody may read it who has no account, if it is private. */
export async function subversionRepository(
  folder: string,
  { isPrivate = false } = {},
): Promise<ServedRepository> {
  const [store, copy] = [join(folder, "store"), join(folder, "copy")];
  await mkdir(folder, { recursive: true });
  runner("svnadmin", folder)("create", store);
  const run = runner("svn", folder);
  const local = `file://${store}`;
  run("mkdir", "-q", "-m", "begin", `${local}/trunk`, `${local}/tags`);
  run("checkout", "-q", `${local}/trunk`, copy);
  const access = isPrivate ? "none" : "read";
  await writeFile(join(store, "conf", "svnserve.conf"), `[general]\nanon-access = ${access}\n`);
  const port = await freePort();
  const words = [
    "-d",
    "--foreground",
    "--listen-host",
    "127.0.0.1",
    "--listen-port",
    `${port}`,
    "-r",
    folder,
  ];
  const server = await serving("svnserve", words, folder, port);
  return {
    place: `svn svn://127.0.0.1:${port}/store/trunk`,
    run: (...args) => run(...args.map((arg) => arg.replace("^/", `${local}/`))),
    async commit(files) {
      await writeFiles(copy, files);
      run("add", "-q", "--force", copy);
      run("commit", "-q", "-m", "a change", copy);
    },
    ...server,
  };
}

/** A Fossil repository behind `fossil server`. Nobody may clone it, if it is private. */
export async function fossilRepository(
  folder: string,
  { isPrivate = false } = {},
): Promise<ServedRepository> {
  const [store, copy] = [join(folder, "store.fossil"), join(folder, "copy")];
  await mkdir(copy, { recursive: true });
  const run = runner("fossil", copy, { USER: "ann", HOME: folder });
  run("init", "-A", "ann", store);
  run("open", store);
  if (isPrivate) run("user", "capabilities", "nobody", "", "-R", store);
  if (isPrivate) run("user", "capabilities", "anonymous", "", "-R", store);
  const port = await freePort();
  const words = ["server", store, "--port", `${port}`, "--localhost"];
  const server = await serving("fossil", words, folder, port, { USER: "ann", HOME: folder });
  return {
    place: `fossil http://127.0.0.1:${port}/`,
    run,
    async commit(files, ...flags) {
      await writeFiles(copy, files);
      run("addremove");
      run("commit", "-m", "a change", "--no-warnings", ...flags);
    },
    ...server,
  };
}

/** A Bazaar repository behind `bzr serve`. */
export async function bazaarRepository(folder: string): Promise<ServedRepository> {
  const copy = join(folder, "m");
  await mkdir(copy, { recursive: true });
  const env = { EMAIL: "Ann <ann@example.com>", BRZ_LOG: "/dev/null" };
  const run = runner("bzr", copy, env);
  run("init", "-q", ".");
  const port = await freePort();
  const words = ["serve", "--listen=127.0.0.1", `--port=${port}`, `--directory=${folder}`];
  const server = await serving("bzr", words, folder, port, env);
  return {
    place: `bzr bzr://127.0.0.1:${port}/m`,
    run,
    async commit(files, ...flags) {
      await writeFiles(copy, files);
      run("add", "-q");
      run("commit", "-q", "-m", "a change", ...flags);
    },
    ...server,
  };
}

function runner(
  program: string,
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): (...args: readonly string[]) => string {
  return (...args) => {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd,
      encoding: "utf8",
      env: variables(cwd, env),
    });
    if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${stdout}${stderr}`);
    return stdout;
  };
}

function variables(home: string, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: home, LC_ALL: "C.UTF-8", ...more };
}

async function serving(
  program: string,
  args: readonly string[],
  cwd: string,
  port: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Pick<ServedRepository, "stop" | typeof Symbol.asyncDispose>> {
  const options: SpawnOptions = { cwd, env: variables(cwd, env), stdio: "ignore", detached: true };
  const child = own(spawn(program, args, options), { group: true });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    endNow(child, true);
    await ended;
  };
  await until(`${program} to listen`, () => listens(port));
  return { stop, [Symbol.asyncDispose]: stop };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
