// A PostgreSQL server of a test's own, on a socket in its own folder and a free port of the loopback.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { freePort } from "@stoa/blobs/testing";
import { Client } from "pg";
import { type ServerCertificate, writeCertificate } from "./server-certificate.ts";

const execute = promisify(execFile);

/** Where Debian and the PATH have the server's programs; `undefined` without a server. */
const programs = globSync([
  "/usr/lib/postgresql/*/bin/initdb",
  ...(process.env["PATH"] ?? "").split(":").map((folder) => `${folder}/initdb`),
])
  .map((file) => dirname(file))
  .sort()
  .at(0);

/** Why no server can be started here; `false` if one can. */
export const noPostgres: string | false =
  programs === undefined && "there is no PostgreSQL on this machine (Debian's package postgresql)";

/** A running server. */
export interface PostgresServer extends AsyncDisposable {
  /** Of its one database. */
  readonly url: string;
  /** Carries statements out, one by one; the first value of the last one's answer as text, or "". */
  run(...statements: readonly string[]): Promise<string>;
  /** Ends it as a power failure would. */
  kill(): Promise<void>;
  /** Starts it again where it was. */
  start(): Promise<void>;
  /** Puts an empty server in its place. */
  replace(): Promise<void>;
  /** Lets it stand still with all its processes, and go on. */
  pause(): void;
  resume(): void;
}

/** The server refuses to run as root; then it runs as nobody. */
const owner: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Starts an empty server, with a certificate one that can be spoken to over TLS as well. Ready when this resolves. */
export async function startPostgres(certificate?: ServerCertificate): Promise<PostgresServer> {
  const bin = programs ?? "";
  const folder = await mkdtemp(join(tmpdir(), "stoa-postgres-"));
  await chmod(folder, 0o700);
  if (owner.uid !== undefined) await chown(folder, owner.uid, owner.gid ?? owner.uid);
  const data = join(folder, "data");
  const tls = certificate && (await writeCertificate(folder, certificate, owner));
  const options = { ...owner, cwd: folder, env: { PATH: process.env["PATH"], LC_ALL: "C" } };
  const words =
    tls === undefined
      ? []
      : ["-c", "ssl=on", "-c", `ssl_key_file=${tls.key}`, "-c", `ssl_cert_file=${tls.cert}`];
  const initialize = (): Promise<unknown> =>
    execute(
      join(bin, "initdb"),
      ["-D", data, "-U", "stoa", "-A", "trust", "--no-sync", "-E", "UTF8"],
      options,
    );
  await initialize();
  const port = await freePort();
  let server: ReturnType<typeof spawn> | undefined;
  const url = `postgres://stoa@127.0.0.1:${port}/postgres`;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  };
  const start = async (): Promise<void> => {
    server = spawn(
      join(bin, "postgres"),
      ["-D", data, "-p", `${port}`, "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off", ...words],
      { ...options, stdio: ["ignore", "ignore", "pipe"] },
    );
    const lines: string[] = [];
    for await (const chunk of server.stderr ?? []) {
      lines.push(String(chunk));
      if (lines.join("").includes("database system is ready to accept connections")) {
        server.stderr?.resume();
        return;
      }
    }
    throw new Error(`PostgreSQL did not start: ${lines.join("")}`);
  };
  await start();
  return {
    url,
    async run(...statements) {
      const client = new Client({ connectionString: url });
      await client.connect();
      try {
        let rows: readonly object[] = [];
        for (const statement of statements) ({ rows } = await client.query(statement));
        return String(Object.values(rows[0] ?? {})[0] ?? "");
      } finally {
        await client.end();
      }
    },
    start,
    kill: () => end("SIGQUIT"),
    async replace() {
      await end("SIGQUIT");
      await rm(data, { recursive: true });
      await initialize();
      await start();
    },
    pause: () => signalAll(server?.pid, "SIGSTOP"),
    resume: () => signalAll(server?.pid, "SIGCONT"),
    async [Symbol.asyncDispose]() {
      await end("SIGQUIT");
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The server first, so that it starts no others meanwhile. Its processes are in sessions of their own. */
function signalAll(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  signalOne(pid, signal);
  for (const file of globSync("/proc/[0-9]*/stat")) {
    // proc(5): pid, name in brackets, state, parent.
    const [, own, parent] = /^(\d+) \(.*\) \S (\d+) /s.exec(readStat(file)) ?? [];
    if (Number(parent) === pid) signalOne(Number(own), signal);
  }
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (failure) {
    // It has ended meanwhile.
    if ((failure as NodeJS.ErrnoException).code !== "ESRCH") throw failure;
  }
}

function readStat(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // it has just ended
  }
}
