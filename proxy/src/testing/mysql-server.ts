// A MariaDB server of a test's own, on a socket in its own folder and a free port of the loopback.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { freePort } from "@stoa/blobs/testing";
import { type ServerCertificate, writeCertificate } from "./server-certificate.ts";

const execute = promisify(execFile);
const programs = { server: "/usr/sbin/mariadbd", install: "/usr/bin/mariadb-install-db" } as const;

/** Why no server can be started here; `false` if one can. */
export const noMysql: string | false =
  !Object.values(programs).every((file) => existsSync(file)) &&
  "there is no MariaDB on this machine (Debian's package mariadb-server)";

/**
 * A running server with an empty database `athens` and the user `athens`, whose password is `secret`, and whom a server
 * with a certificate takes in over TLS alone.
 */
export interface MysqlServer extends AsyncDisposable {
  readonly port: number;
}

/** As root it runs as nobody: the server refuses root. */
const owner: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Starts it, with a certificate one that can be spoken to over TLS as well. Ready when this resolves. */
export async function startMysql(certificate?: ServerCertificate): Promise<MysqlServer> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-mysql-"));
  if (owner.uid !== undefined) await chown(folder, owner.uid, owner.gid ?? owner.uid);
  const data = join(folder, "data");
  const options = { ...owner, cwd: folder, env: { PATH: process.env["PATH"], LC_ALL: "C" } };
  await execute(
    programs.install,
    [
      "--no-defaults",
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
    ],
    options,
  );
  const tls = certificate === undefined ? [] : await tlsWords(folder, certificate);
  const port = await freePort();
  const socket = join(folder, "socket");
  const init = join(folder, "init.sql");
  await execute(
    "sh",
    [
      "-c",
      `printf '%s\\n' "CREATE DATABASE athens CHARACTER SET utf8;" "CREATE USER athens@'%' IDENTIFIED BY 'secret' REQUIRE ${tls.length > 0 ? "SSL" : "NONE"};" "GRANT SELECT, INSERT, DELETE, CREATE ON athens.* TO athens@'%';" > ${init}`,
    ],
    options,
  );
  const server = spawn(
    programs.server,
    [
      "--no-defaults",
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
      `--init-file=${init}`,
      "--innodb-buffer-pool-size=16M",
      "--innodb-flush-log-at-trx-commit=0",
      "--default-time-zone=+05:00",
      ...tls,
    ],
    { ...options, stdio: ["ignore", "ignore", "pipe"] },
  );
  const lines: string[] = [];
  let isReady = false;
  for await (const chunk of server.stderr) {
    lines.push(String(chunk));
    isReady = lines.join("").includes("ready for connections");
    if (isReady) break;
  }
  if (!isReady) throw new Error(`MariaDB did not start: ${lines.join("")}`);
  return {
    port,
    async [Symbol.asyncDispose]() {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, "exit");
        server.kill("SIGKILL");
        await ended;
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function tlsWords(
  folder: string,
  certificate: ServerCertificate,
): Promise<readonly string[]> {
  const { key, cert } = await writeCertificate(folder, certificate, owner);
  return [`--ssl-key=${key}`, `--ssl-cert=${cert}`];
}
