// What it takes to look a store through, put together.
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { parseProxyList } from "@stoa/gomod";
import type { Log, Metrics } from "@stoa/telemetry";
import { GoproxyClient } from "./adapters/goproxy-upstream/goproxy-client.ts";
import { openState } from "./adapters/sql-state/open-state.ts";
import { WorkerZipCheck } from "./adapters/worker-zip-check/worker-zip-check.ts";
import { StoreVerification } from "./application/verify-store.ts";
import { checksumDatabases } from "./checksum-databases.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { localFolder, openStorage } from "./open-storage.ts";

/** To be disposed of when it has run. */
export interface OpenStoreVerification extends AsyncDisposable {
  readonly verification: StoreVerification;
}

/**
 * Opens the store and the checksum database that a module proxy with these settings would use; it may be running.
 * Rejects with an `Error` whose message is a sentence.
 */
export async function openStoreVerification(
  settings: Pick<ModuleProxySettings, "storage" | "state" | "upstreams" | "checksums">,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): Promise<OpenStoreVerification> {
  const { storage, upstreams } = settings;
  const list = parseProxyList(upstreams.goproxy);
  const opened = await openStorage(storage);
  const { store, inspection } = opened;
  if (inspection === undefined) {
    throw new Error(
      "this storage cannot be looked through: memory ends with its process, and an external one cannot say what it keeps",
    );
  }
  const ownHop = randomBytes(8).toString("hex");
  const client = new GoproxyClient({ ...upstreams, ownHop, hops: () => [] });
  const databases = checksumDatabases({
    settings: settings.checksums,
    upstreams: list,
    client,
    own: { port: 0, hosts: [] },
    root: localFolder(storage),
    log,
    metrics,
  });
  const state = await openState(settings.state, { mostJobs: 0 });
  const { hashes } = state;
  const threads = availableParallelism();
  const zipCheck = new WorkerZipCheck({ threads });
  const { checksums } = databases;
  // While some are hashed, others wait for the database.
  const atOnce = 4 * threads;
  return {
    verification: new StoreVerification({
      ...{ store, inspection, hashes, zipCheck, checksums, atOnce, log },
    }),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await databases[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
      await zipCheck.close();
      await opened[Symbol.asyncDispose]();
    },
  };
}
