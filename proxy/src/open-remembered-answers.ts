// What upstreams have answered, put together: how much of it is remembered, and what all instances know of it.
import { createHash } from "node:crypto";
import { parseVersion, parseVersionInfo, type Version } from "@stoa/gomod";
import type { Metrics } from "@stoa/telemetry";
import { RenewedLeases } from "./adapters/leases/renewed-leases.ts";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import {
  type Capacity,
  type Lifetimes,
  RememberedAnswers,
} from "./application/remembered-answers.ts";
import { FleetAnswers } from "./application/share-answers.ts";
import type { AnswerName } from "./domain/shared-answers.ts";
import type { InfoDocument } from "./domain/upstream.ts";

/** Lists and query answers of one instance. */
interface OpenedAnswers extends AsyncDisposable {
  readonly lists: RememberedAnswers<readonly Version[]>;
  readonly queries: RememberedAnswers<InfoDocument>;
  /** Begins to be told of what other instances learn, where there are any. */
  follow(parts: FollowParts): void;
}

interface FollowParts {
  /** Forgets the ready answers that may have changed. */
  readonly expireAnswers: () => void;
  readonly metrics: Metrics;
}

interface AnswerOptions {
  /** Marks who is asked: instances that ask others have answers of their own. */
  readonly upstreams: string;
  readonly leaseLifetimeMs: number;
  readonly lifetimes: Lifetimes;
  /** In milliseconds, of a clock that never goes back. */
  readonly now: () => number;
}

/** A short mark that two instances have in common if all these words are the same. */
export function markOf(words: readonly string[]): string {
  return createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 16);
}

/** How much of lists, and of query answers, is remembered. */
const capacity: Capacity = { entries: 50_000, bytes: 64 << 20 };

/** What instances share is in the state, if that is a server's. */
export function openRememberedAnswers(
  { answers: shared, leases: engine }: Pick<ProxyState, "answers" | "leases">,
  { upstreams, leaseLifetimeMs, lifetimes, now }: AnswerOptions,
): OpenedAnswers {
  const running = new AsyncDisposableStack();
  const kinds = { lists: `list ${upstreams}`, queries: `query ${upstreams}` };
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
    lists,
    queries,
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
