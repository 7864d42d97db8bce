// The GOPROXY list: where modules come from, and when the next place is tried.
import { InvalidText } from "./invalid-text.ts";
import { proxyUrlProblem, redactUrl } from "./proxy-url.ts";
import { trimSpace } from "./white-space.ts";

/**
 * When the place after this proxy is asked: only if this one answers 404 or 410 (after it stands ","), or after any
 * failure ("|").
 */
export type OnFailure = "next-if-absent" | "next-on-any";

/** One place: a proxy, the repositories themselves, or nowhere. Nothing follows the last two. */
export type ProxyListEntry =
  | { readonly kind: "proxy"; readonly url: string; readonly onFailure: OnFailure }
  | { readonly kind: "direct" }
  | { readonly kind: "off" };

/**
 * Reads a GOPROXY value as the go command does: entries end at "," or "|", empty ones do not count, what follows
 * `direct` or `off` is not even looked at, and an entry with ".", ":" or "/" but without ":/" gets `https://` in front.
 * Throws `InvalidText` of kind `GOPROXY entry` (credentials left out), or `GOPROXY` if the list has no entry.
 * Authority: cmd/go modfetch proxyList.
 */
export function parseProxyList(text: string): readonly ProxyListEntry[] {
  const entries: ProxyListEntry[] = [];
  for (const [, word = "", separator] of text.matchAll(/([^,|]*)([,|]|$)/g)) {
    const place = trimSpace(word);
    if (place === "") continue;
    if (place === "direct" || place === "off") {
      entries.push({ kind: place });
      break;
    }
    const url = withScheme(place);
    const problem = proxyUrlProblem(url);
    if (problem !== undefined) throw new InvalidText("GOPROXY entry", redactUrl(place), problem);
    const onFailure = separator === "|" ? "next-on-any" : "next-if-absent";
    entries.push({ kind: "proxy", url, onFailure });
  }
  if (entries.length === 0) {
    throw new InvalidText("GOPROXY", text, "it names no proxy; write a URL, direct or off");
  }
  return entries;
}

/** Single words are reserved for the go command, and a leading slash is a file name: they are left to be refused. */
function withScheme(place: string): string {
  const isBare = /[.:/]/.test(place) && !place.includes(":/") && !place.startsWith("/");
  return isBare ? `https://${place}` : place;
}
