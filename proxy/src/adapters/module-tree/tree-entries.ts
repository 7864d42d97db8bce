// Everything in a module tree that is a version, or looks like one.
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  checkModuleVersion,
  InvalidText,
  type ModuleVersion,
  parseVersion,
  unescapePath,
  unescapeVersion,
} from "@stoa/gomod";
import type { SourceEntry } from "../../domain/import-source.ts";
import type { FileKind } from "../../domain/module-store.ts";
import type { TreeRoot } from "./tree-root.ts";

/** Walks through the folders, in the order of their names. Rejects with `store_unavailable`. */
export async function* treeEntries(
  root: TreeRoot,
  signal: AbortSignal,
): AsyncGenerator<SourceEntry> {
  const left: string[] = [""];
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    signal.throwIfAborted();
    const entries = await root.translating(() =>
      readdir(join(root.path, place ?? ""), { withFileTypes: true }),
    );
    if (place.endsWith("/@v")) {
      yield* versionsIn(place, entries);
      continue;
    }
    const folders = entries
      .filter((inside) => inside.isDirectory() && !inside.name.startsWith("."))
      .map(({ name }) => (place === "" ? name : `${place}/${name}`))
      .sort();
    left.push(...folders.reverse());
  }
}

/** The versions in one `@v` folder: by their names, which of the three files are there. */
function* versionsIn(place: string, entries: readonly Dirent[]): Generator<SourceEntry> {
  const versions = new Map<string, Set<FileKind>>();
  for (const { name } of entries.filter((entry) => entry.isFile())) {
    const [, version = "", kind = ""] = /^(.+)\.(info|mod|zip)$/.exec(name) ?? [];
    if (kind === "") continue; // list, locks, hashes
    const kinds = versions.get(version) ?? new Set();
    versions.set(version, kinds.add(kind as FileKind));
  }
  for (const [escaped, kinds] of [...versions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield entryOf(place.slice(0, -"/@v".length), escaped, kinds);
  }
}

function entryOf(escapedPath: string, escaped: string, kinds: ReadonlySet<FileKind>): SourceEntry {
  const place = `${escapedPath}/@v/${escaped}`;
  const module = moduleVersionOf(escapedPath, escaped);
  if (module === undefined) {
    return { kind: "unusable", place, why: "it is not named after a canonical version" };
  }
  const missing = (["info", "mod", "zip"] as const).filter((kind) => !kinds.has(kind));
  if (missing.length === 0) return { kind: "whole", module };
  if (missing.includes("zip")) {
    const files = (["info", "mod"] as const).filter((kind) => kinds.has(kind));
    return { kind: "loose", module, files };
  }
  const files = missing.map((kind) => `.${kind}`).join(" and ");
  const why = `its ${files} is not there; go mod download ${module.path}@${module.version} completes a module cache`;
  return { kind: "unusable", place, why };
}

function moduleVersionOf(escapedPath: string, escaped: string): ModuleVersion | undefined {
  try {
    const module = {
      path: unescapePath(escapedPath),
      version: parseVersion(unescapeVersion(escaped)),
    };
    checkModuleVersion(module.path, module.version);
    return module;
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}
