// A name for a running process that other processes, also on other machines, can tell dead from alive.
import { createHash } from "node:crypto";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import process from "node:process";

/**
 * Marks what belongs to a process: `<machine>-<process id>-<start>`. The machine is a boot of a kernel and a namespace
 * of process ids in it (two containers are two machines); the start tells a process from an earlier one of the same id
 * (in containers it is always 1).
 */
export class ProcessMark {
  readonly text: string;
  readonly #machine: string;

  private constructor(machine: string, start: string) {
    this.#machine = machine;
    this.text = `${machine}-${process.pid}-${start}`;
  }

  static async ofThisProcess(): Promise<ProcessMark> {
    return new ProcessMark(await machineOfThisProcess(), (await startOf(process.pid)) ?? "0");
  }

  /**
   * Whether the process that wrote `mark` is gone for certain. Of a process of another machine that can only be guessed
   * from the age of what it marked: it is taken for gone beyond `limitMs`.
   */
  async isOfTheDead(mark: string, ageMs: number, limitMs: number): Promise<boolean> {
    const [machine, id, start] = mark.split("-");
    if (machine !== this.#machine || id === undefined || start === undefined)
      return ageMs > limitMs;
    const startNow = await startOf(Number(id));
    return startNow === undefined || (startNow !== start && startNow !== "0" && start !== "0");
  }
}

async function machineOfThisProcess(): Promise<string> {
  const parts = await Promise.all([
    readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => ""),
    readlink("/proc/self/ns/pid").catch(() => hostname()),
  ]);
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 12);
}

/** When a process started, in the kernel's clock ticks since boot; "0" if that cannot be known; absent if it is gone. */
async function startOf(id: number): Promise<string | undefined> {
  const status = await readFile(`/proc/${id}/stat`, "latin1").catch(() => "");
  // proc(5): the name, field 2, stands in brackets and may hold anything; then state (3) … starttime (22).
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  if (status === "") return isRunning(id) ? "0" : undefined;
  const isDead = fields[0] === "Z" || fields[0] === "X";
  return isDead ? undefined : (fields[19] ?? "0");
}

/** For systems without /proc, and for processes that it hides. */
function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (failure) {
    return failure instanceof Error && "code" in failure && failure.code !== "ESRCH";
  }
}
