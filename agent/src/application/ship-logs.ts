// Sends what services write to where people read it.
import type { Clock } from "../domain/clock.ts";
import type { Disk } from "../domain/disk.ts";
import type { LogLine, LogSink } from "../domain/document-source.ts";

/** What sending needs. */
export interface ShippingParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly sink: LogSink;
  readonly machine: string;
  /** Where it writes down how far it has come. */
  readonly placesPath: string;
}

/** A log, and whose it is. */
export interface ShippedLog {
  readonly service: string;
  readonly revision: string;
  readonly path: string;
}

const mostBytes = 256 << 10;
/** What lies further back is left out: a machine that was cut off for long must not send for hours. */
const mostBacklogBytes = 4 << 20;
const mostLines = 2_000;

/** Remembers how far each log was sent. What was sent just before the agent was killed may be sent again. */
export class LogShipping {
  readonly #parts: ShippingParts;
  #places: Record<string, number> | undefined;

  constructor(parts: ShippingParts) {
    this.#parts = parts;
  }

  /** Sends what is new. Fails with `source_unavailable` if nobody takes it; it is sent later then. */
  async ship(logs: readonly ShippedLog[], signal: AbortSignal): Promise<void> {
    this.#places ??= await this.#read();
    const places = this.#places;
    let moved = false;
    for (const log of logs) moved = (await this.#shipOne(places, log, signal)) || moved;
    if (!moved) return;
    await this.#parts.disk.replace(this.#parts.placesPath, `${JSON.stringify(places)}\n`);
  }

  async #shipOne(
    places: Record<string, number>,
    { service, revision, path }: ShippedLog,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { disk, sink, machine, clock } = this.#parts;
    const size = (await disk.look(path))?.size ?? 0;
    const known = places[path] ?? 0;
    // Smaller than before: it was put aside and begins anew.
    const from = Math.max(known > size ? 0 : known, size - mostBacklogBytes);
    if (from >= size) return false;
    const bytes = await disk.slice(path, from, mostBytes);
    const { texts, consumed } = wholeLines(bytes);
    if (consumed === 0) return false;
    const at = new Date(clock.nowMs()).toISOString();
    const lines = texts.map((text): LogLine => ({ service, revision, at, stream: "stdout", text }));
    if (lines.length > 0) await sink.send(machine, lines, signal);
    places[path] = from + consumed;
    return true;
  }

  async #read(): Promise<Record<string, number>> {
    const bytes = await this.#parts.disk.read(this.#parts.placesPath);
    if (bytes === undefined) return {};
    try {
      return JSON.parse(Buffer.from(bytes).toString());
    } catch {
      return {};
    }
  }
}

/** A line that is not ended yet waits for its end, unless it alone fills a whole batch. */
function wholeLines(bytes: Uint8Array): {
  readonly texts: readonly string[];
  readonly consumed: number;
} {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = buffer.lastIndexOf("\n") + 1;
  if (end === 0 && buffer.length === mostBytes) end = buffer.length;
  let texts = buffer
    .toString("utf8", 0, end)
    .split("\n")
    .filter((text) => text !== "");
  if (texts.length > mostLines) {
    texts = texts.slice(0, mostLines);
    end = 0;
    for (let line = 0; line < mostLines; line += 1) {
      end = nextLine(buffer, end);
    }
  }
  return { texts, consumed: end };
}

/** After the next line that is not empty. */
function nextLine(buffer: Buffer, from: number): number {
  let at = from;
  while (buffer[at] === 10) at += 1;
  return buffer.indexOf("\n", at) + 1;
}
