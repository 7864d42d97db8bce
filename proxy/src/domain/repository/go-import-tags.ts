// The tags in a web page that say where the repository of a module is.
import { ProxyFailure } from "../proxy-failure.ts";
import { type MarkupTag, startAndEndTags } from "./markup-tags.ts";

/** `<meta name="go-import" content="root system url directory">`, where the directory may be missing. */
export interface GoImportTag {
  readonly root: string;
  readonly system: string;
  readonly url: string;
  /** "" where there is none. */
  readonly directory: string;
}

/**
 * The tags in the head of a page, those that name a module proxy (`mod`) first; they displace others of the same root.
 * Authority: cmd/go vcs.parseMetaGoImports.
 */
export function parseGoImportTags(page: string): readonly GoImportTag[] {
  const tags = [...goImportTags(page)];
  const proxies = tags.filter(({ system }) => system === "mod");
  const roots = new Set(proxies.map(({ root }) => root));
  return [...proxies, ...tags.filter(({ system, root }) => system !== "mod" && !roots.has(root))];
}

/**
 * The tag for a module; `undefined` if none is for it. Throws `not_found` if several are.
 * Authority: cmd/go vcs.matchGoImport.
 */
export function tagForModule(tags: readonly GoImportTag[], path: string): GoImportTag | undefined {
  const [first, second] = tags.filter(({ root }) => path === root || path.startsWith(`${root}/`));
  const isClear = second === undefined || (first?.system === "mod" && second.system !== "mod");
  if (isClear) return first;
  throw new ProxyFailure("not_found", `its host has several go-import tags for ${path}`);
}

/** Whether two tags say the same. */
export function isSameTag(a: GoImportTag, b: GoImportTag | undefined): boolean {
  return (
    a.root === b?.root && a.system === b.system && a.url === b.url && a.directory === b.directory
  );
}

function* goImportTags(page: string): Generator<GoImportTag> {
  for (const tag of startAndEndTags(page)) {
    if (tag.name === (tag.isEnd ? "head" : "body")) return;
    const goImport = goImportIn(tag);
    if (goImport !== undefined) yield goImport;
  }
}

function goImportIn({ name, isEnd, attributes }: MarkupTag): GoImportTag | undefined {
  if (isEnd || name !== "meta" || attributes.get("name") !== "go-import") return undefined;
  const fields = (attributes.get("content") ?? "").trim().split(/\s+/);
  const [root = "", system = "", url = "", directory = ""] = fields;
  return fields.length === 3 || fields.length === 4 ? { root, system, url, directory } : undefined;
}
