// The checksum databases, put together: which there are, where each is asked, and which modules are exempt.
import { join } from "node:path";
import type { ProxyListEntry } from "@stoa/gomod";
import {
  type DatabaseSetting,
  parseDatabaseSetting,
  parseMirroredDatabase,
} from "@stoa/gomod/sumdb";
import type { Log, Metrics } from "@stoa/telemetry";
import type { GoproxyClient } from "./adapters/goproxy-upstream/goproxy-client.ts";
import {
  DatabaseAddress,
  type MirrorCandidate,
  type RemoteFiles,
} from "./adapters/sumdb-checksum/database-address.ts";
import { DiskDatabaseState } from "./adapters/sumdb-checksum/disk-database-state.ts";
import { MemoryDatabaseState } from "./adapters/sumdb-checksum/memory-database-state.ts";
import { SumdbChecksums } from "./adapters/sumdb-checksum/sumdb-checksums.ts";
import { SumdbDatabase } from "./adapters/sumdb-checksum/sumdb-database.ts";
import { ChecksumVerification } from "./application/checksum-verification.ts";
import type { RaiseAlarm } from "./application/raise-alarms.ts";
import type { Checksums } from "./domain/checksums.ts";
import type { MirroredDatabase } from "./domain/mirrored-database.ts";
import { leadsToSelf, type OwnAddress } from "./domain/own-address.ts";
import { ProxyFailure } from "./domain/proxy-failure.ts";

/** What can be chosen about checksum databases. */
export interface ChecksumSettings {
  /** In GOSUMDB's grammar: the database that confirms what is kept. */
  readonly gosumdb: string;
  /** As in GONOSUMDB: modules that no database may be asked about. */
  readonly nosumdb: string;
  /** More databases to mirror: each a URL, or a name or key and a URL. */
  readonly databases: readonly string[];
}

/** What the databases stand on. */
export interface ChecksumParts {
  readonly settings: ChecksumSettings;
  /** The GOPROXY list. */
  readonly upstreams: readonly ProxyListEntry[];
  readonly client: GoproxyClient;
  readonly own: OwnAddress;
  /** Whether nobody may be asked for anything; absent where that cannot be. */
  readonly isOffline?: () => boolean;
  /** The storage folder; `undefined` for memory. */
  readonly root: string | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Told of every version that is not what is on record; without it the log is. */
  readonly raise?: RaiseAlarm;
}

/** Checksum databases at work. */
export interface ChecksumDatabases extends AsyncDisposable {
  readonly checksums: Checksums;
  /** `checksums`, and what happens when bytes are not those on record. */
  readonly verification: ChecksumVerification;
  /** The one that confirms, unless it is off, and those that are only mirrored. */
  readonly mirrored: readonly MirroredDatabase[];
}

/** Throws an `Error` with a sentence if the settings cannot be read. Nothing is asked before something is looked up. */
export function checksumDatabases(parts: ChecksumParts): ChecksumDatabases {
  const { settings, upstreams, log, metrics } = parts;
  const confirming = parseDatabaseSetting(settings.gosumdb);
  const listed = settings.databases.map(parseMirroredDatabase);
  const forks = metrics.counter(
    "stoa_checksum_forks_total",
    "Checksum databases that were found to contradict themselves.",
  );
  const mismatches = metrics.counter(
    "stoa_checksum_mismatches_total",
    "Versions that were refused because they are not what the checksum database has on record.",
  );
  const onFork = (database: string, evidence: string): void => {
    forks.with({}).inc();
    log.error("security: a checksum database contradicts itself", { database, evidence });
  };
  const open = (setting: DatabaseSetting): SumdbDatabase =>
    new SumdbDatabase({
      key: setting.key,
      address: addressOf(setting, parts),
      state: stateOf(setting.name, parts.root),
      onFork,
    });

  const database =
    confirming && open({ ...confirming, url: confirming.url ?? urlOf(confirming.name, listed) });
  const others = listed.filter(({ name }) => name !== database?.name).map(open);
  const mirrored = database === undefined ? others : [database, ...others];
  const checksums = new SumdbChecksums({
    database,
    exempt: settings.nosumdb,
    isOffline: parts.isOffline,
    fromFolderOnly: upstreams.length === 1 && upstreams.every(isFolder),
  });
  return {
    mirrored,
    checksums,
    verification: new ChecksumVerification(checksums, ({ subject, message }) => {
      mismatches.with({}).inc();
      if (parts.raise !== undefined && subject !== undefined) {
        parts.raise("mismatch", subject, message);
      } else {
        log.error(message, { module: subject?.path, version: subject?.version });
      }
    }),
    async [Symbol.asyncDispose]() {
      await Promise.all(mirrored.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

/** Where the list says that a database is, unless it only repeats the obvious. */
function urlOf(name: string, listed: readonly DatabaseSetting[]): string | undefined {
  return listed.find((one) => one.name === name)?.url;
}

/** Where what is known of a database is kept: below the storage folder, if there is one. */
export function stateOf(
  name: string,
  root: string | undefined,
): DiskDatabaseState | MemoryDatabaseState {
  if (root === undefined) return new MemoryDatabaseState();
  return new DiskDatabaseState(join(root, ".stoa", "sumdb", ...name.split("/")));
}

function addressOf({ name, url }: DatabaseSetting, parts: ChecksumParts): DatabaseAddress {
  const { client } = parts;
  if (url !== undefined) return new DatabaseAddress([], client.documents(url));
  return new DatabaseAddress(mirrorsOf(name, parts), client.documents(`https://${name}`));
}

/** The proxies before `direct` or `off`; a folder mirrors no database. */
function mirrorsOf(name: string, parts: ChecksumParts): readonly MirrorCandidate[] {
  const end = parts.upstreams.findIndex(({ kind }) => kind !== "proxy");
  const proxies = end < 0 ? parts.upstreams : parts.upstreams.slice(0, end);
  return proxies.flatMap((entry) => {
    if (entry.kind !== "proxy" || isFolder(entry)) return [];
    const url = new URL(entry.url);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/sumdb/${name}`;
    const files = unlessOwn(parts.client.documents(url.href), entry.url, parts.own);
    return [{ files, nextOnAny: entry.onFailure === "next-on-any" }];
  });
}

function isFolder(entry: ProxyListEntry): boolean {
  return entry.kind === "proxy" && entry.url.startsWith("file:");
}

/** A proxy that is this very program has no other answers than this program has. */
function unlessOwn(files: RemoteFiles, url: string, own: OwnAddress): RemoteFiles {
  return {
    host: files.host,
    read(asked, signal) {
      if (!leadsToSelf(url, own)) return files.read(asked, signal);
      return Promise.reject(new ProxyFailure("not_found", `${files.host} is this very proxy`));
    },
  };
}
