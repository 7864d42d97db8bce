// Small answers, read whole.
import { promisify } from "node:util";
import { brotliDecompress, unzip, type ZlibOptions } from "node:zlib";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import type { Answer } from "./answer.ts";

type Decode = (coded: Uint8Array, options: ZlibOptions) => Promise<Uint8Array>;

const decoders: Readonly<Record<string, Decode>> = {
  gzip: promisify(unzip),
  "x-gzip": promisify(unzip),
  deflate: promisify(unzip),
  br: promisify(brotliDecompress),
};

/**
 * The bytes of an answer, decoded, at most `mostBytes` of them. Rejects with a `ProxyFailure` if there are more or if
 * they cannot be decoded; errors of the transfer are passed on as they are.
 */
export async function readDocument(
  answer: Answer,
  {
    mostBytes,
    subject,
  }: { readonly mostBytes: number; readonly subject: FailureSubject | undefined },
): Promise<Uint8Array> {
  const refuse = (reason: string, cause?: unknown): ProxyFailure =>
    new ProxyFailure("upstream_unavailable", `${answer.host} ${reason}`, { subject, cause });
  const tooLong = `sent more than ${mostBytes / 2 ** 20} MiB where a short text belongs`;

  let bytes = await readAtMost(answer.body, mostBytes);
  if (bytes === undefined) throw refuse(tooLong);
  for (const coding of answer.codings.toReversed()) {
    const decode = decoders[coding];
    if (decode === undefined) throw refuse(`used the content coding ${coding} unasked`);
    try {
      bytes = await decode(bytes, { maxOutputLength: mostBytes });
    } catch (cause) {
      const isTooLong = cause instanceof RangeError;
      throw refuse(isTooLong ? tooLong : `sent ${coding} data that cannot be decoded`, cause);
    }
  }
  return bytes;
}

async function readAtMost(
  body: AsyncIterable<Uint8Array>,
  most: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
