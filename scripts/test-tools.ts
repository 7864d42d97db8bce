// Programs that tests use and that are no npm packages: from Debian, unpacked, or installed where they need others.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, delimiter, join, resolve } from "node:path";
import process from "node:process";
import { provideTestServers } from "./test-servers.ts";

interface Tool {
  /** The program. */
  readonly command: string;
  /** Debian's package that holds it. */
  readonly debianPackage: string;
  /** Packages with libraries that it needs and a plain Debian lacks. */
  readonly libraries?: readonly string[];
}

/** What the README asks for. */
const assumed: readonly (readonly [command: string, argument: string])[] = [
  ["git", "--version"],
  ["go", "version"],
];

const tools: readonly Tool[] = [
  { command: "promtool", debianPackage: "prometheus" },
  { command: "minisign", debianPackage: "minisign", libraries: ["libsodium23"] },
  { command: "ssh", debianPackage: "openssh-client", libraries: ["libedit2", "libbsd0"] },
  {
    command: "sshd",
    debianPackage: "openssh-server",
    libraries: ["libwrap0", "libnsl2", "libtirpc3"],
  },
];

/** These need libraries, a Python or a user of their own, so they are installed, which only root can do. */
const installed: readonly Tool[] = [
  { command: "hg", debianPackage: "mercurial" },
  { command: "svn", debianPackage: "subversion" },
  { command: "fossil", debianPackage: "fossil" },
  { command: "make", debianPackage: "make" },
  { command: "ar", debianPackage: "binutils" },
  { command: "curl", debianPackage: "curl" },
  { command: "ip", debianPackage: "iproute2" },
  { command: "bzr", debianPackage: "bzr" },
  { command: "nginx", debianPackage: "nginx-light" },
  { command: "redis-server", debianPackage: "redis-server" },
  { command: "redis-sentinel", debianPackage: "redis-sentinel" },
  { command: "etcd", debianPackage: "etcd-server" },
  { command: "mariadbd", debianPackage: "mariadb-server" },
  { command: "pg_ctlcluster", debianPackage: "postgresql" },
  { command: "systemd-analyze", debianPackage: "systemd" },
  { command: "systemd-nspawn", debianPackage: "systemd-container" },
];

const folder = resolve("node_modules", ".cache", "debian");

/**
 * A PATH on which the tools are found, and a sentence for each that is missing and cannot be had. Only a machine with
 * apt-get can get any; elsewhere the tests that need one are skipped and say so.
 */
export async function provideTestTools(): Promise<{
  readonly path: string;
  readonly missing: readonly string[];
}> {
  // The compiler is at work while apt-get waits for the network.
  const building = provideTestServers();
  const path = [process.env["PATH"] ?? ""];
  const missing = assumed
    .filter(([command, argument]) => !isOnPath(command, argument))
    .map(([command]) => `${command}: the README asks for it`);
  for (const tool of tools) {
    if (isOnPath(tool.command)) continue;
    const unpacked = join(folder, tool.debianPackage);
    const problem = existsSync(join(unpacked, "bin")) ? undefined : await unpack(tool, unpacked);
    if (problem === undefined) path.push(join(unpacked, "bin"));
    else missing.push(`${tool.command} (Debian's package ${tool.debianPackage}): ${problem}`);
  }
  missing.push(...(await install(installed.filter(({ command }) => !isInstalled(command)))));
  const servers = await building;
  path.push(...servers.folders);
  missing.push(...servers.missing);
  return { path: path.join(delimiter), missing };
}

function isOnPath(command: string, argument = "--version"): boolean {
  return spawnSync(command, [argument], { stdio: "ignore" }).error === undefined;
}

/** Looks for the file: not every server can be asked for its version without being started. */
function isInstalled(command: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  return folders.some((folder) => existsSync(join(folder, command)));
}

/** Says which of them are still missing, and why. */
async function install(tools: readonly Tool[]): Promise<readonly string[]> {
  if (tools.length === 0) return [];
  const packages = tools.map(({ debianPackage }) => debianPackage);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const get = (...args: string[]): Promise<number | null> => run("apt-get", ["-q", ...args], ".");
    const all = ["install", "-y", "--no-install-recommends", ...packages];
    if ((await get(...all)) !== 0 && (await get("update")) === 0) await get(...all);
  }
  const why = isRoot ? "apt-get cannot install it" : "only root can install it";
  return tools
    .filter(({ command }) => !isInstalled(command))
    .map(({ command, debianPackage }) => `${command} (Debian's package ${debianPackage}): ${why}`);
}

/** Says what went wrong, if anything did. */
async function unpack(tool: Tool, to: string): Promise<string | undefined> {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "work-"));
  try {
    const packages = [tool.debianPackage, ...(tool.libraries ?? [])];
    const download = (): Promise<number | null> =>
      run("apt-get", ["download", "-q", ...packages], work);
    // A machine that has never asked for its package lists knows no package.
    const isThere =
      (await download()) === 0 ||
      ((await run("apt-get", ["update", "-q"], work)) === 0 && (await download()) === 0);
    if (!isThere) return "apt-get cannot download it";
    const files = join(work, "files");
    for (const archive of globSync("*.deb", { cwd: work })) {
      if ((await run("dpkg", ["-x", archive, files], work)) !== 0) return "dpkg cannot unpack it";
    }
    writeStarters(files, to);
    rmSync(to, { recursive: true, force: true });
    renameSync(files, to);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Small scripts in `bin` that start the unpacked programs with their libraries. */
function writeStarters(files: string, at: string): void {
  mkdirSync(join(files, "bin"));
  const libraries = globSync("{usr/,}lib/*-linux-gnu*", { cwd: files }).map((name) =>
    join(at, name),
  );
  for (const program of globSync("usr/{bin,sbin}/*", { cwd: files })) {
    const lines = [
      "#!/bin/sh",
      `export LD_LIBRARY_PATH="${libraries.join(":")}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`,
      `exec "${join(at, program)}" "$@"`,
    ];
    writeFileSync(join(files, "bin", basename(program)), `${lines.join("\n")}\n`, { mode: 0o755 });
  }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<number | null> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    const [status] = await once(spawn(command, args, { cwd, stdio: "ignore", env }), "exit");
    return typeof status === "number" ? status : null;
  } catch {
    return null; // there is no such program
  }
}
