// The crawler: asks upstreams for versions that are not kept yet, and fetches them.
import { ProxyFailure } from "../domain/proxy-failure.ts";
import {
  type CrawlEvent,
  type CrawlOrder,
  type CrawlParts,
  CrawlRun,
  type CrawlSummary,
} from "./crawl-run.ts";
import { AlreadyAtWork } from "./schedule-work.ts";

/** Goes through the store once. What was begun and broken off goes on where it was. */
export class ModuleCrawl {
  readonly #parts: CrawlParts;

  constructor(parts: CrawlParts) {
    this.#parts = parts;
  }

  /**
   * Crawls. Rejects with `AlreadyAtWork`, with `refused` if the proxy is offline, with `store_unavailable`, or with the
   * signal's reason; what happens to single modules is told and counted.
   */
  async run(
    order: CrawlOrder,
    signal: AbortSignal,
    tell: (event: CrawlEvent) => void,
  ): Promise<CrawlSummary> {
    if (this.#parts.policy.isOffline) {
      throw new ProxyFailure("refused", "this proxy is offline (NetworkMode): nothing is crawled");
    }
    const lease = await this.#parts.leases.take("crawl");
    if (lease === undefined) {
      throw new AlreadyAtWork("another crawler of this fleet is at work; one is enough");
    }
    await using _held = lease;
    const run = new CrawlRun(this.#parts, order, signal, tell);
    const begun = new Date().toISOString();
    this.#parts.hosts.forgive();
    await run.lists();
    for (const feed of this.#parts.feeds) await run.feed(feed, begun);
    return run.summary;
  }
}
