// Starts a program whose parent is process 1, for those that end any other parent (facebookgo/grace, gracehttp).
import type { ChildProcess } from "node:child_process";

/**
 * The words before the program's own. A shell starts another one in a session of its own, says its number, and ends. The
 * other one waits until it is an orphan, and becomes the program.
 */
export function orphanWords(setsid: string, steps: string): readonly string[] {
  return ["/bin/sh", "-c", leave, setsid, `${untilOrphan}; ${steps}`];
}

/** The number of the process that was left behind. It is 0 if there is none. */
export async function orphanOf(child: ChildProcess): Promise<number> {
  let said = "";
  child.stdout?.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  await new Promise((resolve) => child.once("close", resolve));
  return Number(said.trim()) || 0;
}

/** `$0` is setsid(1), which keeps the number of a process that leads no group: `$!` is the program's. */
const leave = 'steps=$1; shift; "$0" /bin/sh -c "$steps" "$$" "$@" </dev/null >&2 & echo $!';

/** `$0` is the process that leaves; until then it is the parent. */
const untilOrphan = [
  'parent="$0"',
  'while [ "$parent" = "$0" ]; do while read -r key value; do case $key in PPid:) parent=$value;; esac; done </proc/$$/status; done',
  'if [ "$parent" != 1 ]; then echo "stoa: process $parent takes orphans in place of process 1, and this program would end it" >&2; exit 125; fi',
].join("; ");
