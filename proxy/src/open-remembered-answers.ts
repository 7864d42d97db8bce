// What upstreams have answered, put together: how much of it is remembered, and what all instances know of it.
import { parseVersion, parseVersionInfo, type Version } from "@stoa/gomod";
import type { Metrics } from "@stoa/telemetry";
import { RenewedLeases } from "./adapters/leases/renewed-leases.ts";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import { VersionLists } from "./application/list-versions.ts";
import {
  type Capacity,
  type Lifetimes,
  RememberedAnswers,
} from "./application/remembered-answers.ts";
import { QueryAnswers } from "./application/resolve-query.ts";
import { FleetAnswers } from "./application/share-answers.ts";
import type { ModuleStore } from "./domain/module-store.ts";
import type { AnswerName } from "./domain/shared-answers.ts";
import type { InfoDocument, Upstream } from "./domain/upstream.ts";

/** Lists and query answers of one instance. */
export interface OpenedAnswers extends AsyncDisposable {
  readonly lists: VersionLists;
  readonly queries: QueryAnswers;
  /** Begins to be told of what other instances learn, where there are any. */
  follow(parts: FollowParts): void;
}

interface FollowParts {
  /** Forgets the ready answers that may have changed. */
  readonly expireAnswers: () => void;
  readonly metrics: Metrics;
}

interface AnswerOptions {
  readonly store: ModuleStore;
  readonly upstream: Upstream;
  /** Marks who is asked: instances that ask others have answers of their own. */
  readonly mark: string;
  readonly leaseLifetimeMs: number;
  readonly lifetimes: Lifetimes;
  /** In milliseconds, of a clock that never goes back. */
  readonly now: () => number;
}

/** How much of lists, and of query answers, is remembered. */
const capacity: Capacity = { entries: 50_000, bytes: 64 << 20 };

/** What instances share is in the state, if that is a server's. */
export function openRememberedAnswers(
  { answers: shared, leases: engine }: Pick<ProxyState, "answers" | "leases">,
  { store, upstream, mark, leaseLifetimeMs, lifetimes, now }: AnswerOptions,
): OpenedAnswers {
  const running = new AsyncDisposableStack();
  const kinds = { lists: `list ${mark}`, queries: `query ${mark}` };
  const fleet = shared && {
    shared,
    leases: new RenewedLeases(engine, { lifetimeMs: leaseLifetimeMs }),
  };
  const lists = new RememberedAnswers<readonly Version[]>({
    ...{ lifetimes, capacity, now },
    fleet: fleet && new FleetAnswers({ ...fleet, kind: kinds.lists, ...listWords }),
    sizeOf: (versions) => 40 * versions.length,
  });
  const queries = new RememberedAnswers<InfoDocument>({
    ...{ lifetimes, capacity, now },
    fleet: fleet && new FleetAnswers({ ...fleet, kind: kinds.queries, ...infoWords }),
    sizeOf: ({ bytes }) => bytes.length + 400,
  });
  const expire = (changed: readonly AnswerName[] | "all"): void => {
    if (changed === "all") {
      lists.expire();
      queries.expire();
      return;
    }
    for (const { kind, key } of changed) {
      if (kind === kinds.lists) lists.expire(key);
      else if (kind === kinds.queries) queries.expire(key);
    }
  };
  return {
    lists: new VersionLists({ store, upstream, remembered: lists }),
    queries: new QueryAnswers({ store, upstream, remembered: queries }),
    follow({ expireAnswers, metrics }) {
      if (shared === undefined) return;
      const following = running.use(
        shared.follow((changed) => {
          expire(changed);
          expireAnswers();
        }),
      );
      metrics.collected(
        "stoa_shared_answers_up",
        "1 while this instance is told what others have learned of lists and latest versions, 0 while it is on its own.",
        "gauge",
        () => (following.isUp ? 1 : 0),
      );
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const listWords = {
  write: (versions: readonly Version[]): string => versions.join("\n"),
  read: (text: string): readonly Version[] =>
    text === "" ? [] : text.split("\n").map((version) => parseVersion(version)),
};

const infoWords = {
  write: ({ bytes, from }: InfoDocument): string =>
    JSON.stringify({ from, info: Buffer.from(bytes).toString() }),
  read(text: string): InfoDocument {
    const { from, info } = JSON.parse(text) as { from?: unknown; info?: unknown };
    const bytes = Buffer.from(String(info));
    return { bytes, info: parseVersionInfo(bytes), from: String(from) };
  },
};
