// One open file descriptor: whole reads and writes at a position, and a close that waits for them.
import { close, fstatSync, fsync, futimes, open, read, type Stats, write } from "node:fs";

/** How a file is opened: for reading, or created anew (it must not exist) for reading and writing. */
type OpenFlags = "r" | "wx+";

/**
 * A descriptor with the calls under way on it. The number of a closed descriptor is given to the next file that is
 * opened, so it is closed only when no call can meet it any more. Half as costly as the FileHandle of Node.
 */
export class OpenFile {
  readonly #descriptor: number;
  #callsUnderWay = 0;
  #closing: PromiseWithResolvers<void> | undefined;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  static async open(path: string, flags: OpenFlags): Promise<OpenFile> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    open(path, flags, (failure, descriptor) => (failure ? reject(failure) : resolve(descriptor)));
    return new OpenFile(await promise);
  }

  /** Of a file just opened the kernel has these at hand, so no thread is bothered with it. */
  stat(): Stats {
    return fstatSync(this.#descriptor);
  }

  /** Fills `into` from `position`; returns how many bytes it holds, fewer only where the file ends. */
  read(position: number, into: Uint8Array): Promise<number> {
    return this.#during(async () => {
      let filled = 0;
      while (filled < into.length) {
        const count = await this.#readSome(position + filled, into, filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    });
  }

  /** Writes all of `bytes`. */
  write(position: number, bytes: Uint8Array): Promise<void> {
    return this.#during(async () => {
      for (let written = 0; written < bytes.length; ) {
        written += await this.#writeSome(position + written, bytes, written);
      }
    });
  }

  setModified(time: Date): Promise<void> {
    return this.#during(() =>
      settled((done) => futimes(this.#descriptor, time, time, (failure) => done(failure))),
    );
  }

  /** Resolves when the bytes are on the disk, not only on their way there. */
  sync(): Promise<void> {
    return this.#during(() => settled((done) => fsync(this.#descriptor, done)));
  }

  /** Resolves when the calls under way have ended and the descriptor is given back. May be called again. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = Promise.withResolvers();
      this.#closeWhenIdle();
    }
    return this.#closing.promise;
  }

  async #during<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new Error("the file was used after it was disposed of");
    this.#callsUnderWay += 1;
    try {
      return await call();
    } finally {
      this.#callsUnderWay -= 1;
      this.#closeWhenIdle();
    }
  }

  #closeWhenIdle(): void {
    const closing = this.#closing;
    if (this.#callsUnderWay > 0 || closing === undefined) return;
    // What close might complain about, a late write error, sync has asked for before.
    close(this.#descriptor, () => closing.resolve());
  }

  #readSome(position: number, into: Uint8Array, offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#descriptor, into, offset, into.length - offset, position, (failure, bytesRead) =>
        failure ? reject(failure) : resolve(bytesRead),
      );
    });
  }

  #writeSome(position: number, bytes: Uint8Array, offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      write(
        this.#descriptor,
        bytes,
        offset,
        bytes.length - offset,
        position,
        (failure, bytesWritten) => (failure ? reject(failure) : resolve(bytesWritten)),
      );
    });
  }
}

function settled(start: (done: (failure: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((failure) => (failure ? reject(failure) : resolve()));
  });
}
