// What the main thread and a checking thread tell each other.
import type { ModuleVersion } from "@stoa/gomod";
import type { CheckedZip } from "../../domain/zip-check.ts";

/** One zip to be checked, or only to be read from end to end. Bytes lie in shared memory, or are copied. */
export interface ZipCheckTask {
  readonly kind: "check" | "digest";
  readonly module: ModuleVersion;
  readonly zip: { readonly path: string } | { readonly bytes: Uint8Array };
}

/** What came of it. `sentence` names the first broken rule, without the module. */
export type ZipCheckReport =
  | { readonly outcome: "sound"; readonly checked: CheckedZip }
  | { readonly outcome: "digested"; readonly digest: string }
  | { readonly outcome: "unsound"; readonly sentence: string }
  | { readonly outcome: "unreadable"; readonly code: string }
  | { readonly outcome: "mistaken"; readonly failure: unknown };
