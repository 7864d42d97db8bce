// The hashes of kept versions in a bucket, as go.sum writes them.
import type { BlobStore } from "@stoa/blobs";
import type { ModuleVersion } from "@stoa/gomod";
import {
  formatHashEntry,
  type HashEntry,
  type KeptHashes,
  parseHashEntry,
} from "../../domain/kept-hashes.ts";
import { ownKey } from "./own-keys.ts";
import { readSmall } from "./small-object.ts";
import { atStore } from "./store-trouble.ts";

export class ObjectKeptHashes implements KeptHashes {
  readonly #store: BlobStore;

  constructor(store: BlobStore) {
    this.#store = store;
  }

  async read(module: ModuleVersion): Promise<HashEntry | undefined> {
    const bytes = await atStore(() => readSmall(this.#store, ownKey("hashes", module, "h1")));
    return bytes && parseHashEntry(new TextDecoder().decode(bytes), module);
  }

  async write(module: ModuleVersion, entry: HashEntry): Promise<void> {
    const text = Buffer.from(formatHashEntry(entry, module));
    await atStore(() => this.#store.put(ownKey("hashes", module, "h1"), text));
  }
}
