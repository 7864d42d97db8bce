// What is kept in a bucket, found by listing it in the order of its keys.
import type { LabellingBlobStore } from "@stoa/blobs";
import { isModulePath, isVersion, type ModuleVersion } from "@stoa/gomod";
import { catalogPage, parseCatalogToken } from "../../domain/catalog-order.ts";
import type { CatalogPage, VersionCatalog } from "../../domain/version-catalog.ts";
import type { ObjectLayout } from "./object-layout.ts";
import { ownPrefix } from "./own-keys.ts";
import { atStore } from "./store-trouble.ts";
import { isWhole, type WholeObjects } from "./whole-objects.ts";

/** A version stands where the last of its files does. Each page begins with a request of its own and needs no other page. */
export class ObjectCatalog implements VersionCatalog {
  readonly #store: LabellingBlobStore;
  readonly #layout: ObjectLayout;
  readonly #whole: WholeObjects;

  constructor(store: LabellingBlobStore, layout: ObjectLayout, whole: WholeObjects) {
    this.#store = store;
    this.#layout = layout;
    this.#whole = whole;
  }

  async page(token: string | undefined, size: number): Promise<CatalogPage> {
    const after = token === undefined ? undefined : this.#keyOf(token);
    return atStore(async () => {
      const found: ModuleVersion[] = [];
      for await (const module of this.versions(after)) {
        found.push(module);
        if (found.length > size) break;
      }
      return catalogPage(found, size);
    });
  }

  /** The whole versions whose last file has a key behind `after`. Rejects with a `BlobFailure`. */
  async *versions(after = `${ownPrefix}\u{10FFFF}`): AsyncGenerator<ModuleVersion> {
    const unfinished = new UnfinishedVersions();
    for await (const { key, size } of this.#store.list("", { after })) {
      const file = this.#layout.parse(key);
      if (file === undefined) continue;
      const { module, kind } = file;
      const counts = size > 0 || kind === "mod";
      if (kind !== this.#layout.lastKind) {
        if (counts) unfinished.saw(module);
        continue;
      }
      const isSeen = unfinished.end(module);
      // Its other files may stand before the beginning of this listing.
      if (counts && (isSeen || isWhole(await this.#whole.look(module)))) yield module;
    }
  }

  #keyOf(token: string): string {
    const place = parseCatalogToken(token);
    const [path, version] = [place.slice(0, -1).join("/"), place.at(-1) ?? ""];
    // Whatever it names, it is a place between keys.
    const module = { path, version } as ModuleVersion;
    return isModulePath(path) && isVersion(version)
      ? this.#layout.key(module, this.#layout.lastKind)
      : `${path}/`;
  }
}

/** How many versions are remembered of which one or two files were seen and not the last one. */
const mostUnfinished = 1000;

/** Versions in a listing that has not come to their last file yet. */
class UnfinishedVersions {
  readonly #files = new Map<string, number>();

  /** One of the files that stand before the last one. */
  saw(module: ModuleVersion): void {
    if (this.#files.size >= mostUnfinished) this.#files.clear();
    const name = nameOf(module);
    this.#files.set(name, (this.#files.get(name) ?? 0) + 1);
  }

  /** The last file has come: says whether both others are known to have been seen. */
  end(module: ModuleVersion): boolean {
    const name = nameOf(module);
    const isSeen = this.#files.get(name) === 2;
    this.#files.delete(name);
    return isSeen;
  }
}

function nameOf({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}
