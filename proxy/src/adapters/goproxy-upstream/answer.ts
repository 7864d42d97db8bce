// One answer of an upstream, with the place in the queue that it occupies.
import type { Readable } from "node:stream";
import type { Place } from "./host-queue.ts";
import type { TransportAnswer } from "./transport.ts";

/** How much of an unwanted body is read so that its connection can be used again. */
const mostBytesInVain = 64 * 1024;

/** Must be disposed of; that ends the transfer if it has not ended, and lets the next request go. */
export class Answer implements Disposable {
  readonly url: URL;
  readonly status: number;
  readonly #answer: TransportAnswer;
  readonly #place: Place;

  constructor(url: URL, answer: TransportAnswer, place: Place) {
    this.url = url;
    this.status = answer.statusCode;
    this.#answer = answer;
    this.#place = place;
  }

  /** Where it came from, for people: a name and maybe a port. */
  get host(): string {
    return this.url.host;
  }

  /** The bytes as they were transferred, content coding and all. */
  get body(): Readable {
    return this.#answer.body;
  }

  /** The first header of this name, which must be in lower case. */
  header(name: string): string | undefined {
    const value = this.#answer.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The announced length of the body in bytes. */
  get length(): number | undefined {
    const length = this.header("content-length");
    return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
  }

  /** The content codings but `identity`, in lower case. */
  get codings(): readonly string[] {
    return (this.header("content-encoding") ?? "")
      .toLowerCase()
      .split(",")
      .map((coding) => coding.trim())
      .filter((coding) => coding !== "" && coding !== "identity");
  }

  /** Reads a short body to its end, so that its connection can be used again, and breaks off a long one. */
  async discard(signal: AbortSignal): Promise<void> {
    try {
      await this.#answer.body.dump({ limit: mostBytesInVain, signal });
    } catch {
      // The connection is then closed; the answer was not wanted in the first place.
    }
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.body.on("error", () => undefined).destroy();
    this.#place[Symbol.dispose]();
  }
}
