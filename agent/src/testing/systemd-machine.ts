// A machine with a real systemd: a container over this one's root, whose changes are in memory. It shares the network.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";

const repository = resolve(import.meta.dirname, "../../..");

/** Why none can be had here, or undefined. */
export const noSystemdMachine: string | undefined = reason();

/** A machine that has started. */
export interface SystemdMachine extends AsyncDisposable {
  /** Runs a command in it and returns its output; fails unless it succeeds. */
  run(program: string, ...words: readonly string[]): string;
  /** Starts it anew, and waits until it has. */
  reboot(): Promise<void>;
}

/**
 * Starts one. What is below `folder` is the same inside and outside, and so is this repository, which cannot be changed
 * from inside.
 */
export async function startSystemdMachine(folder: string): Promise<SystemdMachine> {
  const machine = join(folder, "machine");
  mkdirSync(machine);
  const boot = spawn(
    "unshare",
    ["--mount", "sh", "-ec", bootScript, "sh", machine, folder, repository, String(process.pid)],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let console = "";
  for (const stream of [boot.stdout, boot.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      console = (console + bytes.toString()).slice(-20_000);
    });
  }
  const ended = new Promise((resolve) => boot.once("exit", resolve));
  let leader = await started(boot, () => console);
  const inside = (words: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync("nsenter", ["-t", String(leader), "-m", "-u", "-i", "-p", "--", ...words], {
      encoding: "utf8",
    });
  return {
    run: (...words) => {
      const { status, stdout, stderr } = inside(words);
      if (status !== 0) throw new Error(`${words.join(" ")}: ${stdout}${stderr}`);
      return String(stdout);
    },
    reboot: async () => {
      const before = leader;
      inside(["systemctl", "reboot"]);
      leader = await started(boot, () => console, before);
    },
    [Symbol.asyncDispose]: async () => {
      inside(["systemctl", "poweroff", "--force", "--force"]);
      const killer = setTimeout(() => boot.kill("SIGKILL"), 30_000);
      await ended;
      clearTimeout(killer);
      removeGroups(boot.pid ?? 0);
      rmSync(machine, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Where systemd keeps its control groups: cgroup v2 alone, v1, or v1 with v2 beside it. */
const controlGroups = [
  "/sys/fs/cgroup",
  "/sys/fs/cgroup/systemd",
  "/sys/fs/cgroup/unified",
] as const;

/** Removes the groups that the script has made; they are empty by then, or belong to whoever still lives. */
function removeGroups(pid: number): void {
  for (const groups of controlGroups) {
    spawnSync("find", [join(groups, `stoa-test-${pid}`), "-depth", "-type", "d", "-delete"]);
  }
}

/** Enough of a machine to boot: nothing of what happens to be installed here is started. */
const bootScript = `
# Two machines in one control group would take each other's processes for their own.
for groups in ${controlGroups.join(" ")}; do
  [ -e "$groups/cgroup.procs" ] || continue
  mkdir "$groups/stoa-test-$$"
  echo $$ > "$groups/stoa-test-$$/cgroup.procs"
done
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
rm -rf etc/systemd/system/*.wants etc/rc?.d etc/systemd/system/default.target
ln -s /lib/systemd/system/multi-user.target etc/systemd/system/default.target
mount -t tmpfs tmpfs /run
code=133
# With this code a machine asks to be started anew (systemd-nspawn(1), --keep-unit).
while [ $code = 133 ]; do
  code=0
  systemd-nspawn --boot --quiet --keep-unit --register=no --link-journal=no --resolv-conf=off --timezone=off \\
    --machine="stoa-test-$4" --bind="$2:$2:norbind" --bind-ro="$3:$3:norbind" --directory="$1/root" || code=$?
done
`;

async function started(boot: ChildProcess, console: () => string, before = 0): Promise<number> {
  const deadline = performance.now() + 180_000;
  while (performance.now() < deadline && boot.exitCode === null) {
    const leader = leaderOf(boot.pid ?? 0);
    if (leader !== undefined && leader !== before) {
      const { stdout } = spawnSync(
        "nsenter",
        ["-t", String(leader), "-m", "-u", "-i", "-p", "--", "systemctl", "is-system-running"],
        { encoding: "utf8" },
      );
      if (/^(running|degraded)/.test(stdout)) return leader;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the machine did not start:\n${console()}`);
}

/** The first process in the container: the one below `systemd-nspawn` whose number inside is 1. */
function leaderOf(parent: number): number | undefined {
  for (const child of childrenOf(parent)) {
    const inside = /^NSpid:.*\t1$/m.test(read(`/proc/${child}/status`));
    if (inside && read(`/proc/${child}/comm`).trim() === "systemd") return child;
    const below = leaderOf(child);
    if (below !== undefined) return below;
  }
  return undefined;
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter(
      (pid) => pid > 0 && new RegExp(`^PPid:\t${parent}$`, "m").test(read(`/proc/${pid}/status`)),
    );
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function reason(): string | undefined {
  if (process.getuid?.() !== 0) return "only root can start a machine";
  for (const program of ["systemd-nspawn", "systemctl", "nsenter", "unshare"]) {
    if (spawnSync(program, ["--version"]).error !== undefined) return `there is no ${program}`;
  }
  const probe = spawnSync("unshare", [
    "--mount",
    "sh",
    "-ec",
    "mount --make-rprivate /; mount -t tmpfs tmpfs /mnt; mkdir /mnt/u /mnt/w /mnt/r; mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r",
  ]);
  return probe.status === 0 ? undefined : "this machine does not allow an overlay of its root";
}
