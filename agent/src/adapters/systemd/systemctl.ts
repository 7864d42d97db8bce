// Runs systemctl and its siblings.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { AgentFailure } from "../../domain/agent-failure.ts";

/** What came of a command. */
export interface Answered {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** What runs the commands of systemd: its words go to the program of that name. Never fails; the code tells. */
export type RunCommand = (program: string, words: readonly string[]) => Promise<Answered>;

const longestCommandMs = 90_000;
const mostOutputBytes = 16 << 20;

/** The commands of this machine. */
export const runCommand: RunCommand = (program, words) =>
  new Promise((resolve) => {
    execFile(
      program,
      words,
      {
        timeout: longestCommandMs,
        maxBuffer: mostOutputBytes,
        env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
      },
      (error, output, errors) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, output, errors: errors.trim() || (error?.message ?? "") });
      },
    );
  });

/** `append:` and `Type=exec` came with 240, `:` before a command with 244. */
const firstGoodVersion = 244;

/**
 * The version of the systemd that is in charge of this machine; undefined where there is none, where it is too old for
 * the units, or where this process may not tell it what to do. Authority: sd_booted(3).
 */
export async function systemdVersion(run: RunCommand = runCommand): Promise<number | undefined> {
  if (process.getuid?.() !== 0 || !existsSync("/run/systemd/system")) return undefined;
  const { code, output } = await run("systemctl", ["--version"]);
  const version = Number(/^systemd (\d+)/.exec(output)?.[1]);
  return code === 0 && version >= firstGoodVersion ? version : undefined;
}

/** With these words systemd says that it does not do what a unit says; else it only warns, say of the user nobody. */
const refusal = /ignoring|refus|invalid|not executable|failed to/i;

/** What of unit files systemd would not take; nothing where systemd-analyze is not installed. Its exit code says nothing. */
export async function complaintsAbout(
  run: RunCommand,
  paths: readonly string[],
): Promise<readonly string[]> {
  const { errors } = await run("systemd-analyze", ["verify", "--man=no", ...paths]);
  const names = paths.map((path) => basename(path));
  // Other units of the machine are loaded too, and are none of ours.
  return errors
    .split("\n")
    .filter((line) => refusal.test(line) && names.some((name) => line.includes(`${name}:`)));
}

/** Fails with the last words of systemctl. */
export async function told(run: RunCommand, words: readonly string[]): Promise<string> {
  const { code, output, errors } = await run("systemctl", words);
  if (code === 0) return output;
  throw new AgentFailure(
    "keeper_unreachable",
    `systemctl ${words.join(" ")} failed: ${errors.split("\n").at(-1)}`,
  );
}
