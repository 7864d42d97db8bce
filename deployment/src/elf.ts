// What an ELF program says about where it runs and where its parts lie. Authority: elf(5).
import { DocumentProblem } from "./document-problem.ts";
import type { Architecture } from "./revision.ts";

/** A part of the file and where it lies in memory. */
export interface ElfPart {
  readonly offset: number;
  /** In the file. */
  readonly size: number;
  readonly address: number;
}

/** A part that is loaded into memory. */
export interface ElfSegment extends ElfPart {
  readonly isWritable: boolean;
  readonly isExecutable: boolean;
}

/** An ELF program. */
export interface Elf {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** By its Go name; `undefined` for one that Go does not know. */
  readonly arch: Architecture | undefined;
  /** Whether it can be started: a program, position independent or not. */
  readonly isProgram: boolean;
  /** The loader it needs (`PT_INTERP`), such as `/lib64/ld-linux-x86-64.so.2`; absent for static programs. */
  readonly interpreter?: string;
  readonly segments: readonly ElfSegment[];
  /** By name; empty where they were stripped. */
  readonly sections: ReadonlyMap<string, ElfPart>;
}

const programTypes = [2, 3]; // ET_EXEC, ET_DYN
const loaded = 1; // PT_LOAD
const interpreterSegment = 3; // PT_INTERP
const flagExecutable = 1;
const flagWritable = 2;
const mostHeaders = 10_000;

/** Machines by `e_machine`, class and byte order. */
const architectures: ReadonlyMap<string, Architecture> = new Map([
  ["3 32 little", "386"],
  ["62 64 little", "amd64"],
  ["40 32 little", "arm"],
  ["183 64 little", "arm64"],
  ["258 64 little", "loong64"],
  ["8 32 big", "mips"],
  ["8 32 little", "mipsle"],
  ["8 64 big", "mips64"],
  ["8 64 little", "mips64le"],
  ["21 64 big", "ppc64"],
  ["21 64 little", "ppc64le"],
  ["243 64 little", "riscv64"],
  ["22 64 big", "s390x"],
]);

/** Whether bytes begin as an ELF file does. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * Reads an ELF file; `undefined` if it is none. The first kilobytes are enough for all but the sections, which lie at the
 * end: what is not among the bytes is left out. Throws `DocumentProblem` if it is damaged.
 */
export function readElf(bytes: Uint8Array): Elf | undefined {
  if (!isElf(bytes)) return undefined;
  const file = new ElfBytes(bytes);
  const interpreter = readInterpreter(file);
  return {
    bits: file.bits,
    littleEndian: file.littleEndian,
    arch: architectures.get(
      `${file.half(18)} ${file.bits} ${file.littleEndian ? "little" : "big"}`,
    ),
    isProgram: programTypes.includes(file.half(16)),
    ...(interpreter === undefined ? {} : { interpreter }),
    segments: readSegments(file),
    sections: readSections(file),
  };
}

/** Why a program cannot run on a machine of this architecture, as a sentence after its name; `undefined` if it can. */
export function elfProblem(elf: Elf, arch: Architecture): string | undefined {
  if (!elf.isProgram) return "is an ELF file but no program; name the linked program";
  if (elf.arch === undefined) return "is built for a machine that Go does not know";
  if (elf.arch !== arch)
    return `is built for ${elf.arch}, and ${arch} is needed; build it with GOARCH=${arch}`;
  return undefined;
}

/**
 * The same, given the first 64 bytes of a program. What is no ELF file is a script, and runs anywhere its interpreter does.
 */
export function programProblem(head: Uint8Array, arch: Architecture): string | undefined {
  try {
    const elf = readElf(head);
    return elf === undefined ? undefined : elfProblem(elf, arch);
  } catch (failure) {
    if (failure instanceof DocumentProblem) return `is damaged: ${failure.message}`;
    throw failure;
  }
}

