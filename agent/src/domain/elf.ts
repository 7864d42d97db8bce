// What the first bytes of a program say about where it runs. Authority: elf(5).
import type { Architecture } from "@stoa/deployment";

/** `e_machine`, by Go's name. Where one number stands for several, class and byte order tell them apart. */
const machines: Readonly<Record<Architecture, number>> = {
  "386": 3,
  amd64: 62,
  arm: 40,
  arm64: 183,
  loong64: 258,
  mips: 8,
  mipsle: 8,
  mips64: 8,
  mips64le: 8,
  ppc64: 21,
  ppc64le: 21,
  riscv64: 243,
  s390x: 22,
};

const littleEndian = 1;

/** Whether the bytes begin a program in ELF. */
export function isElf(head: Uint8Array): boolean {
  return (
    head.length >= 20 &&
    head[0] === 0x7f &&
    head[1] === 0x45 &&
    head[2] === 0x4c &&
    head[3] === 0x46
  );
}

/** Whether an ELF program is one of this architecture. */
export function runsOn(head: Uint8Array, arch: Architecture): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return view.getUint16(18, head[5] === littleEndian) === machines[arch];
}
