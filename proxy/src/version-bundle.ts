// Bundles, put together: what is kept goes into one archive, with its proofs, and comes out of it elsewhere.
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePublicKey, parseSecretKey, publicKeyLine } from "@stoa/deployment/minisign";
import {
  escapePath,
  escapeVersion,
  type ModuleVersion,
  matchesModulePatterns,
  parseProxyList,
  parseVersion,
  sortVersions,
  unescapePath,
  unescapeVersion,
} from "@stoa/gomod";
import { type DatabaseSetting, parseDatabaseSetting } from "@stoa/gomod/sumdb";
import type { Log, Metrics } from "@stoa/telemetry";
import {
  type BundleManifest,
  BundleWriter,
  unpackBundle,
} from "./adapters/bundle-archive/bundle-tar.ts";
import { GoproxyClient } from "./adapters/goproxy-upstream/goproxy-client.ts";
import { adoptRecords, type ProofFiles, proveRecords } from "./application/prove-records.ts";
import { checksumDatabases, stateOf } from "./checksum-databases.ts";
import type { ImportSource, SourceEntry } from "./domain/import-source.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { localFolder } from "./open-storage.ts";
import { storageLocation } from "./store-location.ts";

type BundleSettings = Pick<
  ModuleProxySettings,
  "storage" | "state" | "index" | "upstreams" | "checksums"
>;

/** What is to be written. */
export interface BundleOrder {
  /** The path of the archive. */
  readonly to: string;
  /** An earlier bundle, whose modules are left out. */
  readonly since: string | undefined;
  /** A secret key as minisign writes it, without a password. */
  readonly secretKey: string | undefined;
  /** Told of each file. */
  readonly added: (path: string) => void;
}

/** Bundles what the configured storage keeps; servers may be using it. Rejects with an `Error` whose message is a sentence. */
export async function writeBundle(
  settings: BundleSettings,
  order: BundleOrder,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
  signal: AbortSignal,
): Promise<{
  readonly versions: number;
  readonly records: number;
  readonly publicKey: string | undefined;
}> {
  const key = order.secretKey === undefined ? undefined : parseSecretKey(order.secretKey);
  const location = storageLocation(settings.storage, settings);
  if (location === undefined) {
    throw new Error(
      "what is in memory belongs to its process alone: a bundle needs another storage",
    );
  }
  await using work = new AsyncDisposableStack();
  const earlier = order.since === undefined ? undefined : await readEarlier(order.since, work);
  const before = new Set(earlier && [...earlier.manifest.before, ...pathsOf(earlier.manifest)]);
  const { source } = work.use(
    await location.openSource({
      proxyAt: () => {
        throw new Error("a storage folder has no proxy");
      },
      list: undefined,
    }),
  );
  const client = work.use(
    new GoproxyClient({
      ...settings.upstreams,
      ownHop: randomBytes(8).toString("hex"),
      hops: () => [],
    }),
  );
  const databases = work.use(
    checksumDatabases({
      settings: settings.checksums,
      upstreams: parseProxyList(settings.upstreams.goproxy),
      ...{ client, own: { port: 0, hosts: [] }, root: localFolder(settings.storage), log, metrics },
    }),
  );
  const writer = work.use(new BundleWriter(order.to));
  const { versions, count } = await addVersions(
    source,
    writer,
    { before, added: order.added },
    signal,
  );

  const database = parseDatabaseSetting(settings.checksums.gosumdb);
  const mirrored = databases.mirrored.find(({ name }) => name === database?.name);
  let records = 0;
  if (database !== undefined && mirrored !== undefined) {
    const public_ = versions.filter((module) => isRecorded(module, settings));
    const head = earlier && (await readAt(earlier.folder, `sumdb/${database.name}/latest`));
    const proof: ProofFiles = await proveRecords(
      { database: mirrored, key: database.key },
      public_,
      head,
      signal,
    );
    for (const [path, bytes] of proof)
      await writer.addBytes(`sumdb/${database.name}/${path}`, bytes);
    records = public_.length;
  }
  const created = new Date().toISOString();
  await writer.end({ created, database: database?.name, before: [...before].sort() }, key);
  return { versions: count, records, publicKey: key && publicKeyLine(key) };
}

