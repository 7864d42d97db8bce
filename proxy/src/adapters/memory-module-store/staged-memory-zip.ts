// A zip arriving in memory.
import type { BytesPlace, StagedZip } from "../../domain/module-store.ts";

const firstCapacityBytes = 64 * 1024;

/** Grows by doubling, in memory that a worker thread can look at without a copy. */
export class StagedMemoryZip implements StagedZip {
  readonly started = new Date();
  readonly place: BytesPlace = { kind: "memory", bytes: () => this.#arrived() };
  #bytes = new Uint8Array(new SharedArrayBuffer(firstCapacityBytes));
  #size = 0;
  #state: "arriving" | "whole" | "taken" | "disposed" = "arriving";

  get size(): number {
    return this.#size;
  }

  async append(chunk: Uint8Array): Promise<void> {
    if (this.#state !== "arriving") throw new Error("bytes were appended to a zip that had ended");
    this.#makeRoom(this.#size + chunk.length);
    this.#bytes.set(chunk, this.#size);
    this.#size += chunk.length;
  }

  async end(): Promise<void> {
    if (this.#state !== "arriving") return;
    this.#state = "whole";
    const exact = new Uint8Array(new SharedArrayBuffer(this.#size));
    exact.set(this.#arrived());
    this.#bytes = exact;
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    if (this.#state === "disposed") throw new Error("the file was used after it was disposed of");
    return readBytes(this.#arrived(), position, into);
  }

  /** Hands over the whole zip. */
  take(): Uint8Array {
    if (this.#state !== "whole") throw new Error(`a zip was put that was ${this.#state}`);
    this.#state = "taken";
    return this.#bytes;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#state = "disposed";
    return Promise.resolve();
  }

  #arrived(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  #makeRoom(wanted: number): void {
    if (wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(new SharedArrayBuffer(Math.max(wanted, 2 * this.#bytes.length)));
    larger.set(this.#arrived());
    this.#bytes = larger;
  }
}

/** Copies what lies from `position` on; says how much that was. */
export function readBytes(from: Uint8Array, position: number, into: Uint8Array): number {
  const part = from.subarray(position, position + into.length);
  into.set(part);
  return part.length;
}
