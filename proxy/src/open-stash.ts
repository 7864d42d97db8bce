// How a version comes into the store, put together: fetched once, confirmed, kept, and written down.
import type { Log, Metrics } from "@stoa/telemetry";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import type { ChecksumVerification } from "./application/checksum-verification.ts";
import { LooseFileFetch } from "./application/fetch-loose-file.ts";
import { fetchMeter } from "./application/fetch-meter.ts";
import type { IndexKeeper } from "./application/keep-index.ts";
import { VersionKeeping } from "./application/keep-version.ts";
import { KeptRecords } from "./application/record-kept.ts";
import { Stash } from "./application/stash-version.ts";
import type { Leases } from "./domain/leases.ts";
import type { Upstream } from "./domain/upstream.ts";
import type { ZipCheck } from "./domain/zip-check.ts";
import type { OpenedKeptModules } from "./open-kept-modules.ts";
import type { OpenedNotices } from "./open-notices.ts";

interface StashSources {
  readonly kept: Pick<OpenedKeptModules, "store" | "loose">;
  readonly upstream: Upstream;
  readonly verification: ChecksumVerification;
  readonly zipCheck: ZipCheck;
  /** By which all instances agree who fetches; absent where there is one. */
  readonly leases: Leases | undefined;
  readonly state: Pick<ProxyState, "hashes" | "journal">;
  readonly notices: Pick<OpenedNotices, "records">;
  readonly index: IndexKeeper | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Disposing of it waits for what is being written down. */
export interface OpenedStash extends AsyncDisposable {
  readonly stash: Stash;
  /** Fetches single files of versions that are not kept. */
  readonly loose: LooseFileFetch;
  readonly keeping: VersionKeeping;
  /** What is written down of kept versions; its owner is whoever has them resumed. */
  readonly records: KeptRecords;
}

export function openStash(sources: StashSources): OpenedStash {
  const { kept, upstream, verification, zipCheck, leases, state, notices, index, log } = sources;
  const { store } = kept;
  const { hashes, journal } = state;
  const loose = new LooseFileFetch(kept.loose, upstream, verification);
  const records = new KeptRecords({ store, hashes, journal, index, loose: kept.loose, log });
  const keeping = new VersionKeeping({ store, zipCheck, records: notices.records(records) });
  const observe = fetchMeter(sources.metrics);
  return {
    stash: new Stash({ store, loose, upstream, verification, keeping, leases, observe }),
    ...{ loose, keeping, records },
    [Symbol.asyncDispose]: () => keeping[Symbol.asyncDispose](),
  };
}
