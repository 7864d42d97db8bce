// Whether the bytes that arrived are the module version that was asked for.
import type { ModuleVersion } from "@stoa/gomod";
import type { BytesPlace } from "./module-store.ts";

/** Looks into a module zip. */
export interface ZipCheck {
  /**
   * Reads the whole zip and checks every rule of module zips: names, sizes, checksums, collisions. Rejects with
   * `invalid_module` and a sentence that names the first broken rule. Does not block the event loop.
   */
  check(module: ModuleVersion, place: BytesPlace, signal: AbortSignal): Promise<CheckedZip>;
}

/** What a sound module zip says. */
export interface CheckedZip {
  /** The `h1:` hash, as in go.sum. */
  readonly hash: string;
  /** The go.mod of its root; absent where the module has none. */
  readonly goMod: Uint8Array | undefined;
}
