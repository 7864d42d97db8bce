// Through which instances of this program a request has come, so that a chain of proxies that leads in a circle ends.
import { ProxyFailure } from "./proxy-failure.ts";

/**
 * The request header that carries the ids, oldest first, separated by commas. An instance that asks another proxy sends
 * the ids it was given and then its own.
 */
export const hopsHeader = "Stoa-Hops";

/** How many instances a request may come through. */
const mostHops = 8;

/** The ids in a header. What is no id is left out: the header comes from outside. */
export function parseHops(header: string | undefined): readonly string[] {
  if (header === undefined) return [];
  return header
    .split(",")
    .map((id) => id.trim())
    .filter((id) => /^[\w.-]{1,64}$/.test(id));
}

/** The header for a request to the next proxy. */
export function formatHops(hops: readonly string[], ownId: string): string {
  return [...hops, ownId].join(", ");
}

/** Throws the `ProxyFailure` `loop` if the request has been here before, or has come through too many instances. */
export function checkHops(hops: readonly string[], ownId: string): void {
  if (hops.includes(ownId)) {
    throw new ProxyFailure(
      "loop",
      "the request came back to the proxy that sent it: the GOPROXY list of this proxy, or of one that it asks, leads back here; take that entry out",
    );
  }
  if (hops.length > mostHops) {
    throw new ProxyFailure(
      "loop",
      `the request came through more than ${mostHops} proxies: their GOPROXY lists probably lead in a circle`,
    );
  }
}
