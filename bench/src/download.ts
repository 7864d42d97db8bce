// One client that downloads one file and compares it, byte by byte, with what it should be.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

/** A download that arrived whole and right. */
export interface Download {
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Where a client stops reading for a while. */
export interface Stall {
  readonly afterBytes: number;
  resume(): Promise<void>;
}

/** How to download. */
export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** A client that stops reading after so many bytes until `resume`, called then, lets it go on. */
  readonly stall?: Stall | undefined;
}

/**
 * Downloads over a connection of its own. Throws if the answer is not 200 or not exactly `expected`; nothing is kept of
 * what arrives, so that many may run at once.
 */
export async function download(
  url: string,
  expected: Uint8Array,
  options: DownloadOptions,
): Promise<Download> {
  const started = performance.now();
  const sent = request(url, { agent: false, signal: options.signal }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(
      `asked for a file of ${expected.length} bytes, got status ${response.statusCode}`,
    );
  }
  const bytes = await compare(response, expected, options);
  return { bytes, milliseconds: performance.now() - started };
}

/** Downloads a small file. Throws if the answer is not 200. */
export async function downloadSmall(
  url: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const response = await fetch(url, { signal, headers });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`asked for a file, got status ${response.status}`);
  return bytes;
}

async function compare(
  response: IncomingMessage,
  expected: Uint8Array,
  { stall, signal }: DownloadOptions,
): Promise<number> {
  let position = 0;
  let stalling = stall;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const end = position + chunk.length;
    if (end > expected.length || chunk.compare(expected, position, end) !== 0) {
      throw new Error(`the bytes from ${position} on are not those that were asked for`);
    }
    position = end;
    if (stalling !== undefined && position >= stalling.afterBytes) {
      await Promise.race([stalling.resume(), once(signal, "abort")]);
      stalling = undefined;
    }
  }
  if (position !== expected.length) {
    throw new Error(`${position} bytes arrived of ${expected.length}`);
  }
  return position;
}
