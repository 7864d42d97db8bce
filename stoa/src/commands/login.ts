// stoa login: which server the commands of this user speak to.
import { readFile } from "node:fs/promises";
import process from "node:process";
import { whyUnreadable } from "../config/unreadable-file.ts";
import { ControlClient } from "../delivery/control-client.ts";
import { keepLogin, serverOf } from "../delivery/login.ts";
import { say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** Tries a token and keeps it. The token comes from a file, from STOA_TOKEN, or through standard input. */
export async function login(
  { environment }: CommandPlace,
  address: string,
  { tokenFile }: { readonly tokenFile?: string },
): Promise<void> {
  const server = serverOf(address);
  const token = await readToken(tokenFile, environment["STOA_TOKEN"]).catch(async (failure) => {
    // The first request makes the control plane, and with it the file that may be meant.
    await new ControlClient({ server, token: "none" }).get("/server").catch(() => undefined);
    return await readToken(tokenFile, environment["STOA_TOKEN"]).catch(() => {
      throw failure;
    });
  });
  await new ControlClient({ server, token }).get("/server");
  const file = await keepLogin(environment, { server, token });
  say(`logged in to ${server}; kept in ${file}`);
}

async function readToken(file: string | undefined, variable: string | undefined): Promise<string> {
  if (file === undefined && variable) return variable;
  if (file === undefined && process.stdin.isTTY) {
    throw new Error("a token is needed: --token-file FILE, STOA_TOKEN, or through standard input");
  }
  const text = await readFile(file ?? "/dev/stdin", "utf8").catch(
    (cause: NodeJS.ErrnoException) => {
      throw new Error(
        `the token cannot be read from ${file ?? "standard input"}: ${whyUnreadable(cause)}`,
        { cause },
      );
    },
  );
  if (text.trim() !== "") return text.trim();
  throw new Error(`there is no token in ${file ?? "standard input"}`);
}
