// The .info and .mod of versions that were asked for a short while ago.
import type { ModuleVersion } from "@stoa/gomod";
import type { InfoDocument } from "../../domain/upstream.ts";

/** Both papers of a version: one run of the go command brings them. */
export interface Papers {
  readonly info: InfoDocument;
  readonly mod: Uint8Array;
}

const lifetimeMs = 5 * 60_000;
const mostBytes = 8 * 2 ** 20;

interface Entry extends Papers {
  readonly untilMs: number;
}

/**
 * A client asks for the .info, the .mod and the zip one after the other, and each run of the go command takes seconds with
 * some systems. So what one run has found is kept for the next ones, within bounds; the newest stay.
 */
export class RecentPapers {
  readonly #entries = new Map<string, Entry>();
  readonly #nowMs: () => number;
  #bytes = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  find(module: ModuleVersion): Papers | undefined {
    const entry = this.#entries.get(keyOf(module));
    return entry !== undefined && entry.untilMs > this.#nowMs() ? entry : undefined;
  }

  remember(module: ModuleVersion, papers: Papers): void {
    this.#drop(keyOf(module));
    this.#entries.set(keyOf(module), { ...papers, untilMs: this.#nowMs() + lifetimeMs });
    this.#bytes += sizeOf(papers);
    for (const key of this.#entries.keys()) {
      if (this.#bytes <= mostBytes) return;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(entry);
  }
}

function keyOf({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}

function sizeOf({ info, mod }: Papers): number {
  return info.bytes.length + mod.length + 500;
}
