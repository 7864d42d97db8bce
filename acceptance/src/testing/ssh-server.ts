// A real sshd on the loopback address, for the account that runs the tests, and the keys to log in there.
import { spawn, spawnSync } from "node:child_process";
import { appendFile, copyFile, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { until } from "./bounded-wait.ts";
import { freePort } from "./free-port.ts";
import { endNow, own } from "./owned-processes.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface SshServer extends AsyncDisposable {
  /** `ssh://user@127.0.0.1:port`, to be followed by the path of a folder. */
  readonly url: string;
  /** The private key that is let in. */
  readonly keyFile: string;
  /** A private key that is not. */
  readonly strangeKeyFile: string;
  /** A known_hosts file with the server's key. */
  readonly knownHostsFile: string;
}

const isRoot = process.getuid?.() === 0;

/** Why there can be no server here; false if there can. For the option `skip` of a test. */
export function sshIsMissing(): string | false {
  for (const command of ["ssh", "ssh-keygen", "ssh-agent", "sshd"]) {
    if (pathOf(command) === "") return `there is no ${command} on this machine`;
  }
  if (!isRoot) return false;
  const { status } = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return status !== 0 && "sshd needs an account and a folder that this machine may not have";
}

export async function sshServer(): Promise<SshServer> {
  const folder = await temporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  for (const name of ["host", "key", "strange"]) {
    spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(name)]);
  }
  await copyFile(file("key.pub"), file("authorized"));
  const port = await freePort();
  await writeFile(file("config"), configuration(port, file));
  const hostKey = (await readFile(file("host.pub"), "utf8")).split(" ").slice(0, 2).join(" ");
  await writeFile(file("known"), `[127.0.0.1]:${port} ${hostKey}\n`);
  const child = own(await start(file), { group: true });
  await until("sshd to listen", () => isListening(port));
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    keyFile: file("key"),
    strangeKeyFile: file("strange"),
    knownHostsFile: file("known"),
    async [Symbol.asyncDispose]() {
      endNow(child, true);
      await folder[Symbol.asyncDispose]();
    },
  };
}

function pathOf(command: string): string {
  const { stdout } = spawnSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" });
  return stdout.trim();
}

/** Authority: man 5 sshd_config. */
function configuration(port: number, file: (name: string) => string): string {
  return `
ListenAddress 127.0.0.1:${port}
HostKey ${file("host")}
AuthorizedKeysFile ${file("authorized")}
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AcceptEnv GIT_PROTOCOL
`;
}

/** For root it wants an account `sshd` and a folder in /run: it gets them in a namespace of its own. */
async function start(file: (name: string) => string): Promise<ReturnType<typeof spawn>> {
  const words = [pathOf("sshd"), "-D", "-e", "-f", file("config")];
  const options = { detached: true, stdio: "ignore" } as const;
  if (!isRoot) return spawn(words[0] ?? "", words.slice(1), options);
  await copyFile("/etc/passwd", file("passwd"));
  if (!/^sshd:/m.test(await readFile(file("passwd"), "utf8"))) {
    await appendFile(file("passwd"), "sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin\n");
  }
  const script = `mount --bind "$0" /etc/passwd && mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec "$@"`;
  return spawn("unshare", ["--mount", "sh", "-c", script, file("passwd"), ...words], options);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
