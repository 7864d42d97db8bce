// Keeps the files that services write to from filling the disk.
import { copyFile, rename, stat, truncate } from "node:fs/promises";
import type { LogFiles } from "../../domain/spawn.ts";

/** How large a file may become, and how many are put aside. */
const [mostBytes, asideFiles] = [10 << 20, 4];

/**
 * Puts logs aside as `NAME.1`, `NAME.2` and so on. The file is copied and then emptied: its writers have it open for
 * appending and go on at its start. What they write between the two is lost.
 */
export const logFiles: LogFiles = {
  rotate: async (path) => {
    const { size } = await stat(path);
    if (size < mostBytes) return;
    for (let n = asideFiles - 1; n >= 1; n -= 1) {
      await rename(`${path}.${n}`, `${path}.${n + 1}`).catch(() => undefined);
    }
    await copyFile(path, `${path}.1`);
    await truncate(path);
  },
};
