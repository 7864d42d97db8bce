// Where the proxy's own state is kept: a file, memory, or PostgreSQL.
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Bookmarks } from "../../domain/bookmarks.ts";
import { reasonOf } from "../../domain/engine-reason.ts";
import type { FillMark } from "../../domain/fill-mark.ts";
import type { JobQueue } from "../../domain/job-queue.ts";
import type { KeepJournal } from "../../domain/keep-journal.ts";
import type { KeepLists } from "../../domain/keep-lists.ts";
import type { KeptHashes } from "../../domain/kept-hashes.ts";
import type { LeaseEngine } from "../../domain/leases.ts";
import type { ModuleUses } from "../../domain/module-uses.ts";
import type { NoticeQueue } from "../../domain/notice-queue.ts";
import type { SharedAnswers } from "../../domain/shared-answers.ts";
import type { VersionIndex } from "../../domain/version-index.ts";
import { PostgresAnswers } from "./postgres-answers.ts";
import { openPostgresDatabase } from "./postgres-database.ts";
import { SqlBookmarks } from "./sql-bookmarks.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { SqlFillMark } from "./sql-fill-mark.ts";
import { SqlJobQueue } from "./sql-job-queue.ts";
import { SqlKeepJournal } from "./sql-keep-journal.ts";
import { SqlKeepLists } from "./sql-keep-lists.ts";
import { SqlKeptHashes } from "./sql-kept-hashes.ts";
import { SqlLeaseEngine } from "./sql-lease-engine.ts";
import { SqlModuleUses } from "./sql-module-uses.ts";
import { SqlNoticeQueue } from "./sql-notice-queue.ts";
import { SqlVersionIndex } from "./sql-version-index.ts";
import { SqliteDatabase } from "./sqlite-database.ts";

/** A place for state. */
export type StatePlace =
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string };

/** All that is remembered beside the module store. Losing it loses no module. */
export interface ProxyState extends AsyncDisposable {
  readonly jobs: JobQueue;
  readonly index: VersionIndex;
  readonly hashes: KeptHashes;
  readonly journal: KeepJournal;
  readonly bookmarks: Bookmarks;
  readonly uses: ModuleUses;
  readonly keepLists: KeepLists;
  readonly notices: NoticeQueue;
  /** The mark of the index of a name. */
  readonly filling: (index: string) => FillMark;
  /** Leases for all who use the same state. */
  readonly leases: LeaseEngine;
  /** What upstreams answered to any instance; absent where one instance has the state for itself. */
  readonly answers: SharedAnswers | undefined;
}

/**
 * Opens the state; rejects with a sentence if it cannot be used. `mostJobs` bounds how many versions may wait in the
 * queue. Who works on the jobs of a file alone says `takesOver`: what a dead process had taken is due at once. With
 * `readOnly` nothing is created. A file may be in use by other processes.
 */
export async function openState(
  place: StatePlace,
  options: { readonly mostJobs: number; readonly takesOver?: boolean; readonly readOnly?: boolean },
): Promise<ProxyState> {
  try {
    const database = await openDatabase(place, options.readOnly === true);
    const jobs = new SqlJobQueue(database, options);
    // Where several instances share the work, a job of one that died is due again when its hold has passed.
    if (place.kind === "sqlite" && options.takesOver === true) await jobs.releaseTaken();
    return {
      jobs,
      index: new SqlVersionIndex(database),
      hashes: new SqlKeptHashes(database),
      journal: new SqlKeepJournal(database),
      bookmarks: new SqlBookmarks(database),
      uses: new SqlModuleUses(database),
      keepLists: new SqlKeepLists(database),
      notices: new SqlNoticeQueue(database),
      filling: (index) => new SqlFillMark(database, index),
      leases: new SqlLeaseEngine(database, nameOf(place)),
      answers: place.kind === "postgres" ? new PostgresAnswers(database, place.url) : undefined,
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  } catch (cause) {
    throw unusable(place, cause);
  }
}

async function openDatabase(place: StatePlace, readOnly: boolean): Promise<SqlDatabase> {
  switch (place.kind) {
    case "memory":
      return new SqliteDatabase(":memory:");
    case "sqlite":
      if (!readOnly) requireFolder(place.file);
      return new SqliteDatabase(place.file, { readOnly });
    case "postgres":
      return openPostgresDatabase(place.url);
  }
}

/** The file comes with the first change to it, long after the start: what stands against it is said now. */
function requireFolder(file: string): void {
  const folder = dirname(resolve(file));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new Error(`there is no folder ${folder}`);
}

function nameOf(place: StatePlace): string {
  if (place.kind === "postgres") return `PostgreSQL at ${withoutPassword(place.url)}`;
  return place.kind === "sqlite" ? `the state in ${place.file}` : "the state in memory";
}

function unusable(place: StatePlace, cause: unknown): Error {
  const advice =
    place.kind === "postgres"
      ? `the state in PostgreSQL at ${withoutPassword(place.url)} cannot be used (${reasonOf(cause)}): check STOA_STATE, and that the server is reachable`
      : `the state in ${place.kind === "sqlite" ? place.file : "memory"} cannot be used (${reasonOf(cause)}): check its folder, or move the file away to begin anew, which loses no module`;
  return new Error(advice, { cause });
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  return `${url.host}${url.pathname}`;
}
