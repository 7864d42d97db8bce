// Gets the .info or .mod of a version without its zip, and keeps it.
import type { ModuleVersion } from "@stoa/gomod";
import type { LooseFiles, LooseKind } from "../domain/loose-files.ts";
import type { Fetcher } from "../domain/upstream.ts";
import type { ChecksumVerification } from "./checksum-verification.ts";
import { Once } from "./once.ts";

/** A small file and where it came from: an upstream's name, or `undefined` if it was kept already. */
export interface LooseFile {
  readonly bytes: Uint8Array;
  readonly from: string | undefined;
}

/** Reads loose files, fetching each at most once at a time when it is not kept. */
export class LooseFileFetch {
  readonly #loose: LooseFiles;
  readonly #upstream: Fetcher & { readonly name: string };
  readonly #verification: ChecksumVerification;
  readonly #once = new Once<LooseFile>();

  constructor(
    loose: LooseFiles,
    upstream: Fetcher & { readonly name: string },
    verification: ChecksumVerification,
  ) {
    this.#loose = loose;
    this.#upstream = upstream;
    this.#verification = verification;
  }

  /** What the upstream is called in the log, where nobody knows which of several it was. */
  get upstreamName(): string {
    return this.#upstream.name;
  }

  /** The file if it is kept. */
  kept(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array | undefined> {
    return this.#loose.read(module, kind);
  }

  /** Forgets what is kept: it has turned out to be wrong. */
  forget(module: ModuleVersion): Promise<void> {
    return this.#loose.remove(module);
  }

  /** The file, kept or fetched; it is kept when this resolves. Rejects with a `ProxyFailure`. */
  fetch(module: ModuleVersion, kind: LooseKind, signal: AbortSignal): Promise<LooseFile> {
    const key = `${kind} ${module.path}@${module.version}`;
    return this.#once.run(key, signal, async (shared, keepGoing) => {
      const kept = await this.#loose.read(module, kind);
      if (kept !== undefined) return { bytes: kept, from: undefined };
      const fetched = await this.#ask(module, kind, shared);
      keepGoing();
      await this.#loose.write(module, kind, fetched.bytes);
      return fetched;
    });
  }

  async #ask(module: ModuleVersion, kind: LooseKind, signal: AbortSignal): Promise<LooseFile> {
    if (kind === "info") return this.#upstream.info(module, signal);
    const verdict = this.#verification.begin(module, signal);
    const bytes = await this.#upstream.mod(module, signal);
    await verdict.requireMod(bytes);
    return { bytes, from: this.#upstream.name };
  }
}
