// Tells how the queue of background fetches is doing.
import type { Metrics } from "@stoa/telemetry";
import type { JobQueue } from "../domain/job-queue.ts";
import type { BackgroundStash } from "./background-stash.ts";

/** Declares the metrics of the queue. */
export function measuredQueue(
  queue: JobQueue,
  background: BackgroundStash,
  metrics: Metrics,
): void {
  metrics.collected(
    "stoa_background_jobs",
    "Versions in the queue of background fetches, by state.",
    "gauge",
    async () => {
      const { waiting, givenUp } = await queue.counts();
      return [
        { labels: { state: "waiting" }, value: waiting },
        { labels: { state: "given_up" }, value: givenUp },
      ];
    },
  );
  metrics.collected(
    "stoa_background_fetches_in_flight",
    "Versions of the queue that are being fetched.",
    "gauge",
    () => background.running,
  );
}
