// What it takes to move versions from one place to another, put together.
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { parseProxyList } from "@stoa/gomod";
import type { Log, Metrics } from "@stoa/telemetry";
import { GoproxyClient } from "./adapters/goproxy-upstream/goproxy-client.ts";
import { WorkerZipCheck } from "./adapters/worker-zip-check/worker-zip-check.ts";
import { KeptHashVerification } from "./application/compare-kept-hashes.ts";
import { VersionKeeping } from "./application/keep-version.ts";
import { VersionMove } from "./application/move-versions.ts";
import { checksumDatabases } from "./checksum-databases.ts";
import { parseImportList } from "./domain/listed-source.ts";
import type { Upstream } from "./domain/upstream.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import type { StorageSettings } from "./open-storage.ts";
import { parseStoreLocation, type StoreLocation, storageLocation } from "./store-location.ts";

/** What is to be moved. */
export interface MoveOrder {
  /** A storage, or a place as the user wrote it; `undefined` means the configured storage. */
  readonly from: StorageSettings | string | undefined;
  readonly to: StorageSettings | string | undefined;
  /** The text of a list of versions, for a source that cannot say what it has. */
  readonly list: string | undefined;
  /** Whether the checksum database is asked; otherwise what the source remembers of its versions must do. */
  readonly confirm: boolean;
}

/** To be disposed of when it has run. */
export interface OpenVersionMove extends AsyncDisposable {
  readonly move: VersionMove;
  /** The names of both places, for people. */
  readonly from: string;
  readonly to: string;
}

type MoveSettings = Pick<
  ModuleProxySettings,
  "storage" | "state" | "index" | "upstreams" | "checksums"
>;

/**
 * Opens both places; servers may be using them. Rejects with an `Error` whose message is a sentence.
 */
export async function openVersionMove(
  settings: MoveSettings,
  order: MoveOrder,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): Promise<OpenVersionMove> {
  const from = locationOf(order.from, settings);
  const to = locationOf(order.to, settings);
  if (from.identity === to.identity) throw new Error(`${from.name} is both ends of the move`);
  const ownHop = randomBytes(8).toString("hex");
  const client = new GoproxyClient({ ...settings.upstreams, ownHop, hops: () => [] });
  await using opening = new AsyncDisposableStack();
  opening.use(client);
  const list = order.list === undefined ? undefined : parseImportList(order.list);
  const proxyAt = (url: string): Upstream => client.upstream(url);
  const { source, hashes } = opening.use(await from.openSource({ proxyAt, list }));
  const { store, loose, records, root } = opening.use(await to.openTarget(log));

  const threads = availableParallelism();
  const zipCheck = new WorkerZipCheck({ threads });
  opening.defer(() => zipCheck.close());
  const databases = checksumDatabases({
    settings: order.confirm ? settings.checksums : { ...settings.checksums, gosumdb: "off" },
    upstreams: parseProxyList(settings.upstreams.goproxy),
    client,
    own: { port: 0, hosts: [] },
    root,
    log,
    metrics,
  });
  opening.use(databases);
  const { verification } = databases;
  const move = new VersionMove({
    source,
    store,
    loose,
    keeping: new VersionKeeping({ store, zipCheck, records }),
    verification:
      hashes === undefined ? verification : new KeptHashVerification(hashes, verification),
    // While some are hashed, others are read, written or confirmed.
    atOnce: 4 * threads,
  });
  const parts = opening.move();
  return {
    move,
    from: from.name,
    to: to.name,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function locationOf(named: MoveOrder["from"], settings: MoveSettings): StoreLocation {
  const configured = storageLocation(settings.storage, settings);
  const location =
    named === undefined
      ? configured
      : typeof named === "string"
        ? parseStoreLocation(named)
        : storageLocation(named);
  if (location !== undefined)
    return location.identity === configured?.identity ? configured : location;
  throw new Error(
    `the ${named === undefined ? "configured" : "named"} storage is memory, which ends with its process: name a place with --from or --to`,
  );
}
