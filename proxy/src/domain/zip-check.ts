// Whether the bytes that arrived are the module version that was asked for.
import type { ModuleVersion } from "@stoa/gomod";
import type { BytesPlace } from "./module-store.ts";
import { ProxyFailure } from "./proxy-failure.ts";

/** Looks into a module zip. */
export interface ZipCheck {
  /** Says that a zip is on its way, so that it need not wait for what can be done before it is there. */
  prepare(): void;
  /**
   * Reads the whole zip and checks every rule of module zips: names, sizes, checksums, collisions. Rejects with
   * `invalid_module` and a sentence that names the first broken rule. Does not block the event loop.
   */
  check(module: ModuleVersion, place: BytesPlace, signal: AbortSignal): Promise<CheckedZip>;
}

/** Tells zip files apart without looking into them: many times faster than `ZipCheck`. */
export interface ZipDigests {
  /**
   * The SHA-256 of the file's own bytes, in hexadecimal: other bytes, another digest. Rejects with `store_unavailable` if
   * they cannot be read. Does not block the event loop.
   */
  digest(module: ModuleVersion, place: BytesPlace, signal: AbortSignal): Promise<string>;
}

/** What a sound module zip says. */
export interface CheckedZip {
  /** The `h1:` hash, as in go.sum. */
  readonly hash: string;
  /** As `ZipDigests` gives it. */
  readonly digest: string;
  /** The go.mod of its root; absent where the module has none. */
  readonly goMod: Uint8Array | undefined;
}

/**
 * The `.mod` must be the go.mod of the zip, for go.sum records only the hash of the `.mod`. Line ends may differ: the
 * zip's copy has gone through .gitattributes, the `.mod` has not. Without a go.mod the `.mod` is synthetic.
 * Throws `invalid_module`.
 */
export function requireSameGoMod(
  module: ModuleVersion,
  checked: CheckedZip,
  mod: Uint8Array,
): void {
  const inZip =
    checked.goMod === undefined ? `module ${module.path}\n` : Buffer.from(checked.goMod).toString();
  const alone = Buffer.from(mod).toString();
  if (inZip === alone || inZip.replaceAll("\r\n", "\n") === alone.replaceAll("\r\n", "\n")) return;
  throw new ProxyFailure(
    "invalid_module",
    "the go.mod inside the zip is not the .mod that goes with it, and they cannot both be right",
    { subject: module },
  );
}
