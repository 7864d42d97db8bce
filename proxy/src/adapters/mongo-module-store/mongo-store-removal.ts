// Taking versions out of MongoDB for good.
import { isVersion, type ModulePath, type ModuleVersion, type Version } from "@stoa/gomod";
import type { StoreRemoval, VersionTraces } from "../../domain/store-removal.ts";
import type { MongoLooseFiles } from "./mongo-loose-files.ts";
import { atMongo } from "./mongo-trouble.ts";
import type { MongoVersionTrash } from "./mongo-version-trash.ts";
import type { VersionDocuments } from "./version-documents.ts";

/** The document goes first, and with it the version; then its zip, unless it can still be had back. */
export class MongoStoreRemoval implements StoreRemoval {
  readonly #documents: VersionDocuments;
  readonly #loose: MongoLooseFiles;
  readonly #trash: Pick<MongoVersionTrash, "needs">;

  constructor(
    documents: VersionDocuments,
    loose: MongoLooseFiles,
    trash: Pick<MongoVersionTrash, "needs">,
  ) {
    this.#documents = documents;
    this.#loose = loose;
    this.#trash = trash;
  }

  traces(path: ModulePath): Promise<readonly VersionTraces[]> {
    return atMongo(async () => {
      const traces = new Map<Version, VersionTraces>();
      const documents = await this.#documents.documentsOf(path);
      for (const { version } of documents) {
        if (isVersion(version)) traces.set(version, { ...nothingOf(version), state: "torn" });
      }
      for (const { document, zip } of await this.#documents.whole(documents)) {
        const { version, info, mod } = document;
        if (!isVersion(version)) continue;
        const bytes = info.length() + mod.length() + zip.length;
        traces.set(version, { ...nothingOf(version), state: "whole", bytes });
      }
      for (const { version, kind } of await this.#loose.namesOf(path)) {
        const trace = traces.get(version) ?? nothingOf(version);
        traces.set(version, { ...trace, beside: [...trace.beside, `loose ${kind}`] });
      }
      return [...traces.values()];
    });
  }

  async remove(module: ModuleVersion): Promise<void> {
    await atMongo(() => this.#documents.remove(module, (zip) => this.#trash.needs(zip)));
    await this.#loose.remove(module);
  }
}

function nothingOf(version: Version): VersionTraces {
  return { version, state: "absent", beside: [], bytes: 0 };
}
