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
  /** A small object. Content that is just as long as `into` may be written into that. */
  object(hash: string, into: Buffer): Promise<GitObject | undefined>;
  /** An object of any size. */
  stream(hash: string): AsyncIterable<Uint8Array>;
}

/** Small files are read together, so that git need not be asked for each of them. */
const groupBytes = 2 ** 20;
const groupFiles = 500;
/** Up to here a file is read as a whole. */
const wholeBytes = 2 ** 20;

type Content = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Files that are read together, into memory that they share. */
interface Group {
  readonly memory: Buffer;
  /** Those that nobody has wanted yet. */
  readonly contents: Map<KeptFile, Promise<Buffer>>;
  readonly settled: Promise<readonly PromiseSettledResult<Buffer>[]>;
}

/**
 * Reads files, each once, in the order in which they are given; some may be passed over. Some are read ahead of the one
 * that is wanted. What is read of one file stays as it is until another is wanted. The memory that it takes does not grow
 * with their number or size. Throws `DamagedRepository` if one is not there.
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
    for (const read of await this.#group.settled) if (read.status === "rejected") throw read.reason;
  }

  read(file: KeptFile): Content {
    return isAlone(file) ? this.#source.stream(file.hash) : this.#whole(file);
  }

  async *#whole(file: KeptFile): AsyncGenerator<Uint8Array, void, undefined> {
    while (!this.#group.contents.has(file)) {
      if (this.#group.contents.size === 0 && this.#groupBehind.contents.size === 0) {
        throw new Error("the file is none of those that are still to be read");
      }
      const left = this.#group;
      this.#group = this.#groupBehind;
      this.#groupBehind = this.#readGroup();
      await giveBack(left);
    }
    const content = this.#group.contents.get(file);
    this.#group.contents.delete(file);
    if (content !== undefined) yield await content;
  }

  #readGroup(): Group {
    const files = this.#nextFiles();
    const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const memory = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    const contents = new Map(
      files.map((file) => {
        const place = memory.subarray(at, at + file.sizeBytes);
        at += file.sizeBytes;
        return [file, this.#readWhole(file, place)] as const;
      }),
    );
    return { memory, contents, settled: Promise.allSettled(contents.values()) };
  }

  /** The next files that together are not too large; those that are read alone are in no group. */
  #nextFiles(): readonly KeptFile[] {
    const files: KeptFile[] = [];
    for (let bytes = 0; this.#next < this.#files.length; this.#next++) {
      const file = this.#files[this.#next];
      if (file === undefined || isAlone(file)) continue;
      bytes += file.sizeBytes;
      if (files.length > 0 && (bytes > groupBytes || files.length === groupFiles)) break;
      files.push(file);
    }
    return files;
  }

  async #readWhole({ hash }: KeptFile, place: Buffer): Promise<Buffer> {
    const content = (await this.#source.object(hash, place))?.content;
    if (content === undefined) throw new DamagedRepository(`${hash} cannot be read`);
    return content;
  }
}

/** Gives memory back at once: the garbage collector, which does not see how large it is, comes by too rarely. */
async function giveBack({ memory, settled }: Group): Promise<void> {
  await settled; // until then memory is written to
  if (memory.buffer instanceof ArrayBuffer) memory.buffer.transfer(0);
}

function isAlone({ sizeBytes }: KeptFile): boolean {
  return sizeBytes > wholeBytes;
}
