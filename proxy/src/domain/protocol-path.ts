// The paths of the GOPROXY protocol, below the base of a proxy or a directory laid out like one.
import {
  escapePath,
  escapeVersion,
  InvalidText,
  type ModulePath,
  type ModuleVersion,
} from "@stoa/gomod";
import type { FileKind } from "./module-store.ts";
import { ProxyFailure } from "./proxy-failure.ts";

/** Authority for all of them: go.dev/ref/mod#goproxy-protocol. */
export function listPath(path: ModulePath): string {
  return `${escapePath(path)}/@v/list`;
}

export function filePath({ path, version }: ModuleVersion, kind: FileKind): string {
  return `${escapePath(path)}/@v/${escapeVersion(version)}.${kind}`;
}

/**
 * Where a query is answered: `latest` has its own place, a branch or a commit stands where a version does. Throws
 * `bad_request` for a word that cannot stand there, such as a branch with a slash.
 */
export function queryPath(path: ModulePath, query: string): string {
  if (query === "latest") return `${escapePath(path)}/@latest`;
  try {
    return `${escapePath(path)}/@v/${escapeVersion(query)}.info`;
  } catch (cause) {
    if (!(cause instanceof InvalidText)) throw cause;
    throw new ProxyFailure("bad_request", cause.message, {
      subject: { path, version: query },
      cause,
    });
  }
}
