// The body of a request, read whole.
import type { IncomingMessage } from "node:http";
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** Rejects with `bad_request` once it is larger than `mostBytes`. */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > mostBytes) {
      throw new ProxyFailure("bad_request", `the body is larger than ${mostBytes / 2 ** 20} MiB`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
