// Whether all programs see the same files in an archive.
import { faultyEntry, type LocatedEntry } from "./zip-content.ts";
import { seeZip64, sizesFollow } from "./zip-records.ts";

/**
 * Compares what an archive says twice. Go believes the directory and looks at little else; a program that reads from
 * the front believes the local headers. A sound archive tells both the same.
 */
export class OneReading {
  readonly #directoryOffset: number;
  #end = 0;

  constructor(directoryOffset: number) {
    this.#directoryOffset = directoryOffset;
  }

  /**
   * Throws `InvalidText` of kind `zip entry` unless the local header repeats the name, the method and, where it gives
   * them, the checksum and sizes; and unless the entry lies behind the one of the last call and before the directory.
   */
  check(located: LocatedEntry): void {
    const { entry, dataOffset } = located;
    const difference = differenceIn(located);
    if (difference !== undefined) {
      throw faultyEntry(entry, `its local header has another ${difference} than the directory`);
    }
    const end = dataOffset + entry.compressedSize;
    if (entry.headerOffset < this.#end) throw faultyEntry(entry, "it overlaps another entry");
    if (entry.compressedSize < 0 || end > this.#directoryOffset) {
      throw faultyEntry(entry, "it overlaps the directory");
    }
    this.#end = end;
  }
}

function differenceIn({ entry, local }: LocatedEntry): string | undefined {
  if (local.rawName !== entry.rawName) return "name";
  if (local.method !== entry.method) return "method";
  if ((local.flags & sizesFollow) !== 0) return undefined;
  if (local.crc32 !== entry.crc32) return "checksum";
  if (differs(local.compressedSize, entry.compressedSize)) return "compressed size";
  if (differs(local.uncompressedSize, entry.uncompressedSize)) return "uncompressed size";
  return undefined;
}

function differs(localSize: number, size: number): boolean {
  return localSize !== size && localSize !== seeZip64.in32Bits;
}
