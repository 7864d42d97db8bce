// Unix archives, which a .deb is. Authority: deb(5) and "FILE FORMAT" of ar(5): no long names, no symbol tables.
import { createReadStream, createWriteStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

/** How such an archive begins. */
export const arSignature = "!<arch>\n";

/** One member: where its bytes lie in the archive. */
export interface ArMember {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

const headerBytes = 60;
const headerEnd = "`\n";

/** The members in their order. Throws a sentence where the archive is damaged. */
export async function arMembers(place: string): Promise<readonly ArMember[]> {
  const { size: whole } = await stat(place);
  await using file = await open(place);
  const members: ArMember[] = [];
  let at = arSignature.length;
  while (at < whole) {
    const { buffer } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, at);
    const text = buffer.toString("latin1");
    const size = Number(text.slice(48, 58));
    const start = at + headerBytes;
    if (!text.endsWith(headerEnd) || !Number.isSafeInteger(size) || start + size > whole) {
      throw new Error("it breaks off, or is no archive of ar");
    }
    members.push({ name: text.slice(0, 16).trim().replace(/\/$/, ""), start, size });
    at = start + size + (size % 2);
  }
  return members;
}

/** Writes an archive of files, owned by root. The same files give the same bytes. */
export async function writeArArchive(
  place: string,
  members: readonly { readonly name: string; readonly file: string }[],
  seconds: number,
): Promise<void> {
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(arSignature);
    for (const { name, file } of members) {
      const { size } = await stat(file);
      yield header(name, size, seconds);
      yield* createReadStream(file) as AsyncIterable<Uint8Array>;
      if (size % 2 === 1) yield Buffer.from("\n");
    }
  };
  await pipeline(pieces, createWriteStream(place, { mode: 0o644 }));
}

function header(name: string, size: number, seconds: number): Uint8Array {
  const fields: readonly (readonly [text: string, width: number])[] = [
    [name, 16],
    [String(seconds), 12],
    ["0", 6],
    ["0", 6],
    ["100644", 8],
    [String(size), 10],
  ];
  return Buffer.from(`${fields.map(([text, width]) => text.padEnd(width)).join("")}${headerEnd}`);
}
