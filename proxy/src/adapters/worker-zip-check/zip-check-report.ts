// What the main thread and a checking thread tell each other.
import type { ModuleVersion } from "@stoa/gomod";

/** One zip to be checked. Bytes lie in shared memory, or are copied. */
export interface ZipCheckTask {
  readonly module: ModuleVersion;
  readonly zip: { readonly path: string } | { readonly bytes: Uint8Array };
}

/** What came of it. `sentence` names the first broken rule, without the module. */
export type ZipCheckReport =
  | { readonly outcome: "sound"; readonly hash: string; readonly goMod: Uint8Array | undefined }
  | { readonly outcome: "unsound"; readonly sentence: string }
  | { readonly outcome: "unreadable"; readonly code: string }
  | { readonly outcome: "mistaken"; readonly failure: unknown };
