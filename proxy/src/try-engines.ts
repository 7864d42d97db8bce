// Whether what instances have beside the storage can be used: state, leases, index.
import { openAthensIndex } from "./adapters/athens-index/athens-index.ts";
import { openLeases } from "./adapters/leases/open-leases.ts";
import { openState, type ProxyState } from "./adapters/sql-state/open-state.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { trustForEngines } from "./trust-machine.ts";

/** One of them. `trouble` is a sentence that names what to look at; absent if all is well. */
export interface EngineFinding {
  readonly engine: "state" | "leases" | "index";
  readonly trouble?: string;
}

/** A name that no version has. */
const triedLease = "config check";

/**
 * Opens, one after the other, what is outside of this process, just as a start would, takes a lease and gives it back.
 * What is kept in another of them, or in memory, is no engine of its own.
 */
export async function* tryEngines(
  settings: Pick<ModuleProxySettings, "state" | "leases" | "leaseLifetimeMs" | "index">,
): AsyncGenerator<EngineFinding> {
  trustForEngines(settings);
  await using opened = new AsyncDisposableStack();
  let state: ProxyState | undefined;
  if (settings.state.kind !== "memory") {
    yield await tried("state", async () => {
      state = opened.use(await openState(settings.state, { mostJobs: 0 }));
    });
  }
  const { kind } = settings.leases;
  if (kind !== "memory" && (kind !== "state" || state !== undefined)) {
    const { leases: ofState } =
      state ?? opened.use(await openState({ kind: "memory" }, { mostJobs: 0 }));
    yield await tried("leases", async () => {
      const lifetimeMs = settings.leaseLifetimeMs;
      await using leases = await openLeases(settings.leases, { ofState, lifetimeMs });
      await using _lease = await leases?.take(triedLease);
    });
  }
  const { index } = settings;
  if (typeof index !== "string") {
    yield await tried("index", async () => {
      await using _index = await openAthensIndex(index);
    });
  }
}

async function tried(
  engine: EngineFinding["engine"],
  work: () => Promise<void>,
): Promise<EngineFinding> {
  try {
    await work();
    return { engine };
  } catch (failure) {
    return { engine, trouble: failure instanceof Error ? failure.message : String(failure) };
  }
}
