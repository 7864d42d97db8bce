// Whether there is a git program, and whether it is one that does what is needed.
import { type Git, GitFailure } from "./git-process.ts";

type Variables = Readonly<Record<string, string>>;

/** git that keeps to the addresses that were checked (http.curloptResolve). Authority: git's RelNotes/2.37.0. */
const leastVersion = [2, 37] as const;

/** What is wrong with the git program, as a part of a sentence; `undefined` if nothing is. */
async function gitComplaint(git: Git, env: Variables): Promise<string | undefined> {
  const deadlines = { silenceMs: 20_000, totalMs: 20_000 };
  try {
    const output = await git.run(
      { args: ["version"], env, deadlines },
      new AbortController().signal,
    );
    return complaintAbout(output.toString());
  } catch (failure) {
    if (!(failure instanceof GitFailure)) throw failure;
    return failure.kind === "missing"
      ? "this proxy has no git program to ask the repository with: install git, or put it on the PATH"
      : "the git program of this proxy does not work";
  }
}

/** Asks as `gitComplaint` until a git was found that works: one that is missing may be installed while this program runs. */
export function rememberedComplaint(git: Git, env: Variables): () => Promise<string | undefined> {
  let isSound = false;
  return async () => {
    if (isSound) return undefined;
    const complaint = await gitComplaint(git, env);
    isSound = complaint === undefined;
    return complaint;
  };
}

/** What is wrong with a git that says this about its version. */
export function complaintAbout(output: string): string | undefined {
  const [, text = "", major, minor] = /^git version ((\d+)\.(\d+)\S*)/.exec(output) ?? [];
  if (major === undefined || minor === undefined) return "the version of git cannot be read";
  const isOld =
    Number(major) < leastVersion[0] ||
    (Number(major) === leastVersion[0] && Number(minor) < leastVersion[1]);
  return isOld ? `git ${text} is too old: at least ${leastVersion.join(".")} is needed` : undefined;
}
