// Whom a question about a module goes to first: a host, and whether it is that of its repository.
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

/** Whether a module's own repository is asked, and no proxy before it. */
export function asksRepository(
  path: ModulePath,
  list: readonly ProxyListEntry[],
  noproxy: string,
): boolean {
  return matchesModulePatterns(noproxy, path) || list[0]?.kind === "direct";
}
