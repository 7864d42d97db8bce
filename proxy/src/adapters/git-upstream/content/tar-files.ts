// The regular files in a tar archive, as git writes it.

/** A part of the content of a file; an empty one if it has none. */
export interface TarPiece {
  readonly path: string;
  /** Of the whole file. */
  readonly sizeBytes: number;
  readonly bytes: Buffer;
}

/** An archive that ends early, or is none. */
export class BrokenArchive extends Error {
  override readonly name = "BrokenArchive";
}

const blockBytes = 512;

interface Header {
  readonly type: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * Reads an archive while it comes, piece by piece. Directories, symbolic links and git's own notes are passed over.
 * Throws a `BrokenArchive`. Authority: POSIX pax, "ustar Interchange Format".
 */
export async function* tarFiles(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<TarPiece, void, undefined> {
  const input = new BlockInput(chunks);
  for (;;) {
    const header = await nextHeader(input);
    if (header === undefined) break;
    if (header.type === "0") yield* contentOf(header, input);
    else await input.skip(header.sizeBytes);
    await input.skip(paddingOf(header));
  }
  await input.drain();
}

/** The header of the next file, with what was said about it before it; `undefined` at the end. */
async function nextHeader(input: BlockInput): Promise<Header | undefined> {
  let extended: ReadonlyMap<string, string> = new Map();
  for (;;) {
    const block = await input.take(blockBytes);
    if (block.every((byte) => byte === 0)) return undefined;
    const header = parseHeader(block, extended);
    if (header.type !== "x") return header;
    extended = parseRecords(await input.take(header.sizeBytes));
    await input.skip(paddingOf(header));
  }
}

async function* contentOf(
  header: Header,
  input: BlockInput,
): AsyncGenerator<TarPiece, void, undefined> {
  const { path, sizeBytes } = header;
  if (sizeBytes === 0) yield { path, sizeBytes, bytes: Buffer.alloc(0) };
  for await (const bytes of input.pieces(sizeBytes)) yield { path, sizeBytes, bytes };
}

function paddingOf({ sizeBytes }: Header): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

function parseHeader(block: Buffer, extended: ReadonlyMap<string, string>): Header {
  const text = (start: number, length: number): string => {
    const field = block.subarray(start, start + length);
    const end = field.indexOf(0);
    return field.toString("utf8", 0, end < 0 ? length : end);
  };
  if (text(257, 5) !== "ustar") throw new BrokenArchive("the archive cannot be read");
  const prefix = text(345, 155);
  const name = text(0, 100);
  const size = extended.get("size") ?? Number.parseInt(text(124, 12), 8);
  return {
    type: text(156, 1),
    path: extended.get("path") ?? (prefix === "" ? name : `${prefix}/${name}`),
    sizeBytes: Number(size),
  };
}

/** Records of the form `length key=value\n`, where the length counts the whole record in bytes. */
function parseRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let start = 0; start < bytes.length; ) {
    const length = Number.parseInt(bytes.toString("latin1", start, start + 20), 10);
    if (!(length > 0)) throw new BrokenArchive("a header of the archive cannot be read");
    const record = bytes.toString("utf8", start, start + length - 1);
    const space = record.indexOf(" ");
    const equals = record.indexOf("=", space);
    records.set(record.slice(space + 1, equals), record.slice(equals + 1));
    start += length;
  }
  return records;
}

/** Bytes that come in chunks of any length, to be taken in others. */
class BlockInput {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.pieces(length)) pieces.push(piece);
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  }

  async *pieces(length: number): AsyncGenerator<Buffer, void, undefined> {
    for (let missing = length; missing > 0; ) {
      if (this.#rest.length === 0) this.#rest = await this.#next();
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      missing -= piece.length;
      yield piece;
    }
  }

  async skip(length: number): Promise<void> {
    for await (const _piece of this.pieces(length));
  }

  /** Lets what is behind the end of the archive pass. */
  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }

  async #next(): Promise<Buffer> {
    const { done, value } = await this.#chunks.next();
    if (done) throw new BrokenArchive("the archive ends early");
    return value;
  }
}
