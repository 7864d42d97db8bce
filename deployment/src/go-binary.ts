// Finds what the Go toolchain wrote into a program. Authority: debug/buildinfo and cmd/link/internal/ld (buildinfo).
import { type Elf, type ElfPart, readElf } from "./elf.ts";
import { type GoBuildInfo, parseGoModuleLines } from "./go-build-info.ts";

const magic = Buffer.from("\xff Go buildinf:", "latin1");
const alignment = 16;
const headerSize = 32;
const pointerSizePlace = 14;
const flagsPlace = 15;
const flagBigEndian = 1;
/** Since Go 1.18 the two strings follow the header itself; before, it holds pointers to them. */
const flagInline = 2;
/** The module lines stand between two marks of so many bytes. */
const markSize = 16;

/**
 * What the Go toolchain wrote into a program, given all its bytes; `undefined` for a program that is no ELF file or was not
 * linked by Go. Throws `DocumentProblem` if the ELF file is damaged.
 */
export function readGoBuildInfo(program: Uint8Array): GoBuildInfo | undefined {
  const elf = readElf(program);
  if (elf === undefined) return undefined;
  const bytes = Buffer.from(program.buffer, program.byteOffset, program.byteLength);
  const header = findHeader(bytes, elf);
  if (header === undefined) return undefined;
  const strings =
    (bytes[header + flagsPlace] ?? 0) & flagInline
      ? inlineStrings(bytes, header)
      : pointedStrings(bytes, header, elf);
  if (strings === undefined || strings.version === "") return undefined;
  return parseGoModuleLines(strings.version, betweenMarks(strings.modules));
}

interface Strings {
  readonly version: string;
  readonly modules: Buffer;
}

/** In its own section, or, where sections were stripped, at the beginning of the data. */
function findHeader(bytes: Buffer, elf: Elf): number | undefined {
  const section = elf.sections.get(".go.buildinfo");
  const parts: readonly ElfPart[] = [
    ...(section === undefined ? [] : [section]),
    ...elf.segments.filter(({ isWritable, isExecutable }) => isWritable && !isExecutable),
  ];
  for (const { offset, size } of parts) {
    const found = findMagic(bytes.subarray(0, offset + size), offset);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findMagic(bytes: Buffer, from: number): number | undefined {
  for (
    let place = bytes.indexOf(magic, from);
    place !== -1;
    place = bytes.indexOf(magic, place + 1)
  ) {
    if ((place - from) % alignment === 0 && place + headerSize <= bytes.length) return place;
  }
  return undefined;
}

function inlineStrings(bytes: Buffer, header: number): Strings | undefined {
  const version = lengthPrefixed(bytes, header + headerSize);
  const modules = version && lengthPrefixed(bytes, version.end);
  return modules && { version: version.bytes.toString(), modules: modules.bytes };
}

/** A string after its length as an unsigned varint (encoding/binary). */
function lengthPrefixed(
  bytes: Buffer,
  start: number,
): { readonly bytes: Buffer; readonly end: number } | undefined {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte >= 0x80) continue;
    const end = start + index + 1 + length;
    return end > bytes.length ? undefined : { bytes: bytes.subarray(start + index + 1, end), end };
  }
  return undefined;
}

/** Two pointers to strings, each of which is a pointer and a length, in the byte order of the flags. */
function pointedStrings(bytes: Buffer, header: number, elf: Elf): Strings | undefined {
  const width = bytes[header + pointerSizePlace];
  if (width !== 4 && width !== 8) return undefined;
  const isBig = ((bytes[header + flagsPlace] ?? 0) & flagBigEndian) !== 0;
  const memory = new Memory(bytes, elf, width, isBig);
  const version = memory.string(memory.pointerAt(header + 16));
  const modules = memory.string(memory.pointerAt(header + 16 + width));
  return version && { version: version.toString(), modules: modules ?? Buffer.alloc(0) };
}

/** What would lie in memory if the program ran. */
class Memory {
  readonly #bytes: Buffer;
  readonly #elf: Elf;
  readonly #width: 4 | 8;
  readonly #isBig: boolean;

  constructor(bytes: Buffer, elf: Elf, width: 4 | 8, isBig: boolean) {
    this.#bytes = bytes;
    this.#elf = elf;
    this.#width = width;
    this.#isBig = isBig;
  }

  /** The number at a place of the file. */
  pointerAt(place: number): number | undefined {
    if (place < 0 || place + this.#width > this.#bytes.length) return undefined;
    const bytes = this.#bytes.subarray(place, place + this.#width);
    const ordered = this.#isBig ? bytes : Buffer.from(bytes).reverse();
    return Number(`0x${ordered.toString("hex")}`);
  }

  /** The string whose header lies at an address. */
  string(address: number | undefined): Buffer | undefined {
    const place = this.#placeOf(address, 2 * this.#width);
    if (place === undefined) return undefined;
    const length = this.pointerAt(place + this.#width) ?? 0;
    const start = this.#placeOf(this.pointerAt(place), length);
    return start === undefined ? undefined : this.#bytes.subarray(start, start + length);
  }

  #placeOf(address: number | undefined, size: number): number | undefined {
    if (address === undefined) return undefined;
    const segment = this.#elf.segments.find(
      (one) => address >= one.address && address + size <= one.address + one.size,
    );
    return segment && segment.offset + address - segment.address;
  }
}

function betweenMarks(modules: Buffer): string {
  const isMarked = modules.length > 2 * markSize && modules[modules.length - markSize - 1] === 0x0a;
  return isMarked ? modules.subarray(markSize, modules.length - markSize).toString() : "";
}
