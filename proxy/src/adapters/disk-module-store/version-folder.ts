// Athens' layout on disk: where a module's versions lie, and what their three files are called.
import { join, sep } from "node:path";
import {
  checkModuleVersion,
  InvalidText,
  isModulePath,
  isVersion,
  type ModulePath,
  type ModuleVersion,
} from "@stoa/gomod";
import type { FileKind } from "../../domain/module-store.ts";

/**
 * `<root>/<module path>`, the path as it is, not escaped. It also holds the folders of longer paths; even a version's
 * folder may, for an element of a path may look like a version.
 * Authority: gomods/athens, pkg/storage/fs.
 */
export function moduleFolder(root: string, path: ModulePath): string {
  return beneath(root, path);
}

/** `<root>/<module path>/<version>`: holds the three files of the version and, of ours, nothing else. */
export function versionFolder(root: string, module: ModuleVersion): string {
  return beneath(root, `${module.path}/${module.version}`);
}

/** What a file is called inside its version's folder. */
export function fileName(module: ModuleVersion, kind: FileKind): string {
  switch (kind) {
    case "info":
      return `${module.version}.info`;
    case "mod":
      return "go.mod";
    case "zip":
      return "source.zip";
  }
}

/** The version whose folder has these names: that of its module's folder below the root, and its own. */
export function moduleVersionOf(path: string, version: string): ModuleVersion | undefined {
  if (!isVersion(version) || !isModulePath(path)) return undefined;
  try {
    checkModuleVersion(path, version);
    return { path, version };
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}

/** The types have checked the words already; whatever else may fail, no request leaves the storage folder. */
function beneath(root: string, relative: string): string {
  const folder = join(root, relative);
  if (
    /(?:^|[\\/])\./.test(relative) ||
    !folder.startsWith(root.endsWith(sep) ? root : root + sep)
  ) {
    throw new Error(`${JSON.stringify(relative)} is not a place for a module`);
  }
  return folder;
}
