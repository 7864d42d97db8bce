// Asks version control systems themselves, where the go command does not pass on what they say.
import type { VersionOrigin } from "@stoa/gomod";
import { Complaint } from "./complaint.ts";
import { type ProgramCall, type ProgramEnd, ProgramFailure, runProgram } from "./program-run.ts";

/** In which surroundings a program is asked. */
export type Surroundings = Pick<ProgramCall, "cwd" | "env" | "limitMs">;

/** An address that no program takes for an option or a command. */
const plainUrl = /^(https?|ssh|svn|svn\+ssh):\/\/[\w[][^\s]*$/;

/**
 * Rejects with a `Complaint` if a Subversion repository cannot be read: the go command takes whatever Subversion says for
 * "unknown revision" (cmd/go codehost vcsRepo.statLocal).
 */
export async function requireReadableSubversion(
  { url = "" }: VersionOrigin,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  if (!plainUrl.test(url)) return;
  await ask(["svn", "info", "--non-interactive", "--", url], surroundings, signal);
}

/**
 * Rejects with a `Complaint` if a Mercurial clone cannot be brought up to date: the go command pulls, but lists the tags
 * that it has also if that fails (cmd/go codehost vcsRepo.loadTags). A second pull costs little.
 */
export async function requirePulledMercurial(
  clone: string,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  await ask(["hg", "--noninteractive", "pull", "-f"], { ...surroundings, cwd: clone }, signal);
}

async function ask(
  [command = "", ...args]: readonly string[],
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, stderr } = await ended({ ...surroundings, command, args }, signal);
  if (exitCode === 0) return;
  // As the go command would have put it.
  throw new Complaint(
    `${command} ${args.join(" ")} in ${surroundings.cwd}: exit status ${exitCode}:\n${stderr}`,
  );
}

async function ended(call: ProgramCall, signal: AbortSignal): Promise<ProgramEnd> {
  try {
    return await runProgram(call, signal);
  } catch (failure) {
    if (!(failure instanceof ProgramFailure) || failure.kind !== "missing") throw failure;
    throw new Complaint(`exec: "${call.command}": executable file not found in $PATH`);
  }
}
