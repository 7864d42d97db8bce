// One range of bytes, as a Range request asks for it: RFC 9110 §14.1.2 and §14.2.

/** From the first byte to the last, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

const singleRange = /^bytes=[\t ,]*(\d*)-(\d*)[\t ,]*$/i;

/**
 * What a Range header asks for in a file of `size` bytes. `undefined` stands for "the whole file": the header is
 * malformed, in another unit, or names several ranges, and RFC 9110 §14.2 lets a server ignore it then.
 */
export function toByteRange(text: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = singleRange.exec(text) ?? [];
  if (first === "") return last === "" ? undefined : suffixRange(Number(last), size);
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return "unsatisfiable";
  return {
    first: Number(first),
    last: last === "" ? size - 1 : Math.min(Number(last), size - 1),
  };
}

/** The last `length` bytes. Of an empty file that is the whole file, for which no Content-Range can be written. */
function suffixRange(length: number, size: number): ByteRange | "unsatisfiable" | undefined {
  if (length === 0) return "unsatisfiable";
  if (size === 0) return undefined;
  return { first: Math.max(0, size - length), last: size - 1 };
}
