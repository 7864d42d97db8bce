// The programs from outside: finding them, installing them on Debian where that is allowed, and asking for their versions.
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type BenchRun, Skipped, type ToolName } from "./bench-run.ts";

interface Tool {
  /** The Debian package, or the sentence that says where to get it. */
  readonly debian?: string;
  readonly advice: string;
  readonly versionArguments: readonly string[];
}

const tools: Readonly<Record<ToolName, Tool>> = {
  nginx: { debian: "nginx-light", advice: "install nginx", versionArguments: ["-v"] },
  wrk: { debian: "wrk", advice: "install wrk", versionArguments: ["-v"] },
  taskset: {
    debian: "util-linux",
    advice: "install util-linux, on Linux",
    versionArguments: ["--version"],
  },
  versitygw: {
    advice: "let `npm test -- object-storage` build the S3 server of the tests",
    versionArguments: ["--version"],
  },
  go: { advice: "install the Go toolchain from go.dev/dl", versionArguments: ["version"] },
};

const builtServers = fileURLToPath(new URL("../../node_modules/.cache/go-tools", import.meta.url));

/** Makes sure of all that is needed, by apt-get where this is Debian and we may; throws `Skipped` where it cannot. */
export function requireTools(needed: readonly ToolName[], run: BenchRun): void {
  const missing = needed.filter((name) => toolVersion(name) === undefined);
  if (missing.length === 0) return;
  const packages = missing.flatMap((name) => tools[name].debian ?? []);
  if (packages.length > 0 && mayInstall()) {
    run.say(`installing ${packages.join(" ")} …`);
    aptInstall(packages);
  }
  const absent = missing.filter((name) => toolVersion(name) === undefined);
  if (absent.length === 0) return;
  const advice = absent.map((name) => tools[name].advice).join(" and ");
  throw new Skipped(`${absent.join(" and ")} not found; to measure this, ${advice}`);
}

/** What a program says its version is, in one line; `undefined` if there is no such program. */
export function toolVersion(name: ToolName): string | undefined {
  const { stdout, stderr, error } = spawnSync(commandOf(name), tools[name].versionArguments, {
    encoding: "utf8",
  });
  if (error !== undefined) return undefined;
  return `${stdout}${stderr}`.split("\n")[0]?.trim();
}

/** How to call a program: Debian keeps nginx, and the tests their own servers, where the PATH of users does not look. */
export function commandOf(name: ToolName): string {
  if (name === "versitygw") return globSync(`${builtServers}/versitygw@*/versitygw`).at(-1) ?? name;
  return name === "nginx" && existsSync("/usr/sbin/nginx") ? "/usr/sbin/nginx" : name;
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version");
}

function aptInstall(packages: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const words of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    spawnSync("apt-get", ["-q", ...words], { env, stdio: ["ignore", "ignore", "inherit"] });
  }
}
