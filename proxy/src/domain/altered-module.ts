// What has just arrived against what was kept before.
import type { ModuleVersion } from "@stoa/gomod";
import type { FileKind, ModuleStore } from "./module-store.ts";
import { ProxyFailure } from "./proxy-failure.ts";
import { holdSameBytes, type ReadableBytes } from "./same-bytes.ts";

/**
 * Rejects with `altered_module` unless the kept file has the bytes of the one that arrived; with `store_unavailable` if it
 * was removed meanwhile.
 */
export async function requireSameFile(
  store: Pick<ModuleStore, "open">,
  module: ModuleVersion,
  kind: FileKind,
  arrived: ReadableBytes,
): Promise<void> {
  if (!(await isSameFile(store, module, kind, arrived))) throw removedMeanwhile(module);
}

/** The same, but false if it was removed meanwhile. */
export async function isSameFile(
  store: Pick<ModuleStore, "open">,
  module: ModuleVersion,
  kind: FileKind,
  arrived: ReadableBytes,
): Promise<boolean> {
  await using kept = await store.open(module, kind);
  if (kept === undefined) return false;
  if (!(await holdSameBytes(kept, arrived))) throw alteredModule(module, kind);
  return true;
}

/** The failure for a version that came and went while another delivery of it was put. */
export function removedMeanwhile(module: ModuleVersion): ProxyFailure {
  return new ProxyFailure(
    "store_unavailable",
    "it was removed from the storage while it was compared with what has just arrived; ask again",
    { subject: module },
  );
}

/** The failure for a file of other bytes than the kept one. */
export function alteredModule(module: ModuleVersion, kind: FileKind): ProxyFailure {
  return new ProxyFailure(
    "altered_module",
    `the ${kind} that has just arrived differs from the one kept before: versions never change, so the kept one stays; compare both with the checksum database to learn which is true`,
    { subject: module },
  );
}
