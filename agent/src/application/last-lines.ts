// The last words of a service.
import type { Disk } from "../domain/disk.ts";

const mostLines = 20;
const mostBytes = 16 << 10;
const longestLine = 500;

/** How long a log is now: what is written later stands behind that. */
export async function logEnd(disk: Disk, log: string): Promise<number> {
  return (await disk.look(log))?.size ?? 0;
}

/** The newest lines of a log behind `since`, oldest first. A log that is shorter by now was begun anew. */
export async function lastLines(
  disk: Disk,
  log: string,
  since: number,
): Promise<readonly string[]> {
  const size = await logEnd(disk, log);
  const begin = since <= size ? since : 0;
  const end = await disk.slice(log, Math.max(begin, size - mostBytes), mostBytes);
  const text = Buffer.from(end).toString();
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.slice(-mostLines).map((line) => line.slice(0, longestLine));
}
