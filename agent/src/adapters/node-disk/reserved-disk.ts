// A disk on which a little room is kept back, so that what must be written down can be where nothing else fits any more.
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Disk } from "../../domain/disk.ts";

const reserveBytes = 1 << 20;
/** Nothing is kept back where there is less than this. */
const amplyBytes = 16 << 20;

/**
 * The disk with a file at `path` that only takes room. Where a document, a journal or a link finds none, that file goes,
 * and it is tried once more; it is back as soon as there is room again. Contents that can be large are not given this room.
 */
export function reservedDisk(disk: Disk, path: string): Disk {
  let isKept = false;
  let keeping: Promise<void> | undefined;
  const keep = async (): Promise<void> => {
    isKept = (await disk.look(path))?.size === reserveBytes;
    if (isKept) return;
    await disk.makeFolder(dirname(path));
    if ((await disk.room(dirname(path))).bytes < amplyBytes) return;
    await disk.remove(path);
    // Bytes that no file system can press together.
    await disk.create(path, once(randomBytes(reserveBytes)), 0o600);
    isKept = true;
  };
  const written = async (write: () => Promise<void>): Promise<void> => {
    if (!isKept) {
      // To have no reserve is no reason to write nothing.
      keeping ??= keep()
        .catch(() => undefined)
        .finally(() => {
          keeping = undefined;
        });
      await keeping;
    }
    try {
      await write();
    } catch (failure) {
      if (!(failure instanceof AgentFailure) || failure.code !== "disk_full") throw failure;
      isKept = false;
      await disk.remove(path);
      await write();
    }
  };
  return {
    ...disk,
    replace: (...words) => written(() => disk.replace(...words)),
    append: (...words) => written(() => disk.append(...words)),
    makeFolder: (...words) => written(() => disk.makeFolder(...words)),
    point: (...words) => written(() => disk.point(...words)),
  };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
