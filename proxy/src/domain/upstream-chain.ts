// What a GOPROXY list means.
import type { ProxyListEntry } from "@stoa/gomod";
import { directAfterProxies } from "./direct-after-proxies.ts";
import { type FallbackEntry, fallbackUpstream } from "./fallback-upstream.ts";
import { offUpstream } from "./refusing-upstream.ts";
import type { Upstream } from "./upstream.ts";

/** Who stands behind the words of the list. */
export interface ChainParts {
  /** The upstream for a URL of the list: `http`, `https` or `file`. */
  readonly proxy: (url: string) => Upstream;
  readonly direct: Upstream;
}

/** The upstreams of a GOPROXY list, in its order and with its separators. The list must not be empty. */
export function upstreamChain(list: readonly ProxyListEntry[], parts: ChainParts): Upstream {
  const proxies: Upstream[] = [];
  const entries = list.map((entry) => {
    const made = fallbackEntry(entry, parts, proxies);
    if (entry.kind === "proxy") proxies.push(made.upstream);
    return made;
  });
  const [only, ...others] = entries;
  return only !== undefined && others.length === 0 ? only.upstream : fallbackUpstream(entries);
}

function fallbackEntry(
  entry: ProxyListEntry,
  parts: ChainParts,
  before: readonly Upstream[],
): FallbackEntry {
  switch (entry.kind) {
    case "proxy":
      return { upstream: parts.proxy(entry.url), onFailure: entry.onFailure };
    case "direct":
      return {
        upstream:
          before.length === 0 ? parts.direct : directAfterProxies(parts.direct, [...before]),
        onFailure: "next-if-absent",
      };
    case "off":
      return { upstream: offUpstream(), onFailure: "next-if-absent", isOff: true };
  }
}
