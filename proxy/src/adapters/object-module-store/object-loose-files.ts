// Loose .info and .mod files in a bucket.
import type { BlobStore } from "@stoa/blobs";
import type { ModuleVersion } from "@stoa/gomod";
import type { LooseFiles, LooseKind } from "../../domain/loose-files.ts";
import { ownKey } from "./own-keys.ts";
import { readSmall } from "./small-object.ts";
import { atStore } from "./store-trouble.ts";

export class ObjectLooseFiles implements LooseFiles {
  readonly #store: BlobStore;

  constructor(store: BlobStore) {
    this.#store = store;
  }

  read(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array | undefined> {
    return atStore(() => readSmall(this.#store, ownKey("loose", module, kind)));
  }

  async write(module: ModuleVersion, kind: LooseKind, bytes: Uint8Array): Promise<void> {
    const key = ownKey("loose", module, kind);
    await atStore(() => this.#store.put(key, Uint8Array.from(bytes), { when: "absent" }));
  }

  async remove(module: ModuleVersion): Promise<void> {
    await atStore(() =>
      Promise.all([
        this.#store.delete(ownKey("loose", module, "info")),
        this.#store.delete(ownKey("loose", module, "mod")),
      ]),
    );
  }
}
