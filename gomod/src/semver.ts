// Semantic versions as Go writes them: "v" in front, short forms allowed, numbers of any length.
import { compareBytewise } from "./byte-order.ts";

/** A semantic version taken apart; the numbers stay text because they may be longer than any number type. */
export interface SemverParts {
  readonly major: string;
  readonly minor: string;
  readonly patch: string;
  /** With its dash, or "". */
  readonly prerelease: string;
  /** With its plus, or "". */
  readonly build: string;
  /** What a short form leaves out: ".0.0", ".0" or "". */
  readonly omitted: string;
}

/**
 * Takes `vMAJOR[.MINOR[.PATCH[-PRERELEASE][+BUILD]]]` apart; `undefined` for anything else. Time grows with the length.
 * Authority: golang.org/x/mod/semver, parse.
 */
export function takeSemverApart(text: string): SemverParts | undefined {
  if (text.charCodeAt(0) !== letterV) return undefined;
  const majorEnd = endOfNumber(text, 1);
  if (majorEnd < 0) return undefined;
  const major = text.slice(1, majorEnd);
  if (majorEnd === text.length) return shortForm(major, "0", ".0.0");

  const minorEnd = text.charCodeAt(majorEnd) === dot ? endOfNumber(text, majorEnd + 1) : -1;
  if (minorEnd < 0) return undefined;
  const minor = text.slice(majorEnd + 1, minorEnd);
  if (minorEnd === text.length) return shortForm(major, minor, ".0");

  const patchEnd = text.charCodeAt(minorEnd) === dot ? endOfNumber(text, minorEnd + 1) : -1;
  if (patchEnd < 0) return undefined;
  const patch = text.slice(minorEnd + 1, patchEnd);

  let end = patchEnd;
  if (text.charCodeAt(end) === dash) end = endOfIdentifiers(text, end + 1, isPrereleaseIdentifier);
  if (end < 0) return undefined;
  const prerelease = text.slice(patchEnd, end);

  const buildStart = end;
  if (text.charCodeAt(end) === plus) end = endOfIdentifiers(text, end + 1, isNotEmpty);
  if (end !== text.length) return undefined;
  return { major, minor, patch, prerelease, build: text.slice(buildStart), omitted: "" };
}

/** Authority: golang.org/x/mod semver.IsValid. */
export function isSemver(text: string): boolean {
  return takeSemverApart(text) !== undefined;
}

/** Fills in what a short form leaves out and drops build metadata; "" for an invalid version (semver.Canonical). */
export function canonicalSemver(text: string): string {
  const parts = takeSemverApart(text);
  if (parts === undefined) return "";
  return text.slice(0, text.length - parts.build.length) + parts.omitted;
}

/** `v2` of `v2.1.0`; "" for an invalid version (semver.Major). */
export function majorOf(version: string): string {
  const parts = takeSemverApart(version);
  return parts === undefined ? "" : `v${parts.major}`;
}

/** `v2.1` of `v2.1.0`, `v2.0` of `v2`; "" for an invalid version (semver.MajorMinor). */
export function majorMinorOf(version: string): string {
  const parts = takeSemverApart(version);
  return parts === undefined ? "" : `v${parts.major}.${parts.minor}`;
}

/** `-rc.1` of `v2.1.0-rc.1+meta`, with its dash; "" where there is none (semver.Prerelease). */
export function prereleaseOf(version: string): string {
  return takeSemverApart(version)?.prerelease ?? "";
}

/** `+meta` of `v2.1.0-rc.1+meta`, with its plus; "" where there is none (semver.Build). */
export function buildOf(version: string): string {
  return takeSemverApart(version)?.build ?? "";
}

/**
 * Orders two versions by precedence; build metadata does not count. All invalid versions are equal, and less than any
 * valid one. Authority: golang.org/x/mod semver.Compare.
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  return a === b ? 0 : compareParts(takeSemverApart(a), takeSemverApart(b));
}

/** A sorted copy: by precedence, then by bytes. Authority: golang.org/x/mod semver.Sort. */
export function sortVersions<T extends string>(versions: Iterable<T>): T[] {
  return Array.from(versions, (text) => ({ text, parts: takeSemverApart(text) }))
    .sort((a, b) => compareParts(a.parts, b.parts) || compareBytewise(a.text, b.text))
    .map(({ text }) => text);
}

const letterV = 0x76;
const dot = 0x2e;
const dash = 0x2d;
const plus = 0x2b;

function shortForm(major: string, minor: string, omitted: string): SemverParts {
  return { major, minor, patch: "0", prerelease: "", build: "", omitted };
}

/** Where the number that starts here ends; -1 if there is none, or one with a leading zero. */
function endOfNumber(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end++;
  if (end === start) return -1;
  return text[start] === "0" && end > start + 1 ? -1 : end;
}

/** Where the identifiers that start here end: at "+" or the end of the text; -1 if one is not as it should be. */
function endOfIdentifiers(
  text: string,
  start: number,
  isSound: (text: string, start: number, end: number) => boolean,
): number {
  let identifier = start;
  let end = start;
  for (; end < text.length && text.charCodeAt(end) !== plus; end++) {
    const code = text.charCodeAt(end);
    if (code === dot) {
      if (!isSound(text, identifier, end)) return -1;
      identifier = end + 1;
    } else if (!isIdentifierCharacter(code)) {
      return -1;
    }
  }
  return isSound(text, identifier, end) ? end : -1;
}

function isNotEmpty(_text: string, start: number, end: number): boolean {
  return start < end;
}

/** A number in a pre-release has no leading zero. */
function isPrereleaseIdentifier(text: string, start: number, end: number): boolean {
  if (start === end) return false;
  return text[start] !== "0" || end === start + 1 || !isNumber(text, start, end);
}

function isNumber(text: string, start: number, end: number): boolean {
  for (let index = start; index < end; index++) {
    if (!isDigit(text.charCodeAt(index))) return false;
  }
  return true;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isIdentifierCharacter(code: number): boolean {
  return (
    isDigit(code) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === dash
  );
}

function compareParts(a: SemverParts | undefined, b: SemverParts | undefined): -1 | 0 | 1 {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  return (
    compareNumbers(a.major, b.major) ||
    compareNumbers(a.minor, b.minor) ||
    compareNumbers(a.patch, b.patch) ||
    comparePrereleases(a.prerelease, b.prerelease)
  );
}

/** Numbers without leading zeros: the longer is the greater. */
function compareNumbers(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  if (a.length !== b.length) return a.length < b.length ? -1 : 1;
  return a < b ? -1 : 1;
}

function comparePrereleases(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  if (a === "" || b === "") return a === "" ? 1 : -1;
  const left = a.slice(1).split(".");
  const right = b.slice(1).split(".");
  for (const [index, identifier] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (identifier !== other) return compareIdentifiers(identifier, other);
  }
  return -1;
}

/** Two different identifiers: numbers come before words and are ordered as numbers. */
function compareIdentifiers(a: string, b: string): -1 | 0 | 1 {
  const aIsNumber = isNumber(a, 0, a.length);
  const bIsNumber = isNumber(b, 0, b.length);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  if (aIsNumber) return compareNumbers(a, b);
  return a < b ? -1 : 1;
}
