// stoa keeper: owns the sockets and processes of a server's services.
import { resolve } from "node:path";
import process from "node:process";
import { openKeeper } from "@stoa/agent/keeper";
import { interruption } from "./interruption.ts";

/** Owns them until SIGTERM or SIGINT; the processes then run on. */
export async function runKeeper({ root }: { readonly root: string }): Promise<void> {
  const end = interruption();
  const keeper = await openKeeper(resolve(root));
  process.stdout.write(`the keeper listens on ${keeper.socketPath}\n`);
  if (!end.aborted) await new Promise((told) => end.addEventListener("abort", told));
  await keeper[Symbol.asyncDispose]();
  process.exit(0);
}
