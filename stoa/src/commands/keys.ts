// stoa key, stoa key make: keys that sign, in minisign's form.
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { makeSecretKey, publicKeyLine, secretKeyFile } from "@stoa/deployment/minisign";
import { whyUnwritable } from "../config/unreadable-file.ts";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { give, giveJson } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** Prints the public key with which the server signs documents: what machines are told with `--key`. */
export async function showKey({ environment }: CommandPlace, isJson: boolean): Promise<void> {
  const client = new ControlClient(await readLogin(environment));
  const { rootKey } = await client.get<{ rootKey: string }>("/server");
  if (isJson) giveJson({ rootKey });
  else give(rootKey);
}

/** Writes a new secret key for its owner alone, and prints its public key. A file that is there is left alone. */
export async function makeKey({ folder }: CommandPlace, file: string): Promise<void> {
  const key = makeSecretKey();
  const path = resolve(folder, file);
  try {
    await writeFile(path, secretKeyFile(key), { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new Error(`${path} cannot be written: ${whyUnwritable(cause)}`, { cause });
  }
  give(publicKeyLine(key));
}
