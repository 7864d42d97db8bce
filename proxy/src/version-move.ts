// What it takes to move versions from one place to another, put together.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseProxyList } from "@stoa/gomod";
import type { Log, Metrics } from "@stoa/telemetry";
import { GoproxyClient } from "./adapters/goproxy-upstream/goproxy-client.ts";
import { openSqliteVersionIndex } from "./adapters/sqlite-version-index/sqlite-version-index.ts";
import { WorkerZipCheck } from "./adapters/worker-zip-check/worker-zip-check.ts";
import { KeptHashVerification } from "./application/compare-kept-hashes.ts";
import { KeepFollowUp } from "./application/finish-keep.ts";
import { IndexKeeper } from "./application/keep-index.ts";
import { VersionKeeping } from "./application/keep-version.ts";
import { type MoveVerification, VersionMove } from "./application/move-versions.ts";
import { checksumDatabases } from "./checksum-databases.ts";
import { parseImportList } from "./domain/listed-source.ts";
import type { ModuleProxySettings } from "./module-proxy.ts";
import { indexFile } from "./storage-files.ts";
import {
  diskLocation,
  type OpenedSource,
  type OpenedTarget,
  parseStoreLocation,
  type StoreLocation,
} from "./store-location.ts";

/** What is to be moved, as the user wrote it. */
export interface MoveOrder {
  /** `undefined` means the configured storage. */
  readonly from: string | undefined;
  readonly to: string | undefined;
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

type MoveSettings = Pick<ModuleProxySettings, "storage" | "upstreams" | "checksums">;

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
  const opened = await from.openSource({ proxyAt: (url) => client.upstream(url), list });
  const target = opening.use(await to.openTarget());

  const threads = availableParallelism();
  const zipCheck = new WorkerZipCheck({ threads });
  opening.defer(() => zipCheck.close());
  const databases = checksumDatabases({
    settings: order.confirm ? settings.checksums : { ...settings.checksums, gosumdb: "off" },
    upstreams: parseProxyList(settings.upstreams.goproxy),
    client,
    own: { port: 0, hosts: [] },
    root: target.root,
    log,
    metrics,
  });
  opening.use(databases);
  const { store, hashes, loose, journal } = target;
  const followUp = await openFollowUp(target, log, opening);
  const onKept: KeepFollowUp["kept"] = async (module) => (await followUp?.kept(module)) ?? true;
  const move = new VersionMove({
    source: opened.source,
    store,
    loose,
    keeping: new VersionKeeping({ store, hashes, zipCheck, journal, onKept }),
    verification: verificationOf(opened, databases.verification),
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

function locationOf(written: string | undefined, { storage }: MoveSettings): StoreLocation {
  if (written !== undefined) return parseStoreLocation(written);
  if (storage.kind === "disk") return diskLocation(storage.root);
  throw new Error(
    "the configured storage is memory, which ends with its process: name a place with --from or --to",
  );
}

function verificationOf({ hashes }: OpenedSource, databases: MoveVerification): MoveVerification {
  return hashes === undefined ? databases : new KeptHashVerification(hashes, databases);
}

/** For a storage folder of ours; an index that nobody has begun yet will be filled by the server that begins it. */
async function openFollowUp(
  { root, store, loose, catalog, journal }: OpenedTarget,
  log: Log,
  opening: AsyncDisposableStack,
): Promise<KeepFollowUp | undefined> {
  if (root === undefined || loose === undefined || catalog === undefined) return undefined;
  const file = indexFile(root);
  let keeper: IndexKeeper | undefined;
  if (existsSync(file)) {
    const index = opening.use(openSqliteVersionIndex(file));
    keeper = opening.use(new IndexKeeper({ index, catalog, log }));
  }
  const followUp = new KeepFollowUp({ store, loose, index: keeper, journal, log });
  await followUp.resume();
  return followUp;
}
