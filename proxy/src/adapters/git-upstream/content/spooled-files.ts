// The content of many files, one behind the other in a single file on disk that nobody else sees.
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

/** Written once, then read at any place. Disposing of it removes it. */
export class SpooledFiles implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #path: string;
  #size = 0;
  #closing: Promise<void> | undefined;

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  /** An empty one in a folder, which is made if it is not there. */
  static async create(folder: string): Promise<SpooledFiles> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, randomUUID());
    return new SpooledFiles(await open(path, "wx+", 0o600), path);
  }

  /** How many bytes have been written. */
  get size(): number {
    return this.#size;
  }

  /** Appends; one call at a time. */
  async append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const position = this.#size;
      const result = await this.#handle.write(bytes, written, bytes.length - written, position);
      written += result.bytesWritten;
      this.#size += result.bytesWritten;
    }
  }

  async *read({ position, sizeBytes }: SpooledPlace): AsyncGenerator<Uint8Array, void, undefined> {
    for (let done = 0; done < sizeBytes; ) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, sizeBytes - done));
      const { bytesRead } = await this.#handle.read(piece, 0, piece.length, position + done);
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
      done += bytesRead;
    }
  }

  /** Doing so twice is harmless. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }
}
