// One checksum database: looked up, mirrored, remembered, and stopped when it contradicts itself.
import { InvalidText, type ModuleVersion } from "@stoa/gomod";
import {
  ChecksumClient,
  ForkedTree,
  lookupPath,
  type Tile,
  tilePath,
  UntrustedAnswer,
  type VerifierKey,
} from "@stoa/gomod/sumdb";
import type { MirroredDatabase, Reach } from "../../domain/mirrored-database.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { abortable } from "./abortable.ts";
import type { DatabaseAddress } from "./database-address.ts";
import type { DatabaseState } from "./database-state.ts";

/** What a database is made of. */
export interface SumdbDatabaseParts {
  readonly key: VerifierKey;
  readonly address: DatabaseAddress;
  readonly state: DatabaseState;
  /** Told once when the database contradicts itself. */
  readonly onFork: (database: string, evidence: string) => void;
}

type Record = Awaited<ReturnType<ChecksumClient["lookup"]>>;

/** A tile of records may hold 256 of them, each of some hundred bytes. */
const mostBytes = 2 ** 20;

/**
 * Work on the database is shared by all who ask, so it goes on when one of them leaves; it ends when the database is
 * disposed of, or by the deadlines of the connection.
 */
export class SumdbDatabase implements MirroredDatabase, AsyncDisposable {
  readonly name: string;
  readonly #parts: SumdbDatabaseParts;
  readonly #closed = new AbortController();
  #client: ChecksumClient;
  /** Whether this process has seen the alarm. */
  #alarmed: boolean = false;

  constructor(parts: SumdbDatabaseParts) {
    this.name = parts.key.name;
    this.#parts = parts;
    this.#client = this.#newClient();
  }

  /** The record of a version. Rejects as `Checksums.recorded`, except that absence is `not_found`. */
  lookup(module: ModuleVersion, signal: AbortSignal): Promise<Record> {
    return this.#asking(module, signal, (client) => client.lookup(module));
  }

  async latest(reach: Reach, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (reach === "kept") return this.#client.head();
    return this.#asking(undefined, signal, (client) => client.refresh());
  }

  async record(
    module: ModuleVersion,
    reach: Reach,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const kept = await this.#parts.state.readKept(lookupPath(module));
    if (kept !== undefined || reach === "kept") return kept;
    return (await this.lookup(module, signal)).answer;
  }

  async tile(tile: Tile, reach: Reach, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (reach === "kept") return this.#keptTile(tile);
    return (
      (await this.#keptTile(tile)) ??
      this.#asking(undefined, signal, async (client) => client.tile(tile))
    );
  }

  /** Ends what is under way and waits until everything is kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error("this proxy is stopping"));
    await this.#parts.state.settled();
  }

  /** A tile in its own width, or the beginning of the whole one; tiles of records are cut by the client. */
  async #keptTile(tile: Tile): Promise<Uint8Array | undefined> {
    const { state } = this.#parts;
    const kept = await state.readKept(tilePath(tile));
    if (kept !== undefined || tile.level === "data") return kept;
    const hashBytes = 32;
    const width = 2 ** tile.height;
    const whole = await state.readKept(tilePath({ ...tile, width }));
    return whole?.length === width * hashBytes
      ? whole.subarray(0, tile.width * hashBytes)
      : undefined;
  }

  async #asking<T>(
    module: ModuleVersion | undefined,
    signal: AbortSignal,
    work: (client: ChecksumClient) => Promise<T>,
  ): Promise<T> {
    await this.#requireTrust(module);
    try {
      return await abortable(work(this.#client), signal);
    } catch (failure) {
      signal.throwIfAborted();
      if (failure instanceof ForkedTree) await this.#raiseAlarm(failure);
      throw this.#translate(failure, module);
    }
  }

  #newClient(): ChecksumClient {
    const { key, address, state } = this.#parts;
    const { signal } = this.#closed;
    return new ChecksumClient({
      key,
      readRemote: async (file) => {
        const files = await address.find(signal);
        return files.read({ file, subject: undefined, mostBytes }, signal);
      },
      readKept: (path) => state.readKept(path),
      keep: (path, bytes) => state.keep(path, bytes),
      readHead: () => state.readHead(),
      keepHead: (size, note) => state.keepHead(size, note),
    });
  }

  /** An alarm outlives the process that raised it, and holds until somebody has taken it back. */
  async #requireTrust(module: ModuleVersion | undefined): Promise<void> {
    const alarm = await this.#parts.state.readAlarm();
    if (alarm !== undefined) {
      this.#alarmed = true;
      throw new ProxyFailure(
        "checksum_mismatch",
        `security: the checksum database ${this.name} has signed two histories that contradict one another, and nothing is kept on its word: ${alarm.remedy}`,
        { subject: module },
      );
    }
    if (!this.#alarmed) return;
    this.#alarmed = false;
    this.#client = this.#newClient();
  }

  async #raiseAlarm({ evidence }: ForkedTree): Promise<void> {
    if (this.#alarmed) return;
    this.#alarmed = true;
    this.#parts.onFork(this.name, evidence);
    await this.#parts.state.raiseAlarm(evidence);
  }

  #translate(cause: unknown, subject: ModuleVersion | undefined): unknown {
    const options = { subject, cause };
    if (cause instanceof ForkedTree) {
      return new ProxyFailure(
        "checksum_mismatch",
        `security: the checksum database ${this.name} has just signed a history that contradicts the one it signed before; nothing is kept on its word any more, and the proof is in the log`,
        options,
      );
    }
    if (cause instanceof UntrustedAnswer || cause instanceof InvalidText) {
      const said = cause instanceof InvalidText ? `it sent no sound ${cause.kind}` : cause.message;
      return new ProxyFailure(
        "upstream_unavailable",
        `the checksum database ${this.name} gave an answer that cannot be trusted: ${said}. It is broken, or something on the way to it is`,
        options,
      );
    }
    if (cause instanceof RangeError) {
      return new ProxyFailure(
        "not_found",
        `${this.name} does not have it: ${cause.message}`,
        options,
      );
    }
    if (!(cause instanceof ProxyFailure)) return cause;
    return new ProxyFailure(cause.code, cause.message, options);
  }
}
