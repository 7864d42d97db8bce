// The answers of checksum databases, given on: private names stay here, and what was given once needs nobody.
import { type ModuleVersion, matchesModulePatterns } from "@stoa/gomod";
import { type Tile, tilePath } from "@stoa/gomod/sumdb";
import type { MirroredDatabase, Reach } from "../domain/mirrored-database.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { type Lifetimes, type Remembered, RememberedAnswers } from "./remembered-answers.ts";

/** What a mirror is made of. */
export interface DatabaseMirrorParts {
  readonly databases: readonly MirroredDatabase[];
  /** As in GONOSUMDB: modules whose names no database may learn. */
  readonly exempt: string;
  /** Whether nobody may be asked for anything: only what is kept is given out then. */
  readonly isOffline: () => boolean;
  readonly lifetimes: Lifetimes;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Mirrors any number of databases. Everything rejects with a `ProxyFailure` or the signal's reason. */
export class DatabaseMirror {
  readonly #parts: DatabaseMirrorParts;
  readonly #latest: RememberedAnswers<Uint8Array>;
  /** Records are kept by the database; this remembers for a moment which it does not have. */
  readonly #records: RememberedAnswers<Uint8Array>;

  constructor(parts: DatabaseMirrorParts) {
    const { lifetimes, now } = parts;
    const sizeOf = (bytes: Uint8Array): number => bytes.length;
    this.#parts = parts;
    this.#latest = new RememberedAnswers({
      lifetimes,
      capacity: { entries: 100, bytes: 1 << 20 },
      sizeOf,
      now,
    });
    this.#records = new RememberedAnswers({
      lifetimes,
      capacity: { entries: 10_000, bytes: 8 << 20 },
      sizeOf,
      now,
    });
  }

  /** Resolves if the database is mirrored, rejects with `not_found` if not. */
  async require(name: string): Promise<void> {
    this.#database(name);
  }

  /** The largest signed tree: at most a short lifetime old, or stale where the database does not answer. */
  async latest(name: string, reach: Reach, signal: AbortSignal): Promise<Remembered<Uint8Array>> {
    const database = this.#database(name);
    const kept = async (): Promise<Uint8Array | undefined> => database.latest("kept", signal);
    if (this.#keepsTo(reach)) return { value: this.#required(await kept()), ...justNow };
    try {
      return await this.#latest.get(name, signal, async (shared) =>
        this.#required(await database.latest("database", shared)),
      );
    } catch (failure) {
      signal.throwIfAborted();
      const value = await kept();
      if (value === undefined) throw failure;
      return { value, ageMs: 0, stale: true, asked: true };
    }
  }

  /** The record of a version. A private name is refused before anybody is asked. */
  async record(
    name: string,
    module: ModuleVersion,
    reach: Reach,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const database = this.#database(name);
    if (matchesModulePatterns(this.#parts.exempt, module.path)) {
      throw new ProxyFailure(
        "refused",
        `this module is private here, so no checksum database is asked about it: set GONOSUMDB=${module.path} where you build`,
        { subject: module },
      );
    }
    const kept = await database.record(module, "kept", signal);
    if (kept !== undefined || this.#keepsTo(reach)) return this.#required(kept);
    const key = `${name} ${module.path}@${module.version}`;
    const answer = await this.#records.get(key, signal, async (shared) =>
      this.#required(await database.record(module, "database", shared)),
    );
    return answer.value;
  }

  async tile(name: string, tile: Tile, reach: Reach, signal: AbortSignal): Promise<Uint8Array> {
    const database = this.#database(name);
    const within = this.#keepsTo(reach) ? "kept" : reach;
    const bytes = await database.tile(tile, within, signal);
    return this.#required(bytes, tilePath(tile));
  }

  #keepsTo(reach: Reach): boolean {
    return reach === "kept" || this.#parts.isOffline();
  }

  #required(bytes: Uint8Array | undefined, what = "it"): Uint8Array {
    if (bytes !== undefined) return bytes;
    const why = this.#parts.isOffline()
      ? "this proxy is offline (network mode)"
      : "this request forbids fetching";
    throw new ProxyFailure("not_found", `${what} is not kept here, and ${why}`);
  }

  #database(name: string): MirroredDatabase {
    const database = this.#parts.databases.find((one) => one.name === name);
    if (database !== undefined) return database;
    const known = this.#parts.databases.map((one) => one.name).join(", ");
    throw new ProxyFailure(
      "not_found",
      `this proxy does not mirror the checksum database ${name}; ${known === "" ? "it mirrors none" : `it mirrors ${known}`}`,
    );
  }
}

const justNow = { ageMs: 0, stale: false, asked: false };
