// The queue of background fetches, seen from outside.
import { openState, type StatePlace } from "./adapters/sql-state/open-state.ts";
import type { Job, JobCounts } from "./domain/job-queue.ts";

/** What waits and what was given up in a state that may be in use: the first `limit` jobs. */
export async function readQueue(
  place: StatePlace,
  limit: number,
): Promise<{ readonly counts: JobCounts; readonly jobs: readonly Job[] }> {
  await using state = await openState(place, { mostJobs: 0, readOnly: true });
  return { counts: await state.jobs.counts(), jobs: await state.jobs.list(limit) };
}
