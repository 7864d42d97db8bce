// The queue of background fetches, seen from outside.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readSqliteJobQueue } from "./adapters/sqlite-job-queue/sqlite-job-queue.ts";
import type { Job, JobCounts } from "./domain/job-queue.ts";

/** Where the queue of a storage folder lies. */
export function queueFile(root: string): string {
  return join(root, ".stoa", "queue.sqlite");
}

/** What waits and what was given up under a storage folder, which may be in use: the first `limit` jobs. */
export async function readQueue(
  root: string,
  limit: number,
): Promise<{ readonly counts: JobCounts; readonly jobs: readonly Job[] }> {
  const file = queueFile(root);
  if (!existsSync(file)) return { counts: { waiting: 0, givenUp: 0 }, jobs: [] };
  return readSqliteJobQueue(file, limit);
}
