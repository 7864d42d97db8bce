// Sends a body chunk by chunk, no faster than the client takes it.
import type { ServerResponse } from "node:http";

/** A client that takes not one byte for so long is gone, whatever its connection says. */
const stalledAfterMs = 120_000;

/**
 * Writes the body of one response, one call at a time. A client that leaves is no failure: the calls then say `false`,
 * and nothing more is written. The time limit runs only while bytes wait to be taken, never while they are produced.
 */
export class BodyWriter {
  readonly #response: ServerResponse;
  /** Bytes that left for the client. */
  sentBytes = 0;
  #settle: ((hasLeft: boolean) => void) | undefined;
  #hasFailed: boolean = false;

  constructor(response: ServerResponse, whenClientLeaves: () => void = () => {}) {
    this.#response = response;
    response.once("close", () => {
      if (!response.writableFinished) whenClientLeaves();
      this.#settled(response.writableFinished);
    });
  }

  /** Whether nothing can be sent any more. */
  get isClosed(): boolean {
    return this.#hasFailed || this.#response.destroyed;
  }

  /** `true` as soon as the chunk has left, and its memory may be used again; `false` when it never will. */
  async write(chunk: Uint8Array): Promise<boolean> {
    if (this.isClosed) return false;
    const hasLeft = await this.#waiting((settle) => {
      this.#response.write(chunk, (failure) => settle(failure == null));
    });
    if (hasLeft) this.sentBytes += chunk.length;
    return hasLeft;
  }

  /** Ends the body, with a last chunk if there is one; `true` as soon as all of it has left. */
  async end(chunk?: Uint8Array): Promise<boolean> {
    if (this.isClosed) return false;
    const hasLeft = await this.#waiting((settle) => {
      const whenEnded = (): void => settle(this.#response.writableFinished);
      if (chunk === undefined) this.#response.end(whenEnded);
      else this.#response.end(chunk, whenEnded);
    });
    if (hasLeft && chunk !== undefined) this.sentBytes += chunk.length;
    return hasLeft;
  }

  /** Starts something and waits until it is settled by its callback or by the end of the connection. */
  #waiting(start: (settle: (hasLeft: boolean) => void) => void): Promise<boolean> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#response.setTimeout(stalledAfterMs);
      start((hasLeft) => this.#settled(hasLeft));
    });
  }

  #settled(hasLeft: boolean): void {
    const settle = this.#settle;
    this.#settle = undefined;
    if (settle === undefined) return;
    this.#hasFailed = !hasLeft;
    if (this.#response.socket !== null) this.#response.setTimeout(0);
    settle(hasLeft);
  }
}
