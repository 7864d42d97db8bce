// Loose .info and .mod files in MongoDB: the collection `stoa_loose`.
import { isVersion, type ModulePath, type ModuleVersion, type Version } from "@stoa/gomod";
import { Binary, type Collection, type Db } from "mongodb";
import type { LooseFiles, LooseKind } from "../../domain/loose-files.ts";
import { atMongo, isDuplicate } from "./mongo-trouble.ts";

interface LooseDocument {
  readonly _id: string;
  readonly bytes: Binary;
}

export class MongoLooseFiles implements LooseFiles {
  readonly #collection: Collection<LooseDocument>;

  constructor(database: Db) {
    this.#collection = database.collection<LooseDocument>("stoa_loose");
  }

  async read(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array | undefined> {
    const found = await atMongo(() => this.#collection.findOne({ _id: nameOf(module, kind) }));
    return found?.bytes.value();
  }

  write(module: ModuleVersion, kind: LooseKind, bytes: Uint8Array): Promise<void> {
    const document = { _id: nameOf(module, kind), bytes: new Binary(Uint8Array.from(bytes)) };
    return atMongo(async () => {
      try {
        await this.#collection.insertOne(document);
      } catch (failure) {
        if (!isDuplicate(failure)) throw failure;
      }
    });
  }

  /** What there is of a module. Rejects with an error of MongoDB. */
  async namesOf(
    path: ModulePath,
  ): Promise<readonly { readonly version: Version; readonly kind: LooseKind }[]> {
    // Everything that begins with the path and an at sign, behind which comes an A.
    const range = { _id: { $gt: `${path}@`, $lt: `${path}A` } };
    const found = await this.#collection.find(range, { projection: { _id: 1 } }).toArray();
    return found.flatMap(({ _id }) => {
      const [version = "", kind] = _id.slice(path.length + 1).split(" ");
      if (!isVersion(version) || (kind !== "info" && kind !== "mod")) return [];
      return [{ version, kind }];
    });
  }

  async remove(module: ModuleVersion): Promise<void> {
    const names = [nameOf(module, "info"), nameOf(module, "mod")];
    await atMongo(() => this.#collection.deleteMany({ _id: { $in: names } }));
  }
}

function nameOf({ path, version }: ModuleVersion, kind: LooseKind): string {
  return `${path}@${version} ${kind}`;
}
