// The journal of a service on disk.
import { shortId } from "@stoa/deployment";
import type { Disk } from "../domain/disk.ts";
import {
  emptyJournal,
  journalText,
  parseJournal,
  type ServiceJournal,
  type Target,
} from "../domain/service-journal.ts";

/** Holds the journal in memory as it is on disk. One writer at a time. */
export class JournalFile {
  readonly #disk: Disk;
  readonly #path: string;
  #journal: ServiceJournal;

  private constructor(disk: Disk, path: string, journal: ServiceJournal) {
    this.#disk = disk;
    this.#path = path;
    this.#journal = journal;
  }

  static async open(disk: Disk, path: string): Promise<JournalFile> {
    const bytes = await disk.read(path);
    const journal =
      bytes === undefined ? emptyJournal : parseJournal(Buffer.from(bytes).toString(), path);
    return new JournalFile(disk, path, journal);
  }

  get now(): ServiceJournal {
    return this.#journal;
  }

  /** An id that no process of the service has had. */
  async nextProcess({ release }: Target): Promise<string> {
    const launches = this.#journal.launches + 1;
    await this.write({ launches });
    return `${shortId(release)}-${launches}`;
  }

  /** Changes some of it, durably. */
  async write(change: Partial<ServiceJournal>): Promise<void> {
    const journal = { ...this.#journal, ...change };
    await this.#disk.replace(this.#path, journalText(journal), 0o600);
    this.#journal = journal;
  }
}
