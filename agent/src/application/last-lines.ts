// The last words of a service.
import type { Disk } from "../domain/disk.ts";

const mostLines = 20;
const mostBytes = 16 << 10;
const longestLine = 500;

/** The newest lines of a log, oldest first. */
export async function lastLines(disk: Disk, log: string): Promise<readonly string[]> {
  const size = (await disk.look(log))?.size ?? 0;
  const end = await disk.slice(log, Math.max(0, size - mostBytes), mostBytes);
  const text = Buffer.from(end).toString();
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.slice(-mostLines).map((line) => line.slice(0, longestLine));
}