/** Everything that is kept and was in no earlier bundle; the lists name all that was ever bundled. */
async function addVersions(
  source: ImportSource,
  writer: BundleWriter,
  { before, added }: { before: ReadonlySet<string>; added: (path: string) => void },
  signal: AbortSignal,
): Promise<{ readonly versions: readonly ModuleVersion[]; readonly count: number }> {
  const versions: ModuleVersion[] = [];
  const lists = new Map<string, ModuleVersion["version"][]>();
  let count = 0;
  for await (const entry of source.entries(signal)) {
    signal.throwIfAborted();
    if (entry.kind === "unusable") continue;
    const { module } = entry;
    versions.push(module);
    if (entry.kind === "whole") {
      lists.set(module.path, [...(lists.get(module.path) ?? []), module.version]);
    }
    const base = baseOf(module);
    if (before.has(`${base}.${entry.kind === "whole" ? "zip" : "mod"}`)) continue;
    count += 1;
    await addFiles(source, entry, writer, signal);
    added(base);
  }
  for (const [path, listed] of lists) {
    const text = sortVersions(listed).map((version) => `${version}\n`);
    await writer.addBytes(`${escapePath(path)}/@v/list`, Buffer.from(text.join("")));
  }
  return { versions, count };
}

async function addFiles(
  source: ImportSource,
  entry: Exclude<SourceEntry, { kind: "unusable" }>,
  writer: BundleWriter,
  signal: AbortSignal,
): Promise<void> {
  const { module } = entry;
  const base = baseOf(module);
  const kinds = entry.kind === "whole" ? (["info", "mod"] as const) : entry.files;
  for (const kind of kinds) {
    await writer.addBytes(`${base}.${kind}`, await source.document(module, kind, signal));
  }
  if (entry.kind !== "whole") return;
  const { size, body } = await source.zip(module, signal);
  if (size === undefined) throw new Error(`${base}.zip does not say how large it is`);
  await writer.add(`${base}.zip`, size, body);
}

/** A bundle that has been unpacked and compared with its manifest. Disposing of it removes the files. */
export interface OpenBundle extends AsyncDisposable {
  /** The `file://` tree of its modules. */
  readonly tree: string;
  readonly isSigned: boolean;
}

/**
 * Unpacks a bundle, and takes the records in it over into the storage folder. Rejects with a sentence, also a
 * `ProxyFailure`, if it is damaged, not signed by `trust`, or not to be believed.
 */
export async function openBundle(
  settings: BundleSettings,
  { path, trust }: { readonly path: string; readonly trust: string | undefined },
): Promise<OpenBundle> {
  await using work = new AsyncDisposableStack();
  const folder = await temporary(work);
  const { manifest, isSigned } = await unpackBundle(path, folder, {
    trust: trust === undefined ? undefined : parsePublicKey(trust),
  });
  const database = parseDatabaseSetting(settings.checksums.gosumdb);
  if (database !== undefined && database.name === manifest.database) {
    await adopt(database, manifest, folder, localFolder(settings.storage));
  }
  const parts = work.move();
  return { tree: folder, isSigned, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

async function adopt(
  { name, key }: DatabaseSetting,
  manifest: BundleManifest,
  folder: string,
  root: string | undefined,
): Promise<void> {
  const prefix = `sumdb/${name}/lookup/`;
  const versions = pathsOf(manifest)
    .filter((path) => path.startsWith(prefix))
    .map((path) => {
      const [escaped = "", version = ""] = path.slice(prefix.length).split("@");
      return { path: unescapePath(escaped), version: parseVersion(unescapeVersion(version)) };
    });
  const state = stateOf(name, root);
  await adoptRecords({ state, key }, versions, (path) => readAt(folder, `sumdb/${name}/${path}`));
}

async function readEarlier(
  path: string,
  work: AsyncDisposableStack,
): Promise<{ readonly manifest: BundleManifest; readonly folder: string }> {
  const folder = await temporary(work);
  const wanted = (name: string): boolean => /^sumdb\/.*\/latest$/.test(name);
  const { manifest } = await unpackBundle(path, folder, { wanted });
  return { manifest, folder };
}

async function temporary(work: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-bundle-"));
  work.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function readAt(folder: string, path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(folder, path));
  } catch {
    return undefined; // what is not in the bundle
  }
}

/** As the go command decides: toolchains are never exempt. */
function isRecorded({ path }: ModuleVersion, { checksums }: BundleSettings): boolean {
  return path === "golang.org/toolchain" || !matchesModulePatterns(checksums.nosumdb, path);
}

function baseOf({ path, version }: ModuleVersion): string {
  return `${escapePath(path)}/@v/${escapeVersion(version)}`;
}

function pathsOf({ files }: BundleManifest): readonly string[] {
  return files.map(({ path }) => path);
}
