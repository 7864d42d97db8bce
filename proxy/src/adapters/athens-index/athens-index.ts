// The feed of new versions in the tables that Athens uses, which it may fill and read at the same time.
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import { reasonOf } from "../../domain/engine-reason.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { IndexEntry, VersionIndex } from "../../domain/version-index.ts";
import type { IndexServer, IndexTable } from "./index-table.ts";

/**
 * Connects, and creates the table if it is missing. Rejects with a sentence that names the keys to look at.
 * Authority: gomods/athens, pkg/index/mysql and pkg/index/postgres. Rows that Athens adds may share a time.
 * What does not fit into its columns, 255 characters, is left out.
 */
export async function openAthensIndex(
  server: IndexServer,
): Promise<VersionIndex & AsyncDisposable> {
  try {
    const table =
      server.engine === "mysql"
        ? await (await import("./mysql-table.ts")).openMysqlTable(server)
        : await (await import("./postgres-table.ts")).openPostgresTable(server);
    return new AthensIndex(table);
  } catch (cause) {
    const keys = server.engine === "mysql" ? "Index.MySQL" : "Index.Postgres";
    throw new Error(
      `the index cannot be kept in ${server.engine} at ${server.host}, database ${server.database} (${reasonOf(cause)}): check the keys of [${keys}], or choose another IndexType`,
      { cause },
    );
  }
}

class AthensIndex implements VersionIndex, AsyncDisposable {
  readonly #table: IndexTable;

  constructor(table: IndexTable) {
    this.#table = table;
  }

  async add(modules: readonly ModuleVersion[]): Promise<void> {
    const fitting = modules.filter(
      ({ path, version }) => path.length < 256 && version.length < 256,
    );
    await translating(() => this.#table.add(fitting, Date.now() * 1000));
  }

  async remove(modules: readonly ModuleVersion[]): Promise<void> {
    await translating(() => this.#table.remove(modules));
  }

  async since(atMicros: number, limit: number): Promise<readonly IndexEntry[]> {
    const rows = await translating(() => this.#table.since(atMicros, limit));
    return rows.map(({ path, version, at }) => ({
      module: { path: parseModulePath(String(path)), version: parseVersion(String(version)) },
      atMicros: Number(at),
    }));
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#table[Symbol.asyncDispose]();
  }
}

async function translating<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new ProxyFailure(
      "store_unavailable",
      `the index of versions failed: ${reasonOf(cause)}`,
      { cause },
    );
  }
}
