// A disk in memory that can run full, fail, and be left by a process in the middle of a write.
import { posix } from "node:path";
import { AgentFailure, type Disk, type DiskEntry } from "@stoa/agent/testing";

type Entry =
  | { readonly kind: "file"; bytes: Buffer; mode: number; changed: number }
  | { readonly kind: "folder"; mode: number; changed: number }
  | { readonly kind: "link"; target: string; changed: number };

/** What may go wrong before an operation changes anything: it throws, or never returns. */
export type DiskTrouble = (operation: string, path: string) => Promise<void>;

/** One machine's disk. It outlives every process of the machine. */
export class MemoryDisk implements Disk {
  readonly #entries = new Map<string, Entry>([["/", { kind: "folder", mode: 0o755, changed: 0 }]]);
  readonly #trouble: DiskTrouble;
  #changes = 0;

  constructor(trouble: DiskTrouble) {
    this.#trouble = trouble;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.fileNow(path);
  }

  /** What a file holds, without waiting and without trouble: for whoever looks at the simulation from outside. */
  fileNow(path: string): Buffer | undefined {
    const entry = this.#entries.get(path);
    return entry?.kind === "file" ? entry.bytes : undefined;
  }

  linkNow(path: string): string | undefined {
    const entry = this.#entries.get(path);
    return entry?.kind === "link" ? entry.target : undefined;
  }

  /** Every file and its content, and every link, below a folder. */
  everythingNow(folder: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [path, entry] of this.#entries) {
      if (!path.startsWith(`${folder}/`)) continue;
      if (entry.kind === "file") found.set(path, entry.bytes.toString("base64"));
      if (entry.kind === "link") found.set(path, entry.target);
    }
    return found;
  }

  async *chunks(path: string): AsyncIterable<Uint8Array> {
    const bytes = this.fileNow(path);
    if (bytes === undefined) throw failed(`${path} does not exist`);
    yield bytes;
  }

  async slice(path: string, start: number, bytes: number): Promise<Uint8Array> {
    return this.fileNow(path)?.subarray(start, start + bytes) ?? Buffer.alloc(0);
  }

  async replace(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    await this.#trouble("replace", path);
    this.#folders(path);
    this.#put(path, { kind: "file", bytes: Buffer.from(content as string), mode, changed: 0 });
  }

  async create(path: string, chunks: AsyncIterable<Uint8Array>, mode: number): Promise<void> {
    await this.#trouble("create", path);
    if (this.#entries.has(path)) throw failed(`${path} exists`);
    this.#folderOf(path);
    const file = { kind: "file", bytes: Buffer.alloc(0), mode, changed: 0 } as const;
    const parts: Uint8Array[] = [];
    this.#put(path, file);
    try {
      for await (const chunk of chunks) {
        parts.push(chunk);
        this.#put(path, { ...file, bytes: Buffer.concat(parts) });
        // A process that dies here leaves a part of the file.
        await this.#trouble("write", path);
      }
    } catch (failure) {
      this.#entries.delete(path);
      throw failure;
    }
  }

  async append(path: string, content: string): Promise<void> {
    await this.#trouble("append", path);
    this.#folders(path);
    const bytes = Buffer.concat([this.fileNow(path) ?? Buffer.alloc(0), Buffer.from(content)]);
    this.#put(path, { kind: "file", bytes, mode: 0o644, changed: 0 });
  }

  async look(path: string): Promise<DiskEntry | undefined> {
    const entry = this.#entries.get(path);
    if (entry === undefined) return undefined;
    return {
      kind: entry.kind,
      size: entry.kind === "file" ? entry.bytes.length : 0,
      mode: entry.kind === "link" ? 0o777 : entry.mode,
      fingerprint: `1:1:1:${entry.changed}`,
    };
  }

  async names(path: string): Promise<readonly string[]> {
    const prefix = `${path}/`;
    return [...this.#entries.keys()]
      .filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes("/"))
      .map((name) => name.slice(prefix.length))
      .sort();
  }

  async makeFolder(path: string, mode = 0o755): Promise<void> {
    await this.#trouble("makeFolder", path);
    this.#folders(`${path}/x`, mode);
  }

  async setMode(path: string, mode: number): Promise<void> {
    await this.#trouble("setMode", path);
    const entry = this.#entries.get(path);
    if (entry === undefined || entry.kind === "link") throw failed(`${path} does not exist`);
    this.#put(path, { ...entry, mode });
  }

  async settle(path: string): Promise<void> {
    await this.#trouble("settle", path);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#trouble("rename", from);
    const moved = [...this.#entries].filter(
      ([path]) => path === from || path.startsWith(`${from}/`),
    );
    if (moved.length === 0) throw failed(`${from} does not exist`);
    this.#folderOf(to);
    this.#erase(to);
    for (const [path, entry] of moved) {
      this.#entries.delete(path);
      this.#entries.set(`${to}${path.slice(from.length)}`, entry);
    }
  }

  async point(link: string, target: string): Promise<void> {
    await this.#trouble("point", link);
    this.#folders(link);
    this.#put(link, { kind: "link", target, changed: 0 });
  }

  async pointsTo(link: string): Promise<string | undefined> {
    return this.linkNow(link);
  }

  async remove(path: string): Promise<void> {
    await this.#trouble("remove", path);
    this.#erase(path);
  }

  async room(): Promise<{ readonly bytes: number; readonly files: number }> {
    return { bytes: 2 ** 40, files: 2 ** 20 };
  }

  #put(path: string, entry: Entry): void {
    this.#entries.set(path, { ...entry, changed: ++this.#changes });
  }

  #erase(path: string): void {
    for (const name of [...this.#entries.keys()]) {
      if (name === path || name.startsWith(`${path}/`)) this.#entries.delete(name);
    }
  }

  #folders(path: string, mode = 0o755): void {
    const folder = posix.dirname(path);
    if (this.#entries.has(folder)) return;
    this.#folders(folder);
    this.#put(folder, { kind: "folder", mode, changed: 0 });
  }

  #folderOf(path: string): void {
    if (!this.#entries.has(posix.dirname(path)))
      throw failed(`${posix.dirname(path)} does not exist`);
  }
}

function failed(sentence: string): AgentFailure {
  return new AgentFailure("disk_failed", sentence);
}
