// The state of a checksum database in a folder.
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { Alarm, DatabaseState } from "./database-state.ts";

/**
 *     <folder>/head/<size>      signed notes by the size of their trees; the largest counts, so nothing moves backwards
 *     <folder>/tile/8/0/001     tiles by their paths
 *     <folder>/lookup/<path>@<version>@record
 *     <folder>/alarm            the proof that the database contradicted itself; ingestion stops while it is there
 *
 * Every file appears whole, by a rename. Records have an ending of their own: no name may end in `.info` (decision 3).
 */
export class DiskDatabaseState implements DatabaseState {
  readonly #folder: string;
  readonly #keeping = new Set<Promise<void>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async readKept(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#place(path));
    } catch {
      return undefined; // whatever the reason, the database can be asked
    }
  }

  keep(path: string, bytes: Uint8Array): void {
    const keeping = writeWhole(this.#place(path), bytes)
      .catch(() => undefined)
      .finally(() => this.#keeping.delete(keeping));
    this.#keeping.add(keeping);
  }

  readHead(): Promise<Uint8Array | undefined> {
    return this.#translating(async () => {
      const [largest] = await this.#heads();
      return largest === undefined ? undefined : readFile(join(this.#folder, "head", largest));
    });
  }

  keepHead(size: number, note: Uint8Array): Promise<void> {
    return this.#translating(async () => {
      // As many digits as the largest size has, so that the names are in order.
      await writeWhole(join(this.#folder, "head", `${size}`.padStart(16, "0")), note);
      const [, ...smaller] = await this.#heads();
      for (const name of smaller) await remove(join(this.#folder, "head", name));
    });
  }

  async readAlarm(): Promise<Alarm | undefined> {
    const place = join(this.#folder, "alarm");
    try {
      await stat(place);
    } catch {
      return undefined;
    }
    return {
      remedy: `look at the proof in ${place}, and remove that file when the matter is settled`,
    };
  }

  raiseAlarm(evidence: string): Promise<void> {
    return this.#translating(() => writeWhole(join(this.#folder, "alarm"), Buffer.from(evidence)));
  }

  async settled(): Promise<void> {
    await Promise.all(this.#keeping);
  }

  /** Largest first. */
  async #heads(): Promise<readonly string[]> {
    try {
      const names = await readdir(join(this.#folder, "head"));
      return names
        .filter((name) => /^[0-9]{16}$/.test(name))
        .toSorted()
        .toReversed();
    } catch (failure) {
      if (isAbsence(failure)) return [];
      throw failure;
    }
  }

  #place(path: string): string {
    if (/(?:^|\/)\.|\\/.test(path)) throw new Error(`${JSON.stringify(path)} is not a place here`);
    return join(this.#folder, path.startsWith("lookup/") ? `${path}@record` : path);
  }

  async #translating<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
      throw new ProxyFailure(
        "store_unavailable",
        `what is known of the checksum database cannot be read or kept under ${this.#folder} (${code}): look at the disk`,
        { cause },
      );
    }
  }
}

/** Writes a file so that its name never leads to a part of it, and waits until it is on the disk. */
async function writeWhole(place: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(place);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${randomBytes(8).toString("hex")}`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, place);
  } catch (failure) {
    await remove(temporary);
    throw failure;
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}

function isAbsence(failure: unknown): boolean {
  return failure instanceof Error && "code" in failure && failure.code === "ENOENT";
}
