// The content of files as a repository keeps it, byte by byte.
import { DamagedRepository } from "../git/bare-repository.ts";
import type { GitObject } from "../git/object-reader.ts";

/** A file in a repository. */
export interface KeptFile {
  readonly hash: string;
  readonly sizeBytes: number;
}

/** Where content comes from. */
export interface ContentSource {
  /** A small object. */
  object(hash: string): Promise<GitObject | undefined>;
  /** An object of any size. */
  stream(hash: string): AsyncIterable<Uint8Array>;
}

/** Small files are read together, so that git need not be asked for each of them. */
const groupBytes = 2 ** 20;
const groupFiles = 500;
/** Up to here a file is read as a whole. */
const wholeBytes = 2 ** 20;

type Content = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
type Group = Map<KeptFile, Promise<Buffer>>;

/**
 * Reads files, each once, in the order in which they are given; some may be passed over. Some are read ahead of the one
 * that is wanted. The memory that it takes does not grow with their number or size. Throws `DamagedRepository` if one is
 * not there.
 */
export class KeptContent {
  readonly #source: ContentSource;
  readonly #files: readonly KeptFile[];
  /** The first file that is in no group yet. */
  #next = 0;
  /** The group that is being read, and the one behind it. */
  #group: Group;
  #groupBehind: Group;

  /** Begins to read. */
  constructor(source: ContentSource, files: readonly KeptFile[]) {
    this.#source = source;
    this.#files = files;
    this.#group = this.#readGroup();
    this.#groupBehind = this.#readGroup();
  }

  /** Resolves when what will be wanted first is there. */
  async begun(): Promise<void> {
    await Promise.all(this.#group.values());
  }

  read(file: KeptFile): Content {
    return isAlone(file) ? this.#source.stream(file.hash) : this.#whole(file);
  }

  async *#whole(file: KeptFile): AsyncGenerator<Uint8Array, void, undefined> {
    while (!this.#group.has(file)) {
      if (this.#group.size === 0 && this.#groupBehind.size === 0) {
        throw new Error("the file is none of those that are still to be read");
      }
      this.#group = this.#groupBehind;
      this.#groupBehind = this.#readGroup();
    }
    const content = this.#group.get(file);
    this.#group.delete(file);
    if (content !== undefined) yield await content;
  }

  /** The next files that together are not too large; those that are read alone are in no group. */
  #readGroup(): Group {
    const group: Group = new Map();
    for (let bytes = 0; this.#next < this.#files.length; this.#next++) {
      const file = this.#files[this.#next];
      if (file === undefined || isAlone(file)) continue;
      bytes += file.sizeBytes;
      if (group.size > 0 && (bytes > groupBytes || group.size === groupFiles)) break;
      const content = this.#readWhole(file);
      content.catch(() => undefined); // whoever wants the file hears of it
      group.set(file, content);
    }
    return group;
  }

  async #readWhole({ hash }: KeptFile): Promise<Buffer> {
    const content = (await this.#source.object(hash))?.content;
    if (content === undefined) throw new DamagedRepository(`${hash} cannot be read`);
    return content;
  }
}

function isAlone({ sizeBytes }: KeptFile): boolean {
  return sizeBytes > wholeBytes;
}
