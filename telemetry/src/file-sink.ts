// Writes text to a file or descriptor, in order and completely, without ever holding the program up for long.
import { pino } from "pino";

/** Takes text; for tests, and for whoever wants the lines elsewhere. */
export interface TextSink {
  write(text: string): unknown;
}

/** Text that cannot be written is kept up to this; what comes then is lost. */
const keptBytes = 16 << 20;
/** How often a full pipe is tried again when there is no later, 100 ms apart. */
const lastAttempts = 20;

/**
 * Every write is synchronous: what has been written is in order and complete even if the process ends with the next
 * instruction, which can be said of no asynchronous write. Text that the system does not take (a full pipe that does not
 * block, a full disk) is kept for the next write or retry. A pipe whose reader has gone swallows everything.
 */
export class FileSink implements TextSink {
  readonly #file: ReturnType<typeof pino.destination>;
  readonly #onFailure: (failure: Error) => void;
  #attempts = 0;
  #isBehind: boolean = false;
  #isReported: boolean = false;

  /** Opens a path for appending, with the folders above it; throws if that cannot be done. */
  constructor(destination: number | string, onFailure: (failure: Error) => void) {
    this.#onFailure = onFailure;
    this.#file = pino.destination({
      dest: destination,
      sync: true,
      // With 0, flush would do nothing.
      minLength: 1,
      maxLength: keptBytes,
      mkdir: true,
      retryEAGAIN: () => {
        this.#attempts -= 1;
        return this.#attempts >= 0;
      },
    });
    this.#file.on("error", (failure: NodeJS.ErrnoException) => this.#note(failure));
    this.#file.on("drop", () => {
      this.#isBehind = true;
      this.#report(new Error("the log is not being read: lines are lost"));
    });
  }

  /** Whether text is kept that could not be written. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  write(text: string): void {
    this.retry();
    this.#attempt(() => this.#file.write(text));
  }

  /** Tries again to write what is kept. */
  retry(): void {
    if (this.#isBehind) this.#attempt(() => this.#file.flush());
  }

  /** Tries again for two seconds, for this is the last chance. */
  retryPatiently(): void {
    this.#attempts = lastAttempts;
    this.retry();
    this.#attempts = 0;
  }

  close(): void {
    this.#file.end();
  }

  #attempt(write: () => void): void {
    this.#isBehind = false;
    write();
    if (!this.#isBehind) this.#isReported = false;
  }

  #note(failure: NodeJS.ErrnoException): void {
    this.#isBehind = failure.code !== "EPIPE";
    if (failure.code !== "EAGAIN") this.#report(failure);
  }

  #report(failure: Error): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#onFailure(failure);
  }
}
