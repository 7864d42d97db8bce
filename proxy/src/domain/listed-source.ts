// Versions that somebody has listed, to be had from an upstream.
import {
  checkModuleVersion,
  InvalidText,
  type ModuleVersion,
  parseModulePath,
  parseVersion,
} from "@stoa/gomod";
import type { ImportSource, SourceEntry } from "./import-source.ts";
import type { LooseKind } from "./loose-files.ts";
import type { Fetcher, ZipDelivery } from "./upstream.ts";

/** Fetches the versions of a list. */
export class ListedSource implements ImportSource {
  readonly name: string;
  readonly #upstream: Fetcher;
  readonly #entries: readonly SourceEntry[];

  constructor(parts: {
    readonly name: string;
    readonly upstream: Fetcher;
    readonly entries: readonly SourceEntry[];
  }) {
    this.name = parts.name;
    this.#upstream = parts.upstream;
    this.#entries = parts.entries;
  }

  async *entries(): AsyncGenerator<SourceEntry> {
    yield* this.#entries;
  }

  async document(module: ModuleVersion, kind: LooseKind, signal: AbortSignal): Promise<Uint8Array> {
    if (kind === "mod") return this.#upstream.mod(module, signal);
    return (await this.#upstream.info(module, signal)).bytes;
  }

  zip(module: ModuleVersion, signal: AbortSignal): Promise<ZipDelivery> {
    return this.#upstream.zip(module, signal);
  }

  /** A look would cost a request. */
  openZip(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

/**
 * Reads a list: lines of `path@version`, of `path version` as `go list -m all` prints them, or a go.sum, of which a line
 * with `/go.mod` alone asks for no more than that. What stands behind these words, empty lines and lines that begin with
 * `#` or `//` are passed over. A line that is none of these is an entry that cannot be used. No version comes twice.
 */
export function parseImportList(text: string): readonly SourceEntry[] {
  const entries = new Map<string, SourceEntry>();
  for (const [index, line] of text.split("\n").entries()) {
    const words = line.trim().split(/\s+/);
    const [first = "", second = ""] = words;
    if (first === "" || /^(#|\/\/)/.test(first)) continue;
    const at = first.lastIndexOf("@");
    const [path, version] = at > 0 ? [first.slice(0, at), first.slice(at + 1)] : [first, second];
    // The main module, in what `go list -m all` prints.
    if (version === "") continue;
    const entry = entryOf(path, version, index + 1);
    const name = entry.kind === "unusable" ? entry.place : `${path}@${entry.module.version}`;
    if (entry.kind !== "loose" || !entries.has(name)) entries.set(name, entry);
  }
  return [...entries.values()];
}

function entryOf(path: string, words: string, line: number): SourceEntry {
  const isModOnly = words.endsWith("/go.mod");
  const version = isModOnly ? words.slice(0, -"/go.mod".length) : words;
  try {
    const module = { path: parseModulePath(path), version: parseVersion(version) };
    checkModuleVersion(module.path, module.version);
    return isModOnly ? { kind: "loose", module, files: ["mod"] } : { kind: "whole", module };
  } catch (failure) {
    if (!(failure instanceof InvalidText)) throw failure;
    return { kind: "unusable", place: `line ${line} of the list`, why: failure.message };
  }
}
