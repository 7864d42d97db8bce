// Which version any query means.
import { InvalidText, parseVersionQuery, type VersionQuery } from "@stoa/gomod";
import { ProxyFailure } from "../proxy-failure.ts";
import { latestVersion, versionInRange } from "./chosen-version.ts";
import { type ModuleSource, onlyAbsence } from "./module-source.ts";
import { findRevision } from "./revision.ts";
import { type ResolvedVersion, versionOfRevision } from "./revision-version.ts";

/**
 * Resolves `latest`, ranges, the beginnings of versions, versions, branches, tags and commits. Rejects with `not_found`,
 * or with `bad_request` if the query cannot mean anything. Authority: cmd/go modload.queryProxy.
 */
export async function answerQuery(source: ModuleSource, text: string): Promise<ResolvedVersion> {
  const query = parseQuery(source, text);
  switch (query.kind) {
    case "latest":
      return latestVersion(source);
    case "prefix":
    case "comparison":
      return versionInRange(source, text, query);
    case "version": {
      const { canonical } = query;
      if (canonical === text) return namedVersion(source, text);
      // A version with build metadata is the same as one without, if there is no such tag.
      const exact = await namedVersion(source, text).catch(onlyAbsence);
      return exact ?? namedVersion(source, canonical);
    }
    default:
      return namedVersion(source, text);
  }
}

/** What a tag, a branch or a commit is, or a version itself. */
export async function namedVersion(source: ModuleSource, text: string): Promise<ResolvedVersion> {
  return versionOfRevision(source, await findRevision(source, text), text);
}

function parseQuery({ layout }: ModuleSource, text: string): VersionQuery {
  try {
    return parseVersionQuery(text);
  } catch (cause) {
    if (!(cause instanceof InvalidText)) throw cause;
    const subject = { path: layout.path, version: text };
    throw new ProxyFailure("bad_request", cause.message, { subject, cause });
  }
}
