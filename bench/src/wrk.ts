// wrk: load on one URL from a core of its own.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchRun } from "./bench-run.ts";

/** The core that makes load; servers have `serverCore`. */
const loadCore = 1;

/** A URL under load. */
export interface Load {
  /** With `paths`, only its scheme, host and port count. */
  readonly url: string;
  /** A file with one path to ask for on each line; they are asked for in random order. */
  readonly pathsFile?: string | undefined;
  readonly seconds: number;
  readonly connections?: number;
  /** On all cores instead of on one of its own, beside servers that have all cores as well. */
  readonly isAnywhere?: boolean;
  /** Sent with every request: `Name: value`. */
  readonly header?: string | undefined;
}

/** How a server stood a load. Every request counted was answered with 2xx or 3xx, and whole. */
export interface LoadReport {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
}

/** Connections that stay open: as many as a busy proxy sees from a build farm, and what the figures were first made with. */
const usualConnections = 64;
const run = promisify(execFile);
const script = fileURLToPath(new URL("wrk-report.lua", import.meta.url));

/** Puts a URL under load. Throws if any answer was a refusal or broke off. */
export async function putUnderLoad(load: Load, signal: AbortSignal): Promise<LoadReport> {
  const { url, pathsFile, seconds, connections = usualConnections, header, isAnywhere } = load;
  const wrk = ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "30s", "-s", script];
  if (header !== undefined) wrk.push("-H", header);
  const target = pathsFile === undefined ? [url] : [url, "--", pathsFile];
  const cores = isAnywhere === true ? [] : ["taskset", "-c", String(loadCore)];
  const [command = "", ...words] = [...cores, ...wrk, ...target];
  const { stdout } = await run(command, words, { signal });
  return parseLoadReport(stdout);
}

/** Writes the file of paths that a load in random order needs. */
export async function writePaths(file: string, paths: readonly string[]): Promise<void> {
  await writeFile(file, paths.map((path) => `${path}\n`).join(""));
}

/** Puts a URL under load until whatever a server does once has been done. */
export async function warmUp(load: Omit<Load, "seconds">, bench: BenchRun): Promise<void> {
  await putUnderLoad({ ...load, seconds: 1 }, bench.signal);
}

/** Reads what wrk-report.lua writes. Throws if the load was not answered throughout. */
export function parseLoadReport(output: string): LoadReport {
  const line = output.split("\n").find((text) => text.startsWith('{"requests"'));
  if (line === undefined) throw new Error(`wrk reported nothing: ${output.trim()}`);
  const found = JSON.parse(line) as Record<string, number>;
  const {
    requests = 0,
    microseconds = 0,
    bytes = 0,
    refusals,
    brokenTransfers,
    p50 = 0,
    p99 = 0,
  } = found;
  if (requests === 0) throw new Error("wrk got no answer at all");
  if (refusals !== 0 || brokenTransfers !== 0) {
    throw new Error(
      `of ${requests} requests ${refusals} were refused and ${brokenTransfers} broke off; such a rate means nothing`,
    );
  }
  return {
    requests,
    requestsPerSecond: (requests * 1e6) / microseconds,
    bytesPerSecond: (bytes * 1e6) / microseconds,
    p50Milliseconds: p50 / 1000,
    p99Milliseconds: p99 / 1000,
  };
}
