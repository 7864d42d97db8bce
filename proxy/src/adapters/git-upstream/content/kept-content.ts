// The content of files as a repository keeps it, byte by byte.
import { DamagedRepository } from "../git/bare-repository.ts";
import type { GitObject } from "../git/object-reader.ts";

/** A file in a repository. */
export interface KeptFile {
  readonly path: string;
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
/** Up to here a file is read as a whole. */
const wholeBytes = 2 ** 20;

type Content = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Reads files, each once, in the order in which they are given, and some ahead of the one that is wanted. The memory that
 * it takes does not grow with their number or size. Throws `DamagedRepository` if one is not there.
 */
export class KeptContent {
  readonly #source: ContentSource;
  readonly #groups: readonly (readonly KeptFile[])[];
  readonly #files: ReadonlyMap<string, KeptFile>;
  readonly #groupOf = new Map<KeptFile, number>();
  readonly #read = new Map<number, Promise<ReadonlyMap<KeptFile, Buffer>>>();

  constructor(source: ContentSource, files: readonly KeptFile[]) {
    this.#source = source;
    this.#files = new Map(files.map((file) => [file.path, file]));
    this.#groups = grouped(files);
    for (const [index, group] of this.#groups.entries()) {
      for (const file of group) this.#groupOf.set(file, index);
    }
  }

  /** Begins with what will be wanted first. */
  begin(): Promise<unknown> {
    return this.#group(0);
  }

  read(path: string): Content {
    const file = this.#files.get(path);
    if (file === undefined) throw new Error("the file is none of those that are read");
    return file.sizeBytes > wholeBytes ? this.#source.stream(file.hash) : this.#whole(file);
  }

  async *#whole(file: KeptFile): AsyncGenerator<Uint8Array, void, undefined> {
    const index = this.#groupOf.get(file);
    if (index === undefined) throw new Error("the file is none of those that are read");
    for (const before of this.#read.keys()) if (before < index) this.#read.delete(before);
    const group = this.#group(index);
    void this.#group(index + 1);
    const content = (await group).get(file);
    if (content === undefined) throw new Error("the file has been read already");
    yield content;
  }

  #group(index: number): Promise<ReadonlyMap<KeptFile, Buffer>> {
    const known = this.#read.get(index);
    if (known !== undefined) return known;
    const reading = this.#readGroup(this.#groups[index] ?? []);
    reading.catch(() => undefined); // whoever wants one of the files hears of it
    this.#read.set(index, reading);
    return reading;
  }

  async #readGroup(group: readonly KeptFile[]): Promise<ReadonlyMap<KeptFile, Buffer>> {
    const read = async (file: KeptFile): Promise<readonly [KeptFile, Buffer]> => {
      const content = (await this.#source.object(file.hash))?.content;
      if (content === undefined) throw new DamagedRepository(`${file.hash} cannot be read`);
      return [file, content];
    };
    return new Map(await Promise.all(group.map(read)));
  }
}

/** Files that are read together; those that are read alone are in no group. */
function grouped(files: readonly KeptFile[]): readonly (readonly KeptFile[])[] {
  const groups: KeptFile[][] = [];
  let freeBytes = 0;
  for (const file of files.filter(({ sizeBytes }) => sizeBytes <= wholeBytes)) {
    const group = groups.at(-1);
    if (group === undefined || freeBytes < file.sizeBytes) {
      groups.push([file]);
      freeBytes = groupBytes - file.sizeBytes;
    } else {
      group.push(file);
      freeBytes -= file.sizeBytes;
    }
  }
  return groups;
}
