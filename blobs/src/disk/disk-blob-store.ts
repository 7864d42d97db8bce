// Blobs as files of a folder: a key is a path.
import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { link, mkdir, open, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { bodyPieces } from "../blob-body.ts";
import { BlobFailure, replaced } from "../blob-failure.ts";
import { checkBlobKey } from "../blob-key.ts";
import type {
  BlobBody,
  BlobEntry,
  BlobHead,
  BlobStore,
  GetOptions,
  ListOptions,
  OpenBlob,
  PutOptions,
} from "../blob-store.ts";
import { walkBlobs } from "./blob-walk.ts";
import { hasCode, isAbsence, translateDiskFailure } from "./disk-failure.ts";
import { makeFolders, syncFolder, writeFile } from "./durable-file.ts";
import { WritingLock } from "./writing-lock.ts";

/** Holds what is this store's own: no key may begin with it. */
const ownFolder = ".blobs";

/** What a writer that died has left in the incoming folder is removed when it is older. */
const leftOverMs = 24 * 60 * 60 * 1000;

const pieceBytes = 256 * 1024;

/**
 * A put writes a file beside the others, flushes it, and gives it its name: by a hard link, which fails where the name
 * is taken, or by renaming under a lock. Needs a file system with hard links. The folder must exist.
 *
 *     <root>/<key>                 a blob
 *     <root>/.blobs/incoming/…     what is being written
 *     <root>/.blobs/lock           see WritingLock
 */
export class DiskBlobStore implements BlobStore {
  readonly #root: string;
  readonly #incoming: string;
  readonly #lock: WritingLock;

  private constructor(root: string) {
    this.#root = root;
    this.#incoming = join(root, ownFolder, "incoming");
    this.#lock = new WritingLock(join(root, ownFolder, "lock"));
  }

  /**
   * Rejects with `missing_store` or another `BlobFailure` if the folder cannot be used. With `mode` a folder that is not there
   * is made, for those whom the mode lets in.
   */
  static open(folder: string, mode?: number): Promise<DiskBlobStore> {
    const store = new DiskBlobStore(resolve(folder));
    return store.#translating(async () => {
      if (mode !== undefined) await mkdir(store.#root, { recursive: true, mode });
      await stat(store.#root);
      await mkdir(store.#incoming, { recursive: true });
      await store.#sweep();
      return store;
    });
  }

  stat(key: string): Promise<BlobHead | undefined> {
    return this.#translating(async () => headOf(key, await fileAt(this.#place(key))));
  }

  async get(
    key: string,
    options: GetOptions = {},
    signal?: AbortSignal,
  ): Promise<OpenBlob | "unchanged" | undefined> {
    const place = this.#place(key);
    return this.#translating(async () => {
      const file = await open(place, "r").catch((failure: unknown) => {
        if (isAbsence(failure)) return undefined;
        throw failure;
      });
      if (file === undefined) return undefined;
      const close = (): Promise<void> => file.close();
      const head = headOf(key, await file.stat({ bigint: true }));
      const known = head === undefined ? "absent" : wantedState(head, options);
      if (head === undefined || known !== "wanted") {
        await close();
        if (known === "changed") throw replaced(key);
        return known === "unchanged" ? known : undefined;
      }
      const read = async (position: number, most: number): Promise<Uint8Array> => {
        signal?.throwIfAborted();
        return this.#translating(async () => {
          const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, position);
          return buffer.subarray(0, bytesRead);
        });
      };
      return { head, body: piecesOf(read, head.size, options), [Symbol.asyncDispose]: close };
    });
  }

  put(
    key: string,
    body: BlobBody,
    { when, sha256 }: PutOptions = {},
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const place = this.#place(key);
    return this.#translating(async () => {
      signal?.throwIfAborted();
      const written = join(this.#incoming, `${process.pid}-${randomBytes(8).toString("hex")}`);
      try {
        await writeFile(written, bodyPieces(body, sha256, signal));
        const tag = headOf(key, await fileAt(written))?.tag;
        await makeFolders(this.#root, dirname(place));
        const isPlaced =
          when === "absent"
            ? await claimName(written, place)
            : await this.#lock.during(() => replace(written, place, when?.tag));
        if (!isPlaced) return undefined;
        await syncFolder(dirname(place));
        return tag;
      } finally {
        await unlink(written).catch(() => undefined);
      }
    });
  }

  delete(key: string): Promise<void> {
    const place = this.#place(key);
    return this.#translating(() =>
      this.#lock.during(async () => {
        try {
          await unlink(place);
          await syncFolder(dirname(place));
        } catch (failure) {
          if (!isAbsence(failure)) throw failure;
        }
      }),
    );
  }

  async *list(
    prefix: string,
    { after }: ListOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<BlobEntry> {
    try {
      for await (const entry of walkBlobs(this.#root, { prefix, after }, ownFolder)) {
        signal?.throwIfAborted();
        yield entry;
      }
    } catch (failure) {
      throw translateDiskFailure(failure, this.#root);
    }
  }

  check(): Promise<void> {
    return this.#translating(async () => {
      await stat(this.#incoming);
    });
  }

  #place(key: string): string {
    checkBlobKey(key);
    if (key.split("/")[0] === ownFolder) {
      throw new BlobFailure("bad_key", `no key may begin with ${ownFolder}/`);
    }
    return join(this.#root, key);
  }

  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#incoming)) {
      const path = join(this.#incoming, name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && Date.now() - found.mtimeMs > leftOverMs)
        await rm(path, { force: true });
    }
  }

  async #translating<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (failure) {
      throw translateDiskFailure(failure, this.#root);
    }
  }
}

/** `undefined` if there is none. */
async function fileAt(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (failure) {
    if (isAbsence(failure)) return undefined;
    throw failure;
  }
}

function headOf(key: string, found: BigIntStats | undefined): BlobHead | undefined {
  if (found === undefined || !found.isFile()) return undefined;
  const { size, ino, mtimeNs, mtime } = found;
  return { key, size: Number(size), tag: `${ino}-${mtimeNs}-${size}`, modified: mtime };
}

function wantedState(
  { tag }: BlobHead,
  { unlessTag, onlyTag }: GetOptions,
): "wanted" | "unchanged" | "changed" {
  if (tag === unlessTag) return "unchanged";
  return onlyTag === undefined || tag === onlyTag ? "wanted" : "changed";
}

async function* piecesOf(
  read: (position: number, most: number) => Promise<Uint8Array>,
  size: number,
  { from = 0, to = size }: GetOptions,
): AsyncGenerator<Uint8Array> {
  const end = Math.min(to, size);
  for (let position = from; position < end; ) {
    const piece = await read(position, Math.min(pieceBytes, end - position));
    if (piece.length === 0)
      throw new BlobFailure("damaged", "a file became shorter while it was read");
    position += piece.length;
    yield piece;
  }
}

/** Gives the file a name that must be free; says whether it was. */
async function claimName(written: string, place: string): Promise<boolean> {
  try {
    await link(written, place);
    return true;
  } catch (failure) {
    if (hasCode(failure, "EEXIST")) return false;
    throw failure;
  }
}

/** Puts the file in the place of another, of the one with the tag if one is named; says whether it did. */
async function replace(written: string, place: string, tag: string | undefined): Promise<boolean> {
  if (tag !== undefined && headOf("", await fileAt(place))?.tag !== tag) return false;
  await rename(written, place);
  return true;
}
