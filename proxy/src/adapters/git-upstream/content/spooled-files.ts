// The content of many files, one behind the other: in memory as long as it is little, then in a file of nobody else's.
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";

/** Where the content of a file lies. */
export interface SpooledPlace {
  readonly position: number;
  readonly sizeBytes: number;
}

/** How much is read at a time. */
const pieceBytes = 2 ** 18;
/** How much stays in memory: most modules have less. */
const mostMemoryBytes = 2 ** 21;

/** Written once, then read at any place. Disposing of it removes it. */
export class SpooledFiles implements AsyncDisposable {
  readonly #folder: string;
  #memory: Buffer = Buffer.alloc(0);
  #file: { readonly handle: FileHandle; readonly path: string } | undefined;
  #size = 0;
  #closing: Promise<void> | undefined;

  /** An empty one, whose file will lie in a folder, which is made if it is not there. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** How many bytes have been written. */
  get size(): number {
    return this.#size;
  }

  /** Appends; one call at a time. */
  async append(bytes: Uint8Array): Promise<void> {
    const size = this.#size + bytes.length;
    if (this.#file === undefined && size <= mostMemoryBytes) this.#remember(bytes, size);
    else await this.#write(bytes);
    this.#size = size;
  }

  read(place: SpooledPlace): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
    if (this.#file !== undefined) return pieces(this.#file.handle, place);
    return [this.#memory.subarray(place.position, place.position + place.sizeBytes)];
  }

  /** Doing so twice is harmless. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #remember(bytes: Uint8Array, size: number): void {
    if (size > this.#memory.length) {
      const larger = Buffer.allocUnsafe(Math.min(Math.max(2 * size, 2 ** 16), mostMemoryBytes));
      this.#memory.copy(larger, 0, 0, this.#size);
      this.#memory = larger;
    }
    this.#memory.set(bytes, this.#size);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#file === undefined) {
      await mkdir(this.#folder, { recursive: true });
      const path = join(this.#folder, randomUUID());
      const handle = await open(path, "wx+", 0o600);
      this.#file = { handle, path };
      await writeAll(handle, this.#memory.subarray(0, this.#size), 0);
      this.#memory = Buffer.alloc(0);
    }
    await writeAll(this.#file.handle, bytes, this.#size);
  }

  async #close(): Promise<void> {
    this.#memory = Buffer.alloc(0);
    if (this.#file === undefined) return;
    await this.#file.handle.close();
    await rm(this.#file.path, { force: true });
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function* pieces(
  handle: FileHandle,
  { position, sizeBytes }: SpooledPlace,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let done = 0; done < sizeBytes; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, sizeBytes - done));
    const { bytesRead } = await handle.read(piece, 0, piece.length, position + done);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    done += bytesRead;
  }
}
