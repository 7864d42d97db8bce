// The queue of background fetches, seen from outside.
import { existsSync } from "node:fs";
import { readSqliteJobQueue } from "./adapters/sqlite-job-queue/sqlite-job-queue.ts";
import type { Job, JobCounts } from "./domain/job-queue.ts";
import { queueFile } from "./storage-files.ts";

/** What waits and what was given up under a storage folder, which may be in use: the first `limit` jobs. */
export async function readQueue(
  root: string,
  limit: number,
): Promise<{ readonly counts: JobCounts; readonly jobs: readonly Job[] }> {
  const file = queueFile(root);
  if (!existsSync(file)) return { counts: { waiting: 0, givenUp: 0 }, jobs: [] };
  return readSqliteJobQueue(file, limit);
}
