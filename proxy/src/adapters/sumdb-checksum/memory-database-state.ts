// The state of a checksum database in this process's memory.
import type { Alarm, DatabaseState } from "./database-state.ts";

/** How many tiles and records are held: some 30 MB. */
const mostFiles = 4096;

/** Forgets the oldest tiles and records when there are many, and everything at the end of the process. */
export class MemoryDatabaseState implements DatabaseState {
  readonly #files = new Map<string, Uint8Array>();
  #head: { readonly size: number; readonly note: Uint8Array } | undefined;
  #alarm: Alarm | undefined;

  readKept(path: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#files.get(path));
  }

  keep(path: string, bytes: Uint8Array): void {
    this.#files.set(path, bytes);
    const [oldest = ""] = this.#files.keys();
    if (this.#files.size > mostFiles) this.#files.delete(oldest);
  }

  readHead(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#head?.note);
  }

  keepHead(size: number, note: Uint8Array): Promise<void> {
    if (size > (this.#head?.size ?? 0)) this.#head = { size, note };
    return Promise.resolve();
  }

  readAlarm(): Promise<Alarm | undefined> {
    return Promise.resolve(this.#alarm);
  }

  raiseAlarm(): Promise<void> {
    this.#alarm = {
      remedy: "the proof is in the log; restart this program when the matter is settled",
    };
    return Promise.resolve();
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }
}
