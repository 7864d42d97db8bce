// Marks of the instances on a MongoDB storage: the collection `stoa_instance`.
import type { Collection, Db } from "mongodb";
import type { InstanceMarks } from "../../domain/instance-marks.ts";
import { atMongo } from "./mongo-trouble.ts";

interface MarkDocument {
  readonly _id: string;
  readonly text: string;
}

export class MongoInstanceMarks implements InstanceMarks {
  readonly #collection: Collection<MarkDocument>;

  constructor(database: Db) {
    this.#collection = database.collection<MarkDocument>("stoa_instance");
  }

  async write(id: string, text: string): Promise<void> {
    await atMongo(() =>
      this.#collection.updateOne({ _id: id }, { $set: { text } }, { upsert: true }),
    );
  }

  async read(): Promise<ReadonlyMap<string, string>> {
    const marks = await atMongo(() => this.#collection.find().toArray());
    return new Map(marks.map(({ _id, text }) => [_id, text]));
  }

  async remove(id: string): Promise<void> {
    await atMongo(() => this.#collection.deleteOne({ _id: id }));
  }
}
