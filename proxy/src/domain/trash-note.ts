// What is written beside a version that was set aside, as text.
import { isModulePath, isVersion, type ModuleVersion } from "@stoa/gomod";
import type { TrashNote } from "./version-trash.ts";

/** A line of JSON. */
export function trashNoteText(module: ModuleVersion, note: TrashNote): string {
  const { path, version } = module;
  const { isRefetchable, hashes } = note;
  return `${JSON.stringify({ path, version, isRefetchable, hashes })}\n`;
}

/** `undefined` if it is no such note. */
export function parseTrashNote(
  text: string,
): { readonly module: ModuleVersion; readonly note: TrashNote } | undefined {
  const { path, version, isRefetchable, hashes } = membersOf(parseJson(text));
  if (typeof path !== "string" || typeof version !== "string") return undefined;
  if (!isModulePath(path) || !isVersion(version)) return undefined;
  return {
    module: { path, version },
    note: { isRefetchable: isRefetchable === true, hashes: hashesIn(hashes) },
  };
}

function hashesIn(value: unknown): TrashNote["hashes"] {
  const { zip, mod, database, zipDigest } = membersOf(value);
  if (typeof zip !== "string" || typeof mod !== "string") return undefined;
  return { zip, mod, database: textOf(database), zipDigest: textOf(zipDigest) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
