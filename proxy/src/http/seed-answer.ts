// The page that seeds this proxy: a go.sum or a list comes in, and what is not there afterwards is named.
import type { IncomingMessage } from "node:http";
import type { SeedResult, VersionSeeding } from "../application/seed-versions.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { type Answer, momentary } from "./answer.ts";
import { readListBody } from "./list-body.ts";

const namedFailures = 20;

/**
 * Answers when everything is there. Rejects with `bad_request` if a line cannot be read, before anything is fetched, and
 * with `upstream_unavailable` and the names if something is missing afterwards.
 */
export async function answerSeed(
  request: IncomingMessage,
  seeding: VersionSeeding,
  signal: AbortSignal,
): Promise<Answer> {
  const entries = await readListBody(request);
  const results: SeedResult[] = [];
  const of = (kind: "whole" | "loose") =>
    entries.flatMap((entry) => (entry.kind === kind ? [entry.module] : []));
  await seeding.run(
    { main: undefined, whole: false, versions: of("whole"), mods: of("loose"), folders: new Map() },
    { result: (one) => results.push(one), expected: () => undefined },
    signal,
  );
  const missing = results.filter(({ outcome }) => outcome === "missing");
  if (missing.length > 0) throw incomplete(missing, results.length);
  const count = (outcome: SeedResult["outcome"]): number =>
    results.filter((one) => one.outcome === outcome).length;
  const summary = { present: count("present"), fetched: count("fetched"), missing: 0 };
  return {
    body: { form: "bytes", bytes: Buffer.from(`${JSON.stringify(summary)}\n`) },
    contentType: "application/json; charset=utf-8",
    freshness: momentary,
    cache: "none",
    from: undefined,
  };
}

function incomplete(missing: readonly SeedResult[], all: number): ProxyFailure {
  const named = missing
    .slice(0, namedFailures)
    .map(({ module, sentence }) => `${module.path}@${module.version}: ${sentence}`);
  const more = missing.length > namedFailures ? `; and ${missing.length - namedFailures} more` : "";
  return new ProxyFailure(
    "upstream_unavailable",
    `${missing.length} of ${all} are missing: ${named.join("; ")}${more}`,
  );
}