/** Bytes with the widths and order that their header declares. */
class ElfBytes {
  readonly bytes: Uint8Array;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    const [bits, order] = [bytes[4], bytes[5]];
    if (
      (bits !== 1 && bits !== 2) ||
      (order !== 1 && order !== 2) ||
      bytes.length < (bits === 2 ? 64 : 52)
    ) {
      throw new DocumentProblem("ELF file", "", "has a damaged header");
    }
    this.bytes = bytes;
    this.bits = bits === 2 ? 64 : 32;
    this.littleEndian = order === 1;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  has(offset: number, size: number): boolean {
    return offset + size <= this.bytes.length;
  }

  half(offset: number): number {
    return this.#view.getUint16(offset, this.littleEndian);
  }

  word(offset: number): number {
    return this.#view.getUint32(offset, this.littleEndian);
  }

  /** An address, offset or size in the file's own width. */
  long(offset: number): number {
    if (this.bits === 32) return this.word(offset);
    const long = Number(this.#view.getBigUint64(offset, this.littleEndian));
    if (!Number.isSafeInteger(long))
      throw new DocumentProblem("ELF file", "", "has an address that is no address");
    return long;
  }

  text(offset: number, size: number): string {
    const bytes = this.bytes.subarray(offset, offset + size);
    const end = bytes.indexOf(0);
    return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end)).toString("latin1");
  }
}

/** The places of a table's entries, as far as they are among the bytes. */
function entriesOf(file: ElfBytes, table: number, size: number, count: number): readonly number[] {
  if (count > mostHeaders) throw new DocumentProblem("ELF file", "", `has ${count} headers`);
  if (table === 0 || size === 0) return [];
  return Array.from({ length: count }, (_, index) => table + index * size).filter((place) =>
    file.has(place, size),
  );
}

/** Where the program headers are, whatever they describe. */
function programHeaders(file: ElfBytes): readonly number[] {
  const wide = file.bits === 64;
  return entriesOf(
    file,
    file.long(wide ? 32 : 28),
    file.half(wide ? 54 : 42),
    file.half(wide ? 56 : 44),
  ).filter((place) => file.has(place, wide ? 56 : 32));
}

function segmentAt(file: ElfBytes, place: number): ElfSegment {
  const wide = file.bits === 64;
  const flags = file.word(place + (wide ? 4 : 24));
  return {
    offset: file.long(place + (wide ? 8 : 4)),
    address: file.long(place + (wide ? 16 : 8)),
    size: file.long(place + (wide ? 32 : 16)),
    isWritable: (flags & flagWritable) !== 0,
    isExecutable: (flags & flagExecutable) !== 0,
  };
}

function readSegments(file: ElfBytes): readonly ElfSegment[] {
  return programHeaders(file)
    .filter((place) => file.word(place) === loaded)
    .map((place) => segmentAt(file, place));
}

function readInterpreter(file: ElfBytes): string | undefined {
  const place = programHeaders(file).find((header) => file.word(header) === interpreterSegment);
  if (place === undefined) return undefined;
  const { offset, size } = segmentAt(file, place);
  return file.has(offset, size) && size <= 4096 ? file.text(offset, size) : undefined;
}

function readSections(file: ElfBytes): ReadonlyMap<string, ElfPart> {
  const wide = file.bits === 64;
  const places = entriesOf(
    file,
    file.long(wide ? 40 : 32),
    file.half(wide ? 58 : 46),
    file.half(wide ? 60 : 48),
  ).filter((place) => file.has(place, wide ? 64 : 40));
  const sections = places.map((place) => ({
    name: file.word(place),
    address: file.long(place + (wide ? 16 : 12)),
    offset: file.long(place + (wide ? 24 : 16)),
    size: file.long(place + (wide ? 32 : 20)),
  }));
  const names = sections[file.half(wide ? 62 : 50)];
  if (names === undefined || !file.has(names.offset, names.size)) return new Map();
  return new Map(
    sections.map(({ name, ...part }) => [
      file.text(names.offset + name, Math.max(0, names.size - name)),
      part,
    ]),
  );
}
