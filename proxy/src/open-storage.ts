// Where modules are kept, opened as the settings say.
import { type Bucket, type BucketSettings, openBucket } from "@stoa/blobs";
import {
  type OpenedStore,
  openDiskModuleStore,
} from "./adapters/disk-module-store/open-disk-module-store.ts";
import type { Lingering } from "./adapters/disk-module-store/recent-loose-files.ts";
import { openZipSpool } from "./adapters/disk-module-store/zip-spool.ts";
import { openExternalModuleStore } from "./adapters/external-module-store/open-external-module-store.ts";
import { trustSystemCertificates } from "./adapters/goproxy-upstream/system-certificates.ts";
import { openMemoryModuleStore } from "./adapters/memory-module-store/memory-module-store.ts";
import type { MongoSettings } from "./adapters/mongo-module-store/mongo-settings.ts";
import {
  openObjectModuleStore,
  storageTrouble,
  tryLinks,
  tryObjectStore,
} from "./adapters/object-module-store/open-object-module-store.ts";
import type { ZipLinks } from "./domain/zip-links.ts";

/** Where modules are kept. `folder` is for what an instance keeps on its own machine. */
export type StorageSettings =
  | { readonly kind: "disk"; readonly root: string }
  | { readonly kind: "memory" }
  | {
      readonly kind: "bucket";
      readonly bucket: BucketSettings;
      readonly layout: "protocol" | "folder";
      readonly folder: string;
      /** How long clients may read a zip by a URL of the bucket's; `undefined` if they get none. */
      readonly linkSeconds?: number | undefined;
    }
  | { readonly kind: "mongo"; readonly mongo: MongoSettings; readonly folder: string }
  | { readonly kind: "external"; readonly url: string; readonly folder: string };

/** An open storage, to be disposed of when nobody uses it any more. */
export type OpenStorage = Pick<OpenedStore, "store" | "loose" | "catalog"> &
  AsyncDisposable & {
    /** Whether it is a server elsewhere. */
    readonly isRemote: boolean;
    /** Absent where nothing can be looked through. */
    readonly inspection: OpenedStore["inspection"] | undefined;
    /** Absent where versions cannot be removed from here. */
    readonly removal?: OpenedStore["removal"];
    /** Absent where clients get everything from here. */
    readonly links?: ZipLinks | undefined;
    /** Absent where what is removed is gone. */
    readonly trash?: OpenedStore["trash"];
    /** Absent where room is somebody else's affair. */
    readonly space?: OpenedStore["space"];
    /** Absent where several instances cannot share it, or cannot see one another. */
    readonly marks?: OpenedStore["marks"];
  };

/** The folder of what an instance keeps on its own machine; `undefined` if it keeps nothing there. */
export function localFolder(storage: StorageSettings): string | undefined {
  switch (storage.kind) {
    case "disk":
      return storage.root;
    case "memory":
      return undefined;
    default:
      return storage.folder;
  }
}

/**
 * `lingering` is for a process that is alone on the storage: see `openDiskModuleStore`. Rejects with
 * `StorageTrouble`, or with another `Error` whose message is a sentence, if it cannot be used.
 */
export async function openStorage(
  storage: StorageSettings,
  lingering?: Lingering,
): Promise<OpenStorage> {
  // Whom connections trust: as those to upstreams do, whom this machine trusts.
  if (storage.kind !== "disk" && storage.kind !== "memory") trustSystemCertificates();
  switch (storage.kind) {
    case "disk":
      return { ...(await openDiskModuleStore({ root: storage.root, lingering })), isRemote: false };
    case "memory":
      return { ...openMemoryModuleStore(), inspection: undefined, ...local };
    case "bucket": {
      const { layout, linkSeconds } = storage;
      const bucket = await openTriedBucket(storage.bucket, linkSeconds);
      const spool = await openZipSpool(storage.folder);
      const links =
        linkSeconds === undefined ? undefined : { bucket, lifetimeSeconds: linkSeconds };
      return {
        ...openObjectModuleStore(bucket, { layout, spool, links }),
        isRemote: true,
        [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
      };
    }
    case "mongo": {
      const spool = await openZipSpool(storage.folder);
      const { openMongoModuleStore } = await import(
        "./adapters/mongo-module-store/open-mongo-module-store.ts"
      );
      return { ...(await openMongoModuleStore(storage.mongo, spool)), isRemote: true };
    }
    case "external": {
      const { url, folder } = storage;
      const spool = await openZipSpool(folder);
      const { loose, removal: looseRemoval } = await openDiskModuleStore({ root: folder });
      const opened = await openExternalModuleStore(url, { spool, loose, looseRemoval });
      return { ...opened, inspection: undefined, ...local, isRemote: true };
    }
  }
}

const local = { isRemote: false, [Symbol.asyncDispose]: () => Promise.resolve() };

async function openTriedBucket(
  settings: BucketSettings,
  linkSeconds: number | undefined,
): Promise<Bucket> {
  let bucket: Bucket | undefined;
  try {
    bucket = await openBucket(settings);
    await tryObjectStore(bucket);
    if (linkSeconds !== undefined) await tryLinks(bucket, linkSeconds);
    return bucket;
  } catch (failure) {
    await bucket?.[Symbol.asyncDispose]();
    throw storageTrouble(failure);
  }
}
