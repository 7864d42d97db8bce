// What all instances know of upstreams' answers, put together: which answers are shared, with whom, and in which words.
import { createHash } from "node:crypto";
import { parseVersion, parseVersionInfo, type Version } from "@stoa/gomod";
import type { Metrics } from "@stoa/telemetry";
import { RenewedLeases } from "./adapters/leases/renewed-leases.ts";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import type { RememberedAnswers } from "./application/remembered-answers.ts";
import { FleetAnswers } from "./application/share-answers.ts";
import type { InfoDocument } from "./domain/upstream.ts";

/** Both absent where nothing is shared. */
interface OpenedSharedAnswers extends AsyncDisposable {
  readonly lists: FleetAnswers<readonly Version[]> | undefined;
  readonly queries: FleetAnswers<InfoDocument> | undefined;
  /** Begins to be told of what other instances learn. */
  follow(parts: FollowParts): void;
}

interface FollowParts {
  readonly lists: Pick<RememberedAnswers<unknown>, "expire">;
  readonly queries: Pick<RememberedAnswers<unknown>, "expire">;
  /** Forgets the ready answers that may have changed. */
  readonly expireAnswers: () => void;
  readonly metrics: Metrics;
}

/** A short mark that two instances have in common if all these words are the same. */
export function markOf(words: readonly string[]): string {
  return createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 16);
}

/** `upstreams` mark who is asked: instances that ask others have answers of their own. */
export function openSharedAnswers(
  { answers: shared, leases: engine }: Pick<ProxyState, "answers" | "leases">,
  options: { readonly upstreams: string; readonly leaseLifetimeMs: number },
): OpenedSharedAnswers {
  const running = new AsyncDisposableStack();
  if (shared === undefined) {
    return {
      lists: undefined,
      queries: undefined,
      follow: () => undefined,
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  }
  const leases = new RenewedLeases(engine, { lifetimeMs: options.leaseLifetimeMs });
  const { upstreams } = options;
  const kinds = { lists: `list ${upstreams}`, queries: `query ${upstreams}` };
  return {
    lists: new FleetAnswers({ shared, leases, kind: kinds.lists, ...listWords }),
    queries: new FleetAnswers({ shared, leases, kind: kinds.queries, ...infoWords }),
    follow({ lists, queries, expireAnswers, metrics }) {
      const following = running.use(
        shared.follow((changed) => {
          if (changed === "all") {
            lists.expire();
            queries.expire();
          } else {
            for (const { kind, key } of changed) {
              if (kind === kinds.lists) lists.expire(key);
              else if (kind === kinds.queries) queries.expire(key);
            }
          }
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
