// Looking through a bucket.
import { randomBytes } from "node:crypto";
import type { LabellingBlobStore } from "@stoa/blobs";
import type { ModuleVersion } from "@stoa/gomod";
import type { StoreInspection, ZipAtHand } from "../../domain/store-inspection.ts";
import type { ZipSpool } from "../../domain/zip-spool.ts";
import type { ObjectCatalog } from "./object-catalog.ts";
import type { ObjectLayout } from "./object-layout.ts";
import { ownKey } from "./own-keys.ts";
import { atStore, storeTrouble } from "./store-trouble.ts";
import { isWhole, type WholeObjects } from "./whole-objects.ts";

export interface ObjectStoreInspectionParts {
  readonly store: LabellingBlobStore;
  readonly layout: ObjectLayout;
  readonly whole: WholeObjects;
  readonly catalog: ObjectCatalog;
  readonly spool: ZipSpool;
}

/** Zips are looked at in the spool. Withdrawn versions are copied to `.stoa/quarantine/`, for nothing moves in a bucket. */
export class ObjectStoreInspection implements StoreInspection {
  readonly #parts: ObjectStoreInspectionParts;

  constructor(parts: ObjectStoreInspectionParts) {
    this.#parts = parts;
  }

  async *versions(): AsyncGenerator<ModuleVersion> {
    try {
      yield* this.#parts.catalog.versions();
    } catch (failure) {
      throw storeTrouble(failure);
    }
  }

  async zip(module: ModuleVersion): Promise<ZipAtHand | undefined> {
    const { store, layout, whole, spool } = this.#parts;
    return atStore(async () => {
      if (!isWhole(await whole.look(module))) return undefined;
      const blob = await store.get(layout.key(module, "zip"));
      if (blob === undefined || blob === "unchanged") return undefined;
      await using _open = blob;
      const staged = await spool.stage();
      try {
        for await (const piece of blob.body) await staged.append(piece);
        await staged.end();
        return staged;
      } catch (failure) {
        await staged[Symbol.asyncDispose]();
        throw failure;
      }
    });
  }

  withdraw(module: ModuleVersion): Promise<string> {
    const { store, layout, whole } = this.#parts;
    const random = randomBytes(4).toString("hex");
    const place = `${ownKey("quarantine", module, random)}/`;
    return atStore(async () => {
      // First all copies, then the info: without it the version is not whole.
      for (const kind of ["info", "zip", "mod"] as const) {
        const blob = await store.get(layout.key(module, kind));
        if (blob === undefined || blob === "unchanged") continue;
        await using _open = blob;
        await store.put(`${place}${kind}`, blob.body);
      }
      for (const kind of ["info", "zip", "mod"] as const) {
        await store.delete(layout.key(module, kind));
      }
      whole.forget(module);
      return place;
    });
  }
}
