// Which server is meant, and the token it is asked with.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Environment } from "../config/load-config.ts";

/** A server and who one is to it. */
export interface Login {
  /** Scheme, host and port, without a slash at the end. */
  readonly server: string;
  readonly token: string;
}

const defaultServer = "http://localhost:3000";

/** The login of the environment (STOA_SERVER, STOA_TOKEN), else the one that `stoa login` has kept. Throws a sentence. */
export async function readLogin(environment: Environment): Promise<Login> {
  const kept = await readKept(environment);
  const server = serverOf(environment["STOA_SERVER"] || kept?.server || defaultServer);
  const token = environment["STOA_TOKEN"] || (kept?.server === server ? kept.token : undefined);
  if (token !== undefined) return { server, token };
  throw new Error(
    `you are not logged in to ${server}: stoa login ${server} --token-file FILE, or set STOA_SERVER and STOA_TOKEN`,
  );
}

/** Keeps a login for later commands of this user. */
export async function keepLogin(environment: Environment, login: Login): Promise<string> {
  const file = loginFile(environment);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return file;
}

/** The address of a server as it is kept and compared. Throws a sentence. */
export function serverOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== "/") {
    throw new Error(
      `${JSON.stringify(text)} is not the address of a server, such as ${defaultServer}`,
    );
  }
  return url.origin;
}

function loginFile(environment: Environment): string {
  const base = environment["XDG_CONFIG_HOME"] || join(environment["HOME"] || homedir(), ".config");
  return join(base, "stoa", "login.json");
}

async function readKept(environment: Environment): Promise<Login | undefined> {
  const file = loginFile(environment);
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { server, token } = JSON.parse(text) as Login;
    return { server, token };
  } catch {
    throw new Error(`${file} is damaged; remove it and log in again: stoa login`);
  }
}
