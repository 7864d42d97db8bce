// The folder that everything is kept under, and what its failures are called.
import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/**
 * The storage folder. Athens' layout fills it; what is Stoa's own lies in its folder `.stoa`, which no module can be
 * named (golang.org/x/mod module.CheckPath: no element starts with a dot). No file in there ends in `.info` for longer
 * than a rename takes, because Athens' catalog counts such files as versions.
 *
 *     .stoa/incoming   what is being written; left-overs of dead processes are removed at the next start
 *     .stoa/loose      see DiskLooseFiles
 *     .stoa/recent     see RecentLooseFiles
 *     .stoa/mending    locks; see MendLock
 *     .stoa/instances  see DiskInstanceMarks
 *     .stoa/*.sqlite   see openState
 *     .stoa/mirrors    see MirrorFolder
 *     .stoa/quarantine see DiskStoreInspection
 *     .stoa/trash      see DiskVersionTrash
 */
export class StorageRoot {
  readonly path: string;
  readonly incoming: string;
  readonly loose: string;
  readonly recent: string;
  readonly mending: string;
  readonly instances: string;
  readonly quarantine: string;
  readonly trash: string;
  readonly #sign: string;

  /** `sign` is what is there as long as the storage is: a folder of ours, unless it is only read. */
  constructor(path: string, sign = join(path, ".stoa", "incoming")) {
    this.path = path;
    this.#sign = sign;
    this.incoming = join(path, ".stoa", "incoming");
    this.loose = join(path, ".stoa", "loose");
    this.recent = join(path, ".stoa", "recent");
    this.mending = join(path, ".stoa", "mending");
    this.instances = join(path, ".stoa", "instances");
    this.quarantine = join(path, ".stoa", "quarantine");
    this.trash = join(path, ".stoa", "trash");
  }

  /**
   * To be asked where something is absent: is it the thing, or the whole disk? Rejects with `store_unavailable` if the
   * storage is gone. The mount point of a disk that was taken away is still there, but `.stoa` is not.
   */
  async requirePresent(): Promise<void> {
    try {
      await stat(this.#sign);
    } catch (failure) {
      throw this.translate(failure);
    }
  }

  /** Runs work on the disk; what the disk complains about becomes `store_unavailable`. */
  async translating<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (failure) {
      throw this.translate(failure);
    }
  }

  /** `failure` as a `ProxyFailure` if it came from the operating system; otherwise itself, for it is a mistake of ours. */
  translate(failure: unknown): Error {
    const code = errorCode(failure);
    if (code === undefined) return failure instanceof Error ? failure : new Error(String(failure));
    return new ProxyFailure("store_unavailable", this.#sentence(code), { cause: failure });
  }

  #sentence(code: string): string {
    const { path } = this;
    switch (code) {
      case "ENOSPC":
        return `the disk under ${path} is full: free some space there and ask again`;
      case "EDQUOT":
        return `the disk quota under ${path} is used up: raise it or free some space, and ask again`;
      case "EFBIG":
        return `the disk under ${path} takes no file as large as this one`;
      case "EROFS":
        return `the disk under ${path} is mounted read-only: mount it writable and ask again`;
      case "EACCES":
      case "EPERM":
        return `this program may not use the files under ${path}: give its user permission (${code})`;
      case "ENOENT":
      case "ENOTDIR":
      case "ESTALE":
      case "ENODEV":
      case "ENXIO":
        return `the storage under ${path} is gone: mount it again, or restart this program to begin an empty one (${code})`;
      case "EISDIR":
        return `a folder is where a file of this module should be, under ${path}: look what it belongs to, and move it`;
      case "EMFILE":
      case "ENFILE":
        return `too many files are open for ${path} to be used: raise the limit (ulimit -n) or ask again later`;
      case "ENAMETOOLONG":
        return `the file system under ${path} takes no name as long as this module's`;
      default:
        return `the storage under ${path} failed (${code}): look at the disk and the system's log`;
    }
  }
}

/** Whether the operating system refused with one of these codes. */
export function hasCode(failure: unknown, ...codes: readonly string[]): boolean {
  const code = errorCode(failure);
  return code !== undefined && codes.includes(code);
}

/** Whether there is anything of this name. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (failure) {
    if (hasCode(failure, "ENOENT")) return false;
    throw failure;
  }
}

/** The operating system's name for a failure; other errors of Node have a `code` but no `syscall`. */
function errorCode(failure: unknown): string | undefined {
  if (!(failure instanceof Error && "code" in failure && "syscall" in failure)) return undefined;
  return typeof failure.code === "string" ? failure.code : undefined;
}
