// Zips on their way to a store elsewhere, in the incoming folder of this machine.
import { resolve } from "node:path";
import type { BytesPlace } from "../../domain/module-store.ts";
import type { SpooledZip, ZipSpool } from "../../domain/zip-spool.ts";
import { makeFolders } from "./durable-disk.ts";
import { IncomingFolder } from "./incoming-folder.ts";
import { ProcessMark } from "./process-mark.ts";
import { removeFolder, StagedDiskZip } from "./staged-disk-zip.ts";
import { StorageRoot } from "./storage-root.ts";

/** What is spooled need not outlive a power cut. */
const fleetingDisk = { sync: () => Promise.resolve() };

/**
 * Opens `.stoa/incoming` of a folder, creating both, and removes what processes that died have left there. Rejects with
 * `store_unavailable` if it cannot be used.
 */
export async function openZipSpool(folder: string): Promise<ZipSpool> {
  const root = new StorageRoot(resolve(folder));
  await root.translating(() => makeFolders(root.incoming));
  const incoming = new IncomingFolder(root, await ProcessMark.ofThisProcess());
  await incoming.sweep();
  return {
    stage: async () =>
      new FleetingZip(await StagedDiskZip.begin(incoming.newPath(), root, fleetingDisk)),
  };
}

class FleetingZip implements SpooledZip {
  readonly started: Date;
  readonly place: BytesPlace;
  readonly #staged: StagedDiskZip;

  constructor(staged: StagedDiskZip) {
    this.#staged = staged;
    this.started = staged.started;
    this.place = staged.place;
  }

  get size(): number {
    return this.#staged.size;
  }

  append(chunk: Uint8Array): Promise<void> {
    return this.#staged.append(chunk);
  }

  end(): Promise<void> {
    return this.#staged.end();
  }

  read(position: number, into: Uint8Array): Promise<number> {
    return this.#staged.read(position, into);
  }

  take(): void {
    this.#staged.take();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#staged[Symbol.asyncDispose]();
    await removeFolder(this.#staged.folder);
  }
}
