// The place where other programs may keep their modules, put together: where it is, for whom, and what it does.

import { VersionAcceptance } from "./application/accept-version.ts";
import type { ChecksumVerification } from "./application/checksum-verification.ts";
import type { VersionKeeping } from "./application/keep-version.ts";
import { VersionRemoval } from "./application/remove-versions.ts";
import type { KeptHashes } from "./domain/kept-hashes.ts";
import type { VersionIndex } from "./domain/version-index.ts";
import { ExternalStorage } from "./http/external-storage.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import type { OpenedKeptModules } from "./open-kept-modules.ts";

/** What it stands on. */
export interface ExternalStorageSources {
  readonly settings: Pick<ModuleProxySettings, "external" | "pathPrefix" | "housekeeping">;
  readonly kept: Pick<OpenedKeptModules, "store" | "storage">;
  readonly keeping: VersionKeeping;
  readonly verification: ChecksumVerification;
  readonly hashes: KeptHashes;
  readonly index: VersionIndex | undefined;
  /** Told when a version has been removed. */
  readonly onRemoved: () => void;
}

interface OpenedExternalStorage {
  /** With the prefix of the proxy, and the account that it is for. */
  readonly place: { readonly base: string; readonly user: string; readonly token: string };
  readonly storage: ExternalStorage;
}

/** `undefined` if there is to be none. */
export function openExternalStorage(
  sources: ExternalStorageSources,
): OpenedExternalStorage | undefined {
  const { settings, kept, keeping, verification, hashes, index, onRemoved } = sources;
  const { external, pathPrefix, housekeeping } = settings;
  if (external === undefined) return undefined;
  const base = `${pathPrefix}${external.path}`;
  const { store } = kept;
  const { removal, trash } = kept.storage;
  const storage = new ExternalStorage({
    ...{ base, store, onRemoved },
    acceptance: new VersionAcceptance({ store, keeping, verification }),
    removal:
      removal &&
      new VersionRemoval({
        ...{ store: removal, hashes, index },
        trash: housekeeping.trashMs === 0 ? undefined : trash,
      }),
  });
  return { place: { ...external, base }, storage };
}
