// What keeps a store in bounds, put together: retention and its clock, the trash, the disk, and the watch over upstreams.
import type { Log, Metrics } from "@stoa/telemetry";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import type { AppliedPolicy } from "./application/apply-policy.ts";
import { RefetchCheck } from "./application/check-refetch.ts";
import { TrashKeeping } from "./application/empty-trash.ts";
import { DiskRelief } from "./application/relieve-disk.ts";
import {
  Retention,
  type RetentionFinding,
  type RetentionSummary,
} from "./application/retain-versions.ts";
import { VersionRetirement } from "./application/retire-versions.ts";
import { WorkSchedule } from "./application/schedule-work.ts";
import { beginCounting } from "./application/survey-versions.ts";
import type { UpstreamWatch } from "./application/watch-upstream.ts";
import type { Leases } from "./domain/leases.ts";
import { ProxyFailure } from "./domain/proxy-failure.ts";
import type { RetentionRules } from "./domain/retention.ts";
import type { VersionIndex } from "./domain/version-index.ts";
import type { OpenStorage } from "./open-storage.ts";

/** Everything about housekeeping that can be chosen. Durations in milliseconds. */
export interface HousekeepingSettings {
  readonly rules: RetentionRules;
  /** From one retention to the next; 0 for never by itself. */
  readonly everyMs: number;
  /** How long what was removed can be had back; 0 for not at all. */
  readonly trashMs: number;
  /** What the storage may take; 0 for all that its file system has. */
  readonly quotaBytes: number;
  /** Whether room is made when the disk is nearly full. */
  readonly evicts: boolean;
}

interface HousekeepingParts {
  readonly settings: HousekeepingSettings;
  readonly storage: OpenStorage;
  readonly state: ProxyState;
  readonly leases: Leases;
  readonly policy: AppliedPolicy;
  readonly watch: UpstreamWatch;
  readonly index: VersionIndex | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Nothing is done by itself before `start`. */
export interface OpenedHousekeeping extends AsyncDisposable {
  /** Applies rules once; see `Retention.run`. Rejects with `unsupported` if nothing can be removed from the storage. */
  retain(
    rules: RetentionRules,
    isDone: boolean,
    signal: AbortSignal,
    tell: (finding: RetentionFinding) => void,
  ): Promise<RetentionSummary>;
  start(): void;
}

/** Between two looks; and at least so many times as long as the look took. */
const diskPauseMs = 30_000;
const trashPauseMs = 600_000;
const leastPause = 20;

export function openHousekeeping(parts: HousekeepingParts): OpenedHousekeeping {
  const { settings, storage, state, leases, policy, watch, index, log } = parts;
  const { store, catalog, loose, removal, space } = storage;
  const { uses, bookmarks, keepLists } = state;
  const trash = settings.trashMs === 0 ? undefined : storage.trash;
  const running = new AsyncDisposableStack();
  const survey = { store, catalog, uses, bookmarks };
  const refetch = new RefetchCheck({ policy, watch });
  const retirement =
    removal && new VersionRetirement({ store, loose, removal, trash, index, uses });
  const retain: OpenedHousekeeping["retain"] = async (rules, isDone, signal, tell) => {
    if (retirement === undefined) throw nothingRemovable();
    const remove = retirement.retire.bind(retirement);
    const retention = new Retention({ survey, keepLists, refetch, leases, remove });
    return await retention.run(rules, { isDone }, signal, tell);
  };

  return {
    retain,
    start() {
      void beginCounting(bookmarks).catch((failure: unknown) =>
        log.warn("it cannot be written down that uses are counted", { error: failure }),
      );
      if (settings.everyMs > 0) {
        running.use(
          new WorkSchedule({
            ...{ name: "retention", everyMs: settings.everyMs, bookmarks, log },
            work: (signal) => retain(settings.rules, true, signal, teller(log)),
          }),
        );
      }
      if (trash !== undefined) {
        const keeping = new TrashKeeping({ trash, hashes: state.hashes, uses, index });
        const empty = async (signal: AbortSignal): Promise<void> => {
          const before = new Date(Date.now() - settings.trashMs);
          const versions = await keeping.empty(before, signal);
          if (versions > 0)
            log.info("the trash was emptied of what was in it long enough", { versions });
        };
        running.use(repeated(empty, { pauseMs: trashPauseMs, what: "the trash", log }));
      }
      if (space !== undefined && retirement !== undefined) {
        const { quotaBytes, evicts, rules } = settings;
        const relief = new DiskRelief({
          ...{ space, quotaBytes, evicts, survey, keepLists, refetch, trash, leases, log },
          evict: (module) => retirement.evict(module),
          protect: rules.protect,
          private: rules.private,
          metrics: parts.metrics,
        });
        const look = (signal: AbortSignal): Promise<void> => relief.look(signal);
        running.use(repeated(look, { pauseMs: diskPauseMs, what: "the room of the storage", log }));
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function teller(log: Log): (finding: RetentionFinding) => void {
  return ({ module, outcome, due, protection, sentence }) => {
    const what = { ...module, due, protection, reason: sentence };
    if (outcome === "removed") log.info("removed by retention", what);
    else log.debug("stays although a rule names it", what);
  };
}

/** Does something now and then, until it is disposed of. */
function repeated(
  work: (signal: AbortSignal) => Promise<void>,
  { pauseMs, what, log }: { readonly pauseMs: number; readonly what: string; readonly log: Log },
): AsyncDisposable {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const turn = async (): Promise<void> => {
    const begunMs = performance.now();
    try {
      await work(ending.signal);
    } catch (failure) {
      if (!ending.signal.aborted) log.warn(`${what} cannot be looked after`, { error: failure });
    }
    if (ending.signal.aborted) return;
    const waitMs = Math.max(pauseMs, leastPause * (performance.now() - begunMs));
    timer = setTimeout(() => {
      working = turn();
    }, waitMs).unref();
  };
  let working = turn();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort(new Error("the server stops"));
      clearTimeout(timer);
      await working;
    },
  };
}

function nothingRemovable(): ProxyFailure {
  return new ProxyFailure(
    "unsupported",
    "what is in memory belongs to its process alone, and ends with it",
  );
}
