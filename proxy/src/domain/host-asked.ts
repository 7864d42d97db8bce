// Which host is asked about a module first.
import { type ModulePath, matchesModulePatterns, type ProxyListEntry } from "@stoa/gomod";

/** The host of the first proxy of a GOPROXY list; the module's own where none may be asked. */
export function hostAsked(
  path: ModulePath,
  list: readonly ProxyListEntry[],
  noproxy: string,
): string {
  const [own = ""] = path.split("/");
  const first = list.find(({ kind }) => kind !== "off");
  if (first?.kind !== "proxy" || matchesModulePatterns(noproxy, path)) return own;
  return URL.parse(first.url)?.host || own;
}
