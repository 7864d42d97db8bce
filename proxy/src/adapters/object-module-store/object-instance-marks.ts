// Marks of the instances on a bucket.
import type { BlobStore } from "@stoa/blobs";
import type { InstanceMarks } from "../../domain/instance-marks.ts";
import { instancesPrefix } from "./own-keys.ts";
import { readSmall } from "./small-object.ts";
import { atStore } from "./store-trouble.ts";

export class ObjectInstanceMarks implements InstanceMarks {
  readonly #store: BlobStore;

  constructor(store: BlobStore) {
    this.#store = store;
  }

  async write(id: string, text: string): Promise<void> {
    await atStore(() => this.#store.put(`${instancesPrefix}${id}`, Buffer.from(text)));
  }

  read(): Promise<ReadonlyMap<string, string>> {
    return atStore(async () => {
      const marks = new Map<string, string>();
      for await (const { key } of this.#store.list(instancesPrefix)) {
        const bytes = await readSmall(this.#store, key);
        if (bytes !== undefined) {
          marks.set(key.slice(instancesPrefix.length), Buffer.from(bytes).toString());
        }
      }
      return marks;
    });
  }

  async remove(id: string): Promise<void> {
    await atStore(() => this.#store.delete(`${instancesPrefix}${id}`));
  }
}
