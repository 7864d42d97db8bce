// A git repository that any server of files can serve.
import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { writeFiles } from "./sources.ts";

export interface DumbGit {
  /** What is to be served. */
  readonly folder: string;
  /** The repository in it. */
  readonly name: string;
  /** Commits files and tags the commit. */
  readonly commit: (files: Readonly<Record<string, string>>, tag: string) => Promise<void>;
}

export async function gitRepository(folder: string): Promise<DumbGit> {
  const copy = join(folder, "copy");
  const name = "copy/.git";
  await mkdir(copy, { recursive: true });
  const git = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync("git", args, {
      cwd: copy,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        HOME: folder,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_AUTHOR_NAME: "Ann",
        GIT_AUTHOR_EMAIL: "ann@example.com",
        GIT_COMMITTER_NAME: "Ann",
        GIT_COMMITTER_EMAIL: "ann@example.com",
      },
    });
    if (status !== 0) throw new Error(`git ${args.join(" ")} failed: ${stderr}`);
  };
  git("init", "-q", ".");
  return {
    folder,
    name,
    async commit(files, tag) {
      await writeFiles(copy, files);
      git("add", ".");
      git("commit", "-q", "-m", "a change");
      git("tag", tag);
      git("update-server-info");
    },
  };
}
