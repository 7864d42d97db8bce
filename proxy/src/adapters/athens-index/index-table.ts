// What an engine with a table of Athens' is, and how it is reached.
import type { ModuleVersion } from "@stoa/gomod";

/** The server, as the keys of `[Index.MySQL]` and `[Index.Postgres]` say it. */
export interface IndexServer {
  readonly engine: "mysql" | "postgres";
  /** `unix` makes `host` the path of a socket; PostgreSQL's is its folder. */
  readonly protocol: "tcp" | "unix";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The driver's parameters, by the names that Athens' drivers have for them. */
  readonly params: ReadonlyMap<string, string>;
}

/** One engine's table `indexes`. Times are microseconds since 1970; the columns hold UTC. Rejects with the engine's error. */
export interface IndexTable extends AsyncDisposable {
  /** Adds those that are missing, each with a time later than all before, in turn with everybody who adds through Stoa. */
  add(modules: readonly ModuleVersion[], nowMicros: number): Promise<void>;
  remove(modules: readonly ModuleVersion[]): Promise<void>;
  since(
    atMicros: number,
    limit: number,
  ): Promise<
    readonly { readonly path: unknown; readonly version: unknown; readonly at: unknown }[]
  >;
}

/** `2026-01-02 03:04:05.678901`, in UTC, as both engines read it. */
export function sqlTime(atMicros: number): string {
  const seconds = new Date(Math.floor(atMicros / 1e6) * 1000).toISOString().slice(0, 19);
  return `${seconds.replace("T", " ")}.${String(atMicros % 1e6).padStart(6, "0")}`;
}
