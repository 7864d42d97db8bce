// Where module versions are moved from: a store of any kind, a tree of files, another proxy.
import type { ModuleVersion } from "@stoa/gomod";
import type { LooseKind } from "./loose-files.ts";
import type { StoredFile } from "./module-store.ts";
import type { ZipDelivery } from "./upstream.ts";

/**
 * Something that is read and never written. Several versions may be read at once. A method rejects with a
 * `ProxyFailure`: `not_found` if what was listed has gone meanwhile, others as `Fetcher` and `ModuleStore` do.
 */
export interface ImportSource {
  /** For messages, without credentials. */
  readonly name: string;
  /** Everything there is, from its beginning at every call; what comes or goes meanwhile may be missed. */
  entries(signal: AbortSignal): AsyncIterable<SourceEntry>;
  /** The bytes of a small file. */
  document(module: ModuleVersion, kind: LooseKind, signal: AbortSignal): Promise<Uint8Array>;
  /** The zip, unchecked, as it comes. */
  zip(module: ModuleVersion, signal: AbortSignal): Promise<ZipDelivery>;
  /** The zip, to be read at any place, where that costs no more than a look; otherwise `undefined`. */
  openZip(module: ModuleVersion): Promise<StoredFile | undefined>;
}

/** What lies in a source. */
export type SourceEntry =
  | { readonly kind: "whole"; readonly module: ModuleVersion }
  /** Some small files of a version whose zip is not there. */
  | {
      readonly kind: "loose";
      readonly module: ModuleVersion;
      readonly files: readonly LooseKind[];
    }
  /** Something that looks like a version and cannot be moved; `why` is a sentence without the place. */
  | { readonly kind: "unusable"; readonly place: string; readonly why: string };
