// Everything that is kept, one page after the other.
import type { ModuleVersion } from "@stoa/gomod";

/** Some of what is kept, and where the rest begins. */
export interface CatalogPage {
  readonly modules: readonly ModuleVersion[];
  /** For the next call; `undefined` if this is the end. */
  readonly next: string | undefined;
}

/** A store that can say what it keeps. */
export interface VersionCatalog {
  /**
   * Up to `size` whole versions, at least one, behind `token`, the `next` of the page before; from the beginning without
   * it. Who follows `next` to its end gets every version once that was there all the time, and others at most once. A
   * token stays good when what it names is removed, and when the store is opened anew. Rejects with `bad_request` if the
   * token is none, and with `store_unavailable`.
   */
  page(token: string | undefined, size: number): Promise<CatalogPage>;
}
