// How a bucket is opened as a module store: its parts, put together.
import { randomBytes } from "node:crypto";
import {
  BlobFailure,
  type BlobFailureKind,
  type BlobLinks,
  type LabellingBlobStore,
} from "@stoa/blobs";
import type { InstanceMarks } from "../../domain/instance-marks.ts";
import type { LooseFiles } from "../../domain/loose-files.ts";
import type { ModuleStore } from "../../domain/module-store.ts";
import { StorageTrouble, type StorageTroubleKind } from "../../domain/storage-trouble.ts";
import type { StoreInspection } from "../../domain/store-inspection.ts";
import type { StoreRemoval } from "../../domain/store-removal.ts";
import type { VersionCatalog } from "../../domain/version-catalog.ts";
import type { VersionTrash } from "../../domain/version-trash.ts";
import type { ZipLinks } from "../../domain/zip-links.ts";
import type { ZipSpool } from "../../domain/zip-spool.ts";
import { ObjectCatalog } from "./object-catalog.ts";
import { ObjectInstanceMarks } from "./object-instance-marks.ts";
import { folderLayout, protocolLayout } from "./object-layout.ts";
import { ObjectLooseFiles } from "./object-loose-files.ts";
import { ObjectModuleStore } from "./object-module-store.ts";
import { ObjectStoreInspection } from "./object-store-inspection.ts";
import { ObjectStoreRemoval } from "./object-store-removal.ts";
import { ObjectVersionTrash } from "./object-version-trash.ts";
import { ObjectZipLinks } from "./object-zip-links.ts";
import { probePrefix } from "./own-keys.ts";
import { VersionClaims } from "./version-claims.ts";
import { VersionWriting } from "./version-writing.ts";
import { WholeObjects } from "./whole-objects.ts";

/** What is kept in a bucket. */
export interface OpenedObjectStore {
  readonly store: ModuleStore;
  readonly loose: LooseFiles;
  readonly catalog: VersionCatalog;
  readonly inspection: StoreInspection;
  readonly removal: StoreRemoval;
  readonly trash: VersionTrash;
  /** Absent where none are asked for. */
  readonly links: ZipLinks | undefined;
  readonly marks: InstanceMarks;
}

/**
 * Opens a bucket in one of Athens' layouts: `protocol` for S3, Google Cloud Storage and Azure, `folder` for MinIO. What
 * Athens has kept there is found. Any number of instances may use it.
 */
export function openObjectModuleStore(
  store: LabellingBlobStore,
  options: {
    readonly layout: "protocol" | "folder";
    readonly spool: ZipSpool;
    readonly links?: { readonly bucket: BlobLinks; readonly lifetimeSeconds: number } | undefined;
  },
): OpenedObjectStore {
  const { spool, links } = options;
  const layout = options.layout === "folder" ? folderLayout : protocolLayout;
  const whole = new WholeObjects(store, layout);
  const claims = new VersionClaims(store);
  const writing = new VersionWriting({ store, layout, whole, claims });
  const catalog = new ObjectCatalog(store, layout, whole);
  return {
    store: new ObjectModuleStore({ store, layout, whole, writing, spool }),
    loose: new ObjectLooseFiles(store),
    catalog,
    inspection: new ObjectStoreInspection({ store, layout, whole, catalog, spool }),
    removal: new ObjectStoreRemoval({ store, layout, whole, claims }),
    trash: new ObjectVersionTrash({ store, layout, whole, claims }),
    links: links && new ObjectZipLinks({ ...links, layout, whole }),
    marks: new ObjectInstanceMarks(store),
  };
}

/**
 * Rejects with a `BlobFailure` unless objects can be listed, written, read and removed, and written on the condition that
 * there is none: without that two instances could mix the files of a version.
 */
export async function tryObjectStore(store: LabellingBlobStore): Promise<void> {
  await store.check();
  for await (const _any of store.list("", { atOnce: 1 })) break;
  for (let tries = 1; ; tries++) {
    try {
      return await tryWriting(store);
    } catch (failure) {
      // A server that keeps objects as files may trip over a folder that another instance empties at this moment.
      const isStrange = failure instanceof BlobFailure && failure.kind === "unexpected";
      if (!isStrange || tries === mostTries) throw failure;
    }
  }
}

const mostTries = 5;

async function tryWriting(store: LabellingBlobStore): Promise<void> {
  // Of its own: another instance that starts at the same time must not remove it in between.
  const key = `${probePrefix}${randomBytes(8).toString("hex")}`;
  await store.put(key, Buffer.from("?\n"));
  const again = await store.put(key, Buffer.from("!\n"), { when: "absent" });
  await store.stat(key);
  await store.delete(key);
  if (again === undefined) return;
  throw new BlobFailure(
    "unsupported",
    "the service ignores conditions of writing (If-None-Match), without which instances could mix the files of a version",
  );
}

/** Rejects with a `BlobFailure` if the credentials cannot sign URLs. */
export async function tryLinks(bucket: BlobLinks, lifetimeSeconds: number): Promise<void> {
  await bucket.link(`${probePrefix}link`, lifetimeSeconds);
}

/** What a `BlobFailure` says about a storage that was to be opened; anything else stays what it is. */
export function storageTrouble(failure: unknown): unknown {
  if (!(failure instanceof BlobFailure)) return failure;
  return new StorageTrouble(troubles[failure.kind], failure.message, { cause: failure });
}

const troubles: Readonly<Record<BlobFailureKind, StorageTroubleKind>> = {
  unreachable: "unreachable",
  denied: "denied",
  skewed: "skewed",
  misdirected: "misdirected",
  missing_store: "missing",
  full: "unfit",
  damaged: "unfit",
  changed: "unfit",
  unsupported: "unfit",
  bad_key: "unfit",
  unexpected: "unfit",
};
