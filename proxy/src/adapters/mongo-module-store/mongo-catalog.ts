// What is kept in MongoDB, in the order of path and version.
import { isModulePath, isVersion, type ModuleVersion } from "@stoa/gomod";
import { catalogPage, parseCatalogToken } from "../../domain/catalog-order.ts";
import type { CatalogPage, VersionCatalog } from "../../domain/version-catalog.ts";
import { atMongo } from "./mongo-trouble.ts";
import type { VersionDocuments } from "./version-documents.ts";

export class MongoCatalog implements VersionCatalog {
  readonly #documents: VersionDocuments;

  constructor(documents: VersionDocuments) {
    this.#documents = documents;
  }

  async page(token: string | undefined, size: number): Promise<CatalogPage> {
    const after = token === undefined ? undefined : placeNamed(token);
    return atMongo(async () => {
      const found: ModuleVersion[] = [];
      for await (const module of this.versions(after)) {
        found.push(module);
        if (found.length > size) break;
      }
      return catalogPage(found, size);
    });
  }

  /** The whole versions behind a place. Rejects with an error of MongoDB. */
  async *versions(after = placeOf("", "")): AsyncGenerator<ModuleVersion> {
    for (let last = after; ; ) {
      const documents = await this.#documents.following(last);
      for (const { document } of await this.#documents.whole(documents)) {
        const { module: path, version } = document;
        if (isModulePath(path) && isVersion(version)) yield { path, version };
      }
      const end = documents.at(-1);
      if (end === undefined) return;
      last = placeOf(end.module, end.version);
    }
  }
}

function placeNamed(token: string): ModuleVersion {
  const place = parseCatalogToken(token);
  return placeOf(place.slice(0, -1).join("/"), place.at(-1) ?? "");
}

/** Whatever it names, it is a place between documents. */
function placeOf(path: string, version: string): ModuleVersion {
  return { path, version } as ModuleVersion;
}
