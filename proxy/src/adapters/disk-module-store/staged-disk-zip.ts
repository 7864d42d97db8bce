// A zip arriving in a folder of its own, which becomes its version's folder when it is put.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BytesPlace, StagedZip } from "../../domain/module-store.ts";
import type { DurableDisk } from "./durable-disk.ts";
import { OpenFile } from "./open-file.ts";
import type { StorageRoot } from "./storage-root.ts";

/**
 *     arriving ── end ──▶ whole ── take ──▶ taken
 *
 * The bytes can be read in every state, until the zip is disposed of: also after `put`, for a slow reader.
 */
export class StagedDiskZip implements StagedZip {
  /** Holds nothing but the zip, under the name that it has in a version's folder. */
  readonly folder: string;
  readonly started: Date;
  readonly place: BytesPlace;
  readonly #file: OpenFile;
  readonly #root: StorageRoot;
  readonly #disk: Pick<DurableDisk, "sync">;
  #state: "arriving" | "whole" | "taken" = "arriving";
  #size = 0;
  #synced = Promise.resolve();

  private constructor(
    opened: { folder: string; path: string; file: OpenFile },
    root: StorageRoot,
    disk: Pick<DurableDisk, "sync">,
  ) {
    this.folder = opened.folder;
    this.place = { kind: "file", path: opened.path };
    this.#file = opened.file;
    this.#root = root;
    this.#disk = disk;
    // As the file system tells it, which may count in whole seconds.
    this.started = opened.file.stat().mtime;
  }

  /** `folder` must not exist. Rejects with `store_unavailable`. */
  static begin(
    folder: string,
    root: StorageRoot,
    disk: Pick<DurableDisk, "sync">,
  ): Promise<StagedDiskZip> {
    return root.translating(async () => {
      const path = join(folder, "source.zip");
      await mkdir(folder);
      let file: OpenFile | undefined;
      try {
        file = await OpenFile.open(path, "wx+");
        await file.setModified(new Date());
        return new StagedDiskZip({ folder, path, file }, root, disk);
      } catch (failure) {
        await file?.close();
        await removeFolder(folder);
        throw failure;
      }
    });
  }

  get size(): number {
    return this.#size;
  }

  async append(chunk: Uint8Array): Promise<void> {
    if (this.#state !== "arriving") throw new Error("bytes were appended to a zip that had ended");
    await this.#root.translating(() => this.#file.write(this.#size, chunk));
    this.#size += chunk.length;
  }

  async end(): Promise<void> {
    if (this.#state !== "arriving") return;
    await this.#root.translating(() => this.#file.setModified(this.started));
    this.#state = "whole";
    this.#synced = this.#disk.sync(this.#file);
    this.#synced.catch(() => undefined); // whoever waits for it is told
  }

  /** Resolves when the whole zip is on the disk. Rejects with an error of the operating system. */
  durable(): Promise<void> {
    return this.#synced;
  }

  read(position: number, into: Uint8Array): Promise<number> {
    const wanted = Math.max(0, Math.min(into.length, this.#size - position));
    return this.#root.translating(() => this.#file.read(position, into.subarray(0, wanted)));
  }

  /** Hands `folder` over to the caller, who moves or removes it. */
  take(): void {
    if (this.#state !== "whole") throw new Error(`a zip was put that was ${this.#state}`);
    this.#state = "taken";
  }

  /** Never rejects: what cannot be removed now is removed at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    if (this.#state === "taken") return;
    this.#state = "taken";
    await removeFolder(this.folder);
  }
}

/** Removes a folder of `.stoa/incoming`, if it can be. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}
