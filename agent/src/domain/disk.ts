// What the agent and the keeper need of a disk.

/** What stands under a path. Symbolic links are not followed. */
export interface DiskEntry {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly size: number;
  /** Permission bits, `0o7777` at most. */
  readonly mode: number;
  /** Changes whenever content, mode or owner does: device, inode, size and change time. */
  readonly fingerprint: string;
}

/**
 * A disk. Paths are absolute. What is absent is `undefined` or empty, never a failure; anything else that goes wrong is an
 * `AgentFailure`, `disk_full` where there is no room. "Durable" means: survives the loss of power once it has resolved.
 */
export interface Disk {
  read(path: string): Promise<Uint8Array | undefined>;
  /** Chunks of a file, each of which holds until the next one is asked for. Fails if the file does not exist. */
  chunks(path: string): AsyncIterable<Uint8Array>;
  /** At most so many bytes of a file from a place on; nothing if it does not exist or ends before. */
  slice(path: string, from: number, bytes: number): Promise<Uint8Array>;
  /** Replaces a file as a whole, durably: readers see the old bytes or the new ones. Makes missing folders. */
  replace(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  /** Creates a file durably from chunks; fails if it exists. A file that could not be written whole is removed. */
  create(path: string, chunks: AsyncIterable<Uint8Array>, mode: number): Promise<void>;
  /** Adds to the end of a file, durably. Makes it if missing; a crash may leave a part of `content`. */
  append(path: string, content: string): Promise<void>;
  look(path: string): Promise<DiskEntry | undefined>;
  /** The names in a folder, sorted. */
  names(path: string): Promise<readonly string[]>;
  /** Makes a folder and those above it, unless they exist. */
  makeFolder(path: string, mode?: number): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Makes what lies below a folder durable: its entries and those of all folders within. */
  settle(path: string): Promise<void>;
  /** Moves durably, in one step, within one file system. */
  rename(from: string, to: string): Promise<void>;
  /** Points a symbolic link somewhere, durably and in one step, whether it exists or not. */
  point(link: string, target: string): Promise<void>;
  pointsTo(link: string): Promise<string | undefined>;
  /** Removes a file, link or folder with all it holds, if it is there. */
  remove(path: string): Promise<void>;
  /** How much room there is for ordinary use. */
  room(path: string): Promise<{ readonly bytes: number; readonly files: number }>;
}
