// The version of a module: a canonical semantic version, and the suffix "+incompatible".
import { InvalidText } from "./invalid-text.ts";
import { buildOf, canonicalSemver, isSemver, prereleaseOf } from "./semver.ts";

declare const brand: unique symbol;

/**
 * A canonical module version: `vMAJOR.MINOR.PATCH`, maybe a pre-release, and of build metadata nothing but
 * `+incompatible`. Only these may stand in a store or a list.
 */
export type Version = string & { readonly [brand]: "Version" };

const incompatible = "+incompatible";

/** Throws `InvalidText` of kind `version` unless the text is a version and canonical already. */
export function parseVersion(text: string): Version {
  if (isVersion(text)) return text;
  const reason = isSemver(text)
    ? `it is not canonical; write ${canonicalVersion(text)}`
    : "it is not a semantic version of the form v1.2.3";
  throw new InvalidText("version", text, reason);
}

export function isVersion(text: string): text is Version {
  return text !== "" && canonicalVersion(text) === text;
}

/**
 * The canonical form of a version, with `+incompatible` kept; "" for an invalid version.
 * Authority: golang.org/x/mod module.CanonicalVersion.
 */
export function canonicalVersion(text: string): string {
  const canonical = canonicalSemver(text);
  return isIncompatible(text) ? canonical + incompatible : canonical;
}

/** Whether the version has a pre-release part; pseudo-versions have one. */
export function isPrerelease(version: string): boolean {
  return prereleaseOf(version) !== "";
}

/** Whether the version is of major 2 or more but belongs to a module whose path does not say so. */
export function isIncompatible(version: string): boolean {
  return buildOf(version) === incompatible;
}
