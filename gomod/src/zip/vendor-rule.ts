// Which files of a module belong to a vendored package and stay out of its zip.
import { parseGoMod } from "../go-mod.ts";
import { InvalidText } from "../invalid-text.ts";

/** The root of a module says which rule holds for it; the old one is kept so that old hashes stay true. */
export type VendorRule = "before go 1.24" | "since go 1.24";

/**
 * The rule for a module with this go.mod. Without a go.mod, without a `go` line, and where the file cannot be read, it is
 * the old one. Authority: golang.org/x/mod/zip, parseGoVers, and Go's go/version.Lang.
 */
export function vendorRuleOf(goMod: Uint8Array | undefined): VendorRule {
  const version = /^(\d+)\.(\d+)(?:\.\d+|[a-z]+(?:0|[1-9]\d*))?$/.exec(goVersionOf(goMod) ?? "");
  if (version === null) return "before go 1.24";
  const [, major, minor] = version;
  const isSince = Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 24);
  return isSince ? "since go 1.24" : "before go 1.24";
}

/**
 * Whether a file is in a vendored package. The old rule has a fault that must stay: below a `vendor` directory that is
 * not in the root it looks for a package from the eighth byte of the whole path on.
 * Authority: golang.org/x/mod/zip, isVendoredPackage.
 */
export function isVendored(path: string, rule: VendorRule): boolean {
  if (rule === "since go 1.24" && path === "vendor/modules.txt") return true;
  if (path.startsWith("vendor/")) return path.includes("/", "vendor/".length);
  const nested = path.indexOf("/vendor/");
  if (nested < 0) return false;
  const start = rule === "since go 1.24" ? nested + "/vendor/".length : "/vendor/".length;
  return path.includes("/", start);
}

function goVersionOf(goMod: Uint8Array | undefined): string | undefined {
  if (goMod === undefined) return undefined;
  try {
    return parseGoMod(goMod).go;
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}
