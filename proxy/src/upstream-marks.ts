// Marks by which instances that share a state know whether they ask the same upstreams.
import { createHash } from "node:crypto";
import { type ProxyListEntry, parseProxyList, redactUrl } from "@stoa/gomod";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";

/** Two instances have a mark in common if everybody whom they ask is the same. */
interface UpstreamMarks {
  /** Whom lists and queries are asked of. */
  readonly questions: string;
  /** Whom versions are fetched by. A checksum database is told the name, too. */
  readonly fetches: string;
}

export function upstreamMarks({
  upstreams,
  checksums,
}: Pick<ModuleProxySettings, "upstreams" | "checksums">): UpstreamMarks {
  const words = [...parseProxyList(upstreams.goproxy).map(wordsOf), upstreams.noproxy];
  return {
    questions: markOf(words),
    fetches: markOf([...words, checksums.gosumdb, checksums.nosumdb]),
  };
}

/** An entry without its credentials. */
function wordsOf(entry: ProxyListEntry): string {
  return entry.kind === "proxy" ? `${redactUrl(entry.url)} ${entry.onFailure}` : entry.kind;
}

function markOf(words: readonly string[]): string {
  return createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 16);
}
