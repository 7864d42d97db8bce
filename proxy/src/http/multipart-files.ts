// The files of a multipart/form-data request, one after the other, as they arrive.
import { on } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** A file on its way. */
export interface MultipartFile {
  /** The name of the form's field. */
  readonly field: string;
  readonly body: AsyncIterable<Uint8Array>;
}

const limits = { files: 8, fields: 8, parts: 16, headerSize: 4096, headerPairs: 16 };

/**
 * Yields the files (RFC 7578); each must be read before the next is asked for. Nothing is held in memory but what is being
 * handed over. Throws `bad_request` if the request is none or breaks off within a part, and the signal's reason.
 */
export async function* multipartFiles(
  request: IncomingMessage,
  signal: AbortSignal,
): AsyncGenerator<MultipartFile, void, undefined> {
  const { Busboy } = await import("@fastify/busboy");
  const type = request.headers["content-type"] ?? "";
  if (!/^multipart\/form-data\s*;/i.test(type)) throw bad("a multipart/form-data body is expected");
  const parser = translating(() => new Busboy({ headers: { "content-type": type }, limits }));
  const open = new Set<Readable>();
  const breakOff = (failure: unknown): void => {
    for (const stream of open) stream.destroy(failure instanceof Error ? failure : undefined);
  };
  const abort = (): void => breakOff(signal.reason);
  parser.on("error", breakOff);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const files = on(parser, "file", { close: ["finish"], signal });
    request.pipe(parser);
    for await (const [field, stream] of files as AsyncIterable<[string, Readable]>) {
      open.add(stream);
      yield { field, body: chunksOf(stream) };
      open.delete(stream);
    }
  } catch (failure) {
    signal.throwIfAborted();
    throw badForm(failure);
  } finally {
    signal.removeEventListener("abort", abort);
    request.unpipe(parser);
    parser.destroy();
    request.resume(); // what nobody wants flows away, so that the client comes to read the answer
  }
}

async function* chunksOf(stream: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (failure) {
    throw badForm(failure);
  }
}

function translating<T>(work: () => T): T {
  try {
    return work();
  } catch (failure) {
    throw badForm(failure);
  }
}

function badForm(failure: unknown): unknown {
  if (failure instanceof ProxyFailure || !(failure instanceof Error)) return failure;
  return bad(`the multipart body cannot be read: ${failure.message}`, failure);
}

function bad(message: string, cause?: unknown): ProxyFailure {
  return new ProxyFailure("bad_request", message, { cause });
}
