// Gathers log lines for a moment, so that they are written in few pieces; and sees to it that none is left behind.
import process from "node:process";
import { FileSink, type TextSink } from "./file-sink.ts";

/** A file descriptor, the path of a file to append to, or a sink. */
export type Destination = number | string | TextSink;

/** Enough lines for one system call not to matter; a pipe takes 64 KiB at once. */
const flushAtLength = 32 * 1024;

/** Lines on their way out. They leave after `flushAfterMs` at the latest, and when the process ends. */
export class LogOutput {
  readonly #sink: TextSink;
  readonly #flushAfterMs: number;
  readonly #whenExiting = (): void => this.#finish();
  #gathered = "";
  #timer: NodeJS.Timeout | undefined;
  #isClosed: boolean = false;

  constructor(
    destination: Destination,
    flushAfterMs: number,
    onFailure: (failure: Error) => void = () => {},
  ) {
    this.#sink =
      typeof destination === "object" ? destination : new FileSink(destination, onFailure);
    this.#flushAfterMs = flushAfterMs;
    process.on("exit", this.#whenExiting);
  }

  /** Takes a line with its line break. After `close` it is lost. */
  write(line: string): void {
    if (this.#isClosed) return;
    this.#gathered += line;
    if (this.#gathered.length >= flushAtLength || this.#flushAfterMs === 0) this.flush();
    else this.#flushLater();
  }

  /** Hands everything to the system now. What it does not take is tried again later. */
  flush(): void {
    const text = this.#gathered;
    this.#gathered = "";
    if (text !== "") this.#sink.write(text);
    else if (this.#sink instanceof FileSink) this.#sink.retry();
    if (this.#sink instanceof FileSink && this.#sink.isBehind) this.#flushLater();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.off("exit", this.#whenExiting);
    this.#finish();
    clearTimeout(this.#timer);
    if (this.#sink instanceof FileSink) this.#sink.close();
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, this.#flushAfterMs).unref();
  }

  #finish(): void {
    this.flush();
    if (this.#sink instanceof FileSink) this.#sink.retryPatiently();
  }
}
