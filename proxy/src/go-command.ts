// The upstream that runs the go command, put together: where it runs, as whom, and what it counts.
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Log, Metrics } from "@stoa/telemetry";
import { ProcessMark } from "./adapters/disk-module-store/process-mark.ts";
import {
  type GoCommandUpstream,
  goCommandUpstream,
} from "./adapters/go-command-upstream/go-command-upstream.ts";

/** What can be chosen about the go command. Durations in milliseconds. */
export interface GoCommandSettings {
  /** Whether it reads git repositories as well. */
  readonly isForAll: boolean;
  /** The go program, by name or path. */
  readonly binary: string;
  /** Where it runs; beside the storage if it is empty. */
  readonly folder: string;
  /** How many run at once, and how many may wait. */
  readonly workers: number;
  readonly queue: number;
  readonly paperMs: number;
  readonly zipMs: number;
  /** What clones of repositories may take on disk. */
  readonly cloneBytes: number;
  /** Its own variables: GOPRIVATE, GOVCS, GOINSECURE and so on, as they were chosen for it. */
  readonly variables: Readonly<Record<string, string>>;
  /** The variables of this process, of which it gets some. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What it stands on. */
export interface GoCommandParts {
  readonly settings: GoCommandSettings;
  readonly credentials: {
    readonly netrcPath?: string | undefined;
    readonly githubToken?: string | undefined;
    readonly hgrcPath?: string | undefined;
  };
  /** The storage folder; `undefined` for memory. */
  readonly root: string | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Throws `InvalidText` if GOVCS cannot be read. Nothing runs before something is asked. */
export async function openGoCommand(parts: GoCommandParts): Promise<GoCommandUpstream> {
  const { settings, credentials, root, log, metrics } = parts;
  const upstream = goCommandUpstream({
    goBinary: settings.binary,
    folder: folderOf(settings.folder, root),
    isTemporary: settings.folder === "" && root === undefined,
    mark: await ProcessMark.ofThisProcess(),
    mostCloneBytes: settings.cloneBytes,
    runs: { concurrent: settings.workers, waiting: settings.queue },
    paperMs: settings.paperMs,
    zipMs: settings.zipMs,
    environment: settings.environment,
    chosen: settings.variables,
    netrcPath: credentials.netrcPath,
    hgrcPath: credentials.hgrcPath,
    githubToken: credentials.githubToken,
    onMissing: (sentence) => log.warn(sentence),
  });
  metrics.collected(
    "stoa_go_command_waiting",
    "Fetches that wait for their turn to run the go command.",
    "gauge",
    () => upstream.waiting,
  );
  return upstream;
}

function folderOf(named: string, root: string | undefined): string {
  if (named !== "") return join(resolve(named), "stoa-go");
  if (root !== undefined) return join(resolve(root), ".stoa", "go");
  // A name that nobody can guess, for everybody may write there.
  return join(tmpdir(), `stoa-go-${randomBytes(12).toString("hex")}`);
}
