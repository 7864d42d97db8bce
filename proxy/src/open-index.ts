// The index that is configured, opened.
import { openAthensIndex } from "./adapters/athens-index/athens-index.ts";
import type { IndexServer } from "./adapters/athens-index/index-table.ts";
import { openState, type ProxyState } from "./adapters/sql-state/open-state.ts";
import type { FillMark } from "./domain/fill-mark.ts";
import type { VersionIndex } from "./domain/version-index.ts";

/** Where an index may be: nowhere, in memory, in the proxy's state, or in a table of Athens'. */
export type IndexPlace = "none" | "memory" | "state" | IndexServer;

/** An index and how far it is filled. */
export interface OpenedIndex extends AsyncDisposable {
  readonly index: VersionIndex;
  readonly filling: FillMark;
}

/** Opens it; `undefined` if there is to be none. `state` stays its owner's. Rejects with a sentence. */
export async function openIndex(
  chosen: IndexPlace,
  state: ProxyState,
): Promise<OpenedIndex | undefined> {
  if (chosen === "none") return undefined;
  if (chosen === "state") {
    const { index } = state;
    return { index, filling: state.filling("state"), async [Symbol.asyncDispose]() {} };
  }
  if (chosen === "memory") {
    const memory = await openState({ kind: "memory" }, { mostJobs: 0 });
    return {
      index: memory.index,
      filling: memory.filling("memory"),
      [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
    };
  }
  const index = await openAthensIndex(chosen);
  const { engine, host, port, database } = chosen;
  return {
    index,
    filling: state.filling(`${engine} ${host}:${port}/${database}`),
    [Symbol.asyncDispose]: () => index[Symbol.asyncDispose](),
  };
}
