// A machine's own system folders on the machine of the test: what is written to /etc, /opt and /usr/lib lands elsewhere.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { smallDisk, smallDiskIsMissing } from "./small-disk.ts";

/** A system of its own. Disposing of it forgets what was written; programs in it must have ended. */
export interface OwnSystem extends AsyncDisposable {
  /** The words that start a program in it. All that it has started ends with it. */
  readonly inside: readonly string[];
  /** Where a file of the system is found from outside, if it was written in it. */
  readonly outside: (path: string) => string;
  /** A folder that is first in the PATH of programs in it. */
  readonly programs: string;
}

const covered = ["etc", "opt", "usr/lib"] as const;

/** Why there can be none here; false if there can. For the option `skip` of a test. */
export function ownSystemIsMissing(): string | false {
  const { status } = spawnSync("unshare", ["--mount", "--pid", "--fork", "--mount-proc", "true"]);
  return smallDiskIsMissing() || (status !== 0 && "only root may make namespaces");
}

/** Makes one, for files of 256 MB in all. */
export async function ownSystem(): Promise<OwnSystem> {
  const disk = await smallDisk(256 << 20);
  const part = (name: string, use: string): string =>
    join(disk.path, `${name.replaceAll("/", "-")}-${use}`);
  const programs = join(disk.path, "programs");
  mkdirSync(programs);
  const mounts = covered.map((name) => {
    for (const use of ["upper", "work"]) mkdirSync(part(name, use));
    const layers = `lowerdir=/${name},upperdir=${part(name, "upper")},workdir=${part(name, "work")}`;
    return `mount -t overlay -o ${layers} overlay /${name}`;
  });
  // The shell stays: the first process of a system has to bury the children of others.
  const start = [`PATH=${programs}:$PATH`, "export PATH", '{ "$@" & wait "$!"; }'];
  const script = [...mounts, ...start].join(" && ");
  return {
    programs,
    inside: [
      ...["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"],
      ...["--mount-proc", "sh", "-c", script, "sh"],
    ],
    outside: (path) => {
      const name = covered.find((candidate) => path.startsWith(`/${candidate}/`));
      if (name === undefined) throw new Error(`${path} is not a part of the system's own`);
      return join(part(name, "upper"), path.slice(name.length + 2));
    },
    [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
  };
}
