// The order in which a catalog lists versions, and the tokens that name a place in it.
import type { ModuleVersion } from "@stoa/gomod";
import { ProxyFailure } from "./proxy-failure.ts";
import type { CatalogPage } from "./version-catalog.ts";

/** Where a version stands: the elements of its path, and then the version, as the folders of Athens' layout are nested. */
export type CatalogPlace = readonly string[];

export function placeOf({ path, version }: ModuleVersion): CatalogPlace {
  return [...path.split("/"), version];
}

/** Element by element, in the order of their characters: the order of a walk through folders whose names are sorted. */
export function comparePlaces(a: CatalogPlace, b: CatalogPlace): number {
  for (const [index, element] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (element !== other) return element < other ? -1 : 1;
  }
  return a.length - b.length;
}

/** The place that a token names, `path|version`; as Athens writes it. Throws the failure `bad_request`. */
export function parseCatalogToken(token: string): CatalogPlace {
  const [path = "", version = "", ...others] = token.split("|");
  if (path !== "" && version !== "" && others.length === 0) return [...path.split("/"), version];
  throw new ProxyFailure(
    "bad_request",
    `${JSON.stringify(token)} is no token of a catalog page: use the "next" of the page before`,
  );
}

/** A page of `size` versions out of those that follow the token, which may be more. */
export function catalogPage(following: readonly ModuleVersion[], size: number): CatalogPage {
  const modules = following.slice(0, size);
  const last = modules.at(-1);
  const isEnd = following.length <= size || last === undefined;
  return { modules, next: isEnd ? undefined : `${last.path}|${last.version}` };
}
