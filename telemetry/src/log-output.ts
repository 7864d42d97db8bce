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
  /** The sink, where it is a file: one that may not take everything at once. */
  readonly #file: FileSink | undefined;
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
    if (typeof destination === "object") {
      this.#sink = destination;
    } else {
      this.#file = new FileSink(destination, onFailure);
      this.#sink = this.#file;
    }
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
    if (text === "") this.#file?.retry();
    else this.#sink.write(text);
    if (this.#file?.isBehind === true) this.#flushLater();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.off("exit", this.#whenExiting);
    this.#finish();
    clearTimeout(this.#timer);
    this.#file?.close();
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, this.#flushAfterMs).unref();
  }

  #finish(): void {
    this.flush();
    this.#file?.retryPatiently();
  }
}
