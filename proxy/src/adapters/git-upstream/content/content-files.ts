// Files of a module on their way into its zip.
import type { ModuleFile, ReadableModuleFile } from "@stoa/gomod/zip";
import type { ListedFile } from "./listed-files.ts";
import type { SpooledFiles, SpooledPlace } from "./spooled-files.ts";

/** What a file holds, in pieces. */
export type Content = ReturnType<ReadableModuleFile["read"]>;

/** A file as it goes into the zip. */
export interface ContentFile extends ReadableModuleFile {
  /** What the repository keeps it under, if it is handed out as it is kept there. */
  readonly hash: string | undefined;
}

/** A file as the repository keeps it. */
export class RepositoryFile implements ContentFile {
  readonly listed: ListedFile;
  readonly sizeBytes: number;
  readonly #read: (file: RepositoryFile) => Content;

  constructor(listed: ListedFile, sizeBytes: number, read: (file: RepositoryFile) => Content) {
    this.listed = listed;
    this.sizeBytes = sizeBytes;
    this.#read = read;
  }

  get path(): string {
    return this.listed.path;
  }

  get kind(): ModuleFile["kind"] {
    return this.listed.kind;
  }

  get hash(): string {
    return this.listed.hash;
  }

  read(): Content {
    return this.#read(this);
  }
}

/** A file as git has handed it out. */
export class SpooledFile implements ContentFile {
  readonly hash = undefined;
  readonly #listed: ListedFile;
  readonly #place: SpooledPlace | undefined;
  readonly #spool: SpooledFiles;

  constructor(listed: ListedFile, place: SpooledPlace | undefined, spool: SpooledFiles) {
    this.#listed = listed;
    this.#place = place;
    this.#spool = spool;
  }

  get path(): string {
    return this.#listed.path;
  }

  get kind(): ModuleFile["kind"] {
    return this.#listed.kind;
  }

  get sizeBytes(): number {
    return this.#place?.sizeBytes ?? 0;
  }

  read(): Content {
    if (this.#place === undefined) {
      throw new Error(`${this.path} was not taken out of the repository`);
    }
    return this.#spool.read(this.#place);
  }
}
