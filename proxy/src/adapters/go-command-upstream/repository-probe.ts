// Asks version control systems themselves, where the go command does not pass on what they say.
import type { VersionOrigin } from "@stoa/gomod";
import { complaintFailure } from "./complaint.ts";
import { type ProgramCall, type ProgramEnd, ProgramFailure, runProgram } from "./program-run.ts";

/**
 * The question whether a repository can be read, as a command. The go command takes every complaint of Subversion for
 * "unknown revision", and lists the tags of a Mercurial clone also when it could not be brought up to date
 * (cmd/go codehost vcsRepo.statLocal, loadTags).
 */
const questions: Readonly<Record<string, (url: string) => readonly string[]>> = {
  hg: (url) => ["hg", "--noninteractive", "identify", "--id", "--", url],
  svn: (url) => ["svn", "info", "--non-interactive", "--", url],
};

/** An address that no program takes for an option or a command. */
const plainUrl = /^(https?|ssh|svn|svn\+ssh):\/\/[\w[][^\s]*$/;

/** Rejects with a `ProxyFailure` if the repository cannot be read. Says nothing of systems that need no question. */
export async function requireReadable(
  { vcs = "", url = "" }: VersionOrigin,
  call: Pick<ProgramCall, "cwd" | "env" | "limitMs">,
  signal: AbortSignal,
): Promise<void> {
  const question = questions[vcs];
  if (question === undefined || !plainUrl.test(url)) return;
  const [command = "", ...args] = question(url);
  const { exitCode, stderr } = await ended({ ...call, command, args }, signal);
  if (exitCode !== 0) throw complaintFailure(`${vcs}: exit status ${exitCode}:\n${stderr}`);
}

async function ended(call: ProgramCall, signal: AbortSignal): Promise<ProgramEnd> {
  try {
    return await runProgram(call, signal);
  } catch (failure) {
    if (!(failure instanceof ProgramFailure) || failure.kind !== "missing") throw failure;
    throw complaintFailure(`exec: "${call.command}": executable file not found`);
  }
}
