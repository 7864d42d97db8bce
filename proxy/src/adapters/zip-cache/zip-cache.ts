// Zips of a storage elsewhere, kept on this machine as long as there is room for them.
import { createHash } from "node:crypto";
import { type FileHandle, open, readdir, rename, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { ModuleVersion } from "@stoa/gomod";
import type { StoredFile } from "../../domain/module-store.ts";
import type { SpooledZip, ZipSpool } from "../../domain/zip-spool.ts";
import { CachedZip } from "./cached-zip.ts";
import { EntrySizes } from "./entry-sizes.ts";
import { ZipFill } from "./zip-fill.ts";
import { isUnbroken, readSeal, sealBytes, sealText, type ZipSeal } from "./zip-seal.ts";

/** How many zips may be on their way into the cache. */
const mostFills = 32;

/** After the disk has refused, nothing is cached for so long. */
const restMs = 60_000;

/** How exact the last use of a zip is known after a restart. */
const useMs = 60 * 60 * 1000;

export interface ZipCacheParts {
  /** Holds the cached zips, and nothing else but the spool's own. */
  readonly folder: string;
  readonly spool: ZipSpool;
  readonly mostBytes: number;
  /** Told when the disk refuses, at most once in a while. */
  readonly trouble: (failure: unknown) => void;
}

/** A file whose bytes this process has seen to be right. */
interface Checked {
  readonly seal: ZipSeal;
  readonly inode: bigint;
}

/**
 * A zip is written beside the others, sealed, and given its name by renaming. Before a process gives it out for the first
 * time it reads it whole: what a power cut or a failing disk has left of it is removed. When there is too much, what has
 * not been used for the longest time goes.
 *
 *     <folder>/<sha256 of path@version>.zip
 */
export class ZipCache implements AsyncDisposable {
  readonly #parts: ZipCacheParts;
  readonly #sizes: EntrySizes;
  readonly #checked = new Map<string, Checked>();
  readonly #checks = new Map<string, Promise<boolean>>();
  readonly #fills = new Map<string, ZipFill>();
  #restsUntilMs = 0;

  constructor(parts: ZipCacheParts) {
    this.#parts = parts;
    this.#sizes = new EntrySizes(this.#look());
  }

  /** How many bytes are cached, as far as is known by now. */
  get bytes(): number {
    return this.#sizes.total;
  }

  /**
   * The zip, if it is there whole and, where that is said, of this size and time. Never rejects: what cannot be read is
   * not there.
   */
  async find(
    module: ModuleVersion,
    expected?: Pick<StoredFile, "size" | "modified">,
  ): Promise<CachedZip | undefined> {
    const name = nameOf(module);
    let file: FileHandle | undefined;
    try {
      file = await open(join(this.#parts.folder, name), "r");
      const seal = await this.#sealOf(name, file);
      if (seal === undefined || !isExpected(seal, expected)) {
        await this.#drop(name);
        await file.close();
        return undefined;
      }
      await this.#used(name, seal);
      return new CachedZip(file, seal);
    } catch {
      await file?.close().catch(() => undefined);
      return undefined;
    }
  }

  /** A place for a zip that is being read; `undefined` if it is not to be cached, or somebody is at it already. */
  begin(
    module: ModuleVersion,
    { size, modified }: Pick<StoredFile, "size" | "modified">,
  ): ZipFill | undefined {
    const name = nameOf(module);
    const isWanted = size > 0 && size + sealBytes <= this.#parts.mostBytes;
    const isFree = !this.#fills.has(name) && this.#fills.size < mostFills;
    if (!isWanted || !isFree || performance.now() < this.#restsUntilMs) return undefined;
    const fill = new ZipFill(size, {
      stage: () => this.#parts.spool.stage(),
      keep: (staged, sha256) =>
        this.#keep(name, staged, { size, modifiedMs: modified.getTime(), sha256 }),
      ended: (failure) => {
        this.#fills.delete(name);
        if (failure !== undefined) this.#refused(failure);
      },
    });
    this.#fills.set(name, fill);
    return fill;
  }

  /** Forgets a version that is not kept any more. Never rejects. */
  async forget(module: ModuleVersion): Promise<void> {
    await this.#drop(nameOf(module));
  }

  /** Gives up what is on its way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#fills.values(), (fill) => fill.end()));
    await this.#sizes.known;
  }

  async #sealOf(name: string, file: FileHandle): Promise<ZipSeal | undefined> {
    const { ino: inode, size } = await file.stat({ bigint: true });
    const known = this.#checked.get(name);
    if (known?.inode === inode && Number(size) === known.seal.size + sealBytes) return known.seal;
    const seal = await readSeal(file, Number(size));
    if (seal === undefined || !(await this.#check(name, file, seal))) return undefined;
    this.#checked.set(name, { seal, inode });
    return seal;
  }

  /** Once for all who ask at the same time. */
  async #check(name: string, file: FileHandle, seal: ZipSeal): Promise<boolean> {
    const running = this.#checks.get(name) ?? isUnbroken(file, seal);
    this.#checks.set(name, running);
    try {
      return await running;
    } finally {
      this.#checks.delete(name);
    }
  }

  async #used(name: string, seal: ZipSeal): Promise<void> {
    const sinceMs = this.#sizes.use(name, seal.size + sealBytes);
    if (sinceMs < useMs) return;
    const now = new Date();
    // On a disk that takes no more, what was used is forgotten at the next start.
    await utimes(join(this.#parts.folder, name), now, now).catch(() => undefined);
  }

  async #keep(name: string, staged: SpooledZip, seal: ZipSeal): Promise<void> {
    await staged.append(sealText(seal));
    await staged.end();
    if (staged.place.kind !== "file") throw new Error("a cached zip must be a file");
    const path = join(this.#parts.folder, name);
    await rename(staged.place.path, path);
    staged.take();
    const { ino: inode } = await stat(path, { bigint: true });
    this.#checked.set(name, { seal, inode });
    this.#sizes.use(name, seal.size + sealBytes);
    await this.#evict();
  }

  async #evict(): Promise<void> {
    await this.#sizes.known;
    for (const name of this.#sizes.beyond(this.#parts.mostBytes)) await this.#drop(name);
  }

  async #drop(name: string): Promise<void> {
    this.#sizes.remove(name);
    this.#checked.delete(name);
    // Whoever reads it goes on reading. What cannot be removed is tried again when it is found.
    await unlink(join(this.#parts.folder, name)).catch(() => undefined);
  }

  #refused(failure: unknown): void {
    this.#restsUntilMs = performance.now() + restMs;
    this.#parts.trouble(failure);
  }

  /** What is there from before, the longest unused first. */
  async #look(): Promise<readonly (readonly [name: string, bytes: number])[]> {
    const { folder } = this.#parts;
    const found: { name: string; bytes: number; usedMs: number }[] = [];
    for (const name of await readdir(folder).catch(() => [])) {
      if (!/^[0-9a-f]{64}\.zip$/.test(name)) continue;
      const seen = await stat(join(folder, name)).catch(() => undefined);
      if (seen !== undefined) found.push({ name, bytes: seen.size, usedMs: seen.mtimeMs });
    }
    return found
      .toSorted((a, b) => a.usedMs - b.usedMs)
      .map(({ name, bytes }) => [name, bytes] as const);
  }
}

function nameOf({ path, version }: ModuleVersion): string {
  return `${createHash("sha256").update(`${path}@${version}`).digest("hex")}.zip`;
}

function isExpected(
  seal: ZipSeal,
  expected: Pick<StoredFile, "size" | "modified"> | undefined,
): boolean {
  if (expected === undefined) return true;
  return seal.size === expected.size && seal.modifiedMs === expected.modified.getTime();
}
