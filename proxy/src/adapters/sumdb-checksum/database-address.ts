// Where a checksum database is to be asked: at a proxy of the GOPROXY list that mirrors it, or itself.
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** Small files below a URL, read with the credentials for it. */
export interface RemoteFiles {
  /** For people, without credentials. */
  readonly host: string;
  /** Rejects with a `ProxyFailure` or the signal's reason. */
  read(asked: RemoteFile, signal: AbortSignal): Promise<Uint8Array>;
}

export interface RemoteFile {
  readonly file: string;
  readonly subject: ProxyFailure["subject"];
  readonly mostBytes: number;
}

/** A proxy that may mirror the database. */
export interface MirrorCandidate {
  /** What is below its `/sumdb/<name>`. */
  readonly files: RemoteFiles;
  /** Whether the next one is asked after any failure, or only if this one has no such mirror. */
  readonly nextOnAny: boolean;
}

/**
 * Finds the address once and stays with it, as the go command does: the first candidate that says `supported`, else the
 * database itself (cmd/go modfetch.dbClient.initBase). After a failure the next call looks again.
 */
export class DatabaseAddress {
  readonly #candidates: readonly MirrorCandidate[];
  readonly #itself: RemoteFiles;
  #found: Promise<RemoteFiles> | undefined;

  constructor(candidates: readonly MirrorCandidate[], itself: RemoteFiles) {
    this.#candidates = candidates;
    this.#itself = itself;
  }

  find(signal: AbortSignal): Promise<RemoteFiles> {
    if (this.#found !== undefined) return this.#found;
    const found = this.#look(signal);
    this.#found = found;
    found.catch(() => {
      if (this.#found === found) this.#found = undefined;
    });
    return found;
  }

  async #look(signal: AbortSignal): Promise<RemoteFiles> {
    for (const { files, nextOnAny } of this.#candidates) {
      try {
        await files.read({ file: "supported", subject: undefined, mostBytes: 4096 }, signal);
        return files;
      } catch (failure) {
        const isAbsent = failure instanceof ProxyFailure && failure.code === "not_found";
        if (!isAbsent && !nextOnAny) throw failure;
        signal.throwIfAborted();
      }
    }
    return this.#itself;
  }
}
