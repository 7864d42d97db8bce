// URLs that the service of a bucket lets others read zips by.
import { BlobFailure, type BlobLinks } from "@stoa/blobs";
import type { ModuleVersion } from "@stoa/gomod";
import type { ZipLinks } from "../../domain/zip-links.ts";
import type { ObjectLayout } from "./object-layout.ts";
import { atStore } from "./store-trouble.ts";
import type { WholeObjects } from "./whole-objects.ts";

export class ObjectZipLinks implements ZipLinks {
  readonly #parts: {
    readonly bucket: BlobLinks;
    readonly lifetimeSeconds: number;
    readonly layout: ObjectLayout;
    readonly whole: WholeObjects;
  };

  constructor(parts: {
    readonly bucket: BlobLinks;
    readonly lifetimeSeconds: number;
    readonly layout: ObjectLayout;
    readonly whole: WholeObjects;
  }) {
    this.#parts = parts;
  }

  async link(module: ModuleVersion): Promise<string | undefined> {
    const { bucket, lifetimeSeconds, layout, whole } = this.#parts;
    const found = await atStore(() => whole.find(module));
    if (found === undefined) return undefined;
    try {
      return await bucket.link(layout.key(module, "zip"), lifetimeSeconds);
    } catch (failure) {
      // Credentials that cannot sign now may still read.
      if (failure instanceof BlobFailure) return undefined;
      throw failure;
    }
  }
}
