// How a storage elsewhere is opened: its parts, put together.
import type { LooseFiles } from "../../domain/loose-files.ts";
import type { ModuleStore } from "../../domain/module-store.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { StorageTrouble } from "../../domain/storage-trouble.ts";
import type { StoreRemoval } from "../../domain/store-removal.ts";
import type { VersionCatalog } from "../../domain/version-catalog.ts";
import type { ZipSpool } from "../../domain/zip-spool.ts";
import { ExternalClient } from "./external-client.ts";
import { ExternalModuleStore } from "./external-module-store.ts";
import { ExternalStoreRemoval } from "./external-store-removal.ts";

/** What is kept at a server; the protocol has no place for loose files and cannot say what there is. */
export interface OpenedExternalStore {
  readonly store: ModuleStore;
  readonly catalog: VersionCatalog;
  readonly loose: LooseFiles;
  readonly removal: StoreRemoval;
}

/** Rejects with `StorageTrouble` if the server does not answer as one of this protocol. */
export async function openExternalModuleStore(
  url: string,
  parts: {
    readonly spool: ZipSpool;
    readonly loose: LooseFiles;
    /** Removes loose files. */
    readonly looseRemoval: StoreRemoval;
  },
): Promise<OpenedExternalStore> {
  const client = new ExternalClient(url);
  const store = new ExternalModuleStore(client, parts.spool);
  try {
    await store.check();
  } catch (failure) {
    if (!(failure instanceof ProxyFailure)) throw failure;
    throw new StorageTrouble("unreachable", failure.message, { cause: failure });
  }
  return {
    store,
    loose: parts.loose,
    removal: new ExternalStoreRemoval({
      client,
      versions: (path) => store.versions(path),
      loose: parts.looseRemoval,
    }),
    catalog: {
      page: async () => {
        throw new ProxyFailure(
          "unsupported",
          "this storage cannot say what it keeps: Athens' protocol for storages elsewhere has no question for it",
        );
      },
    },
  };
}
