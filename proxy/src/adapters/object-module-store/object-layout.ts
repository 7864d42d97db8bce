// Athens' two layouts in buckets: which object is which file of which version.
import {
  checkModuleVersion,
  InvalidText,
  isModulePath,
  isVersion,
  type ModulePath,
  type ModuleVersion,
} from "@stoa/gomod";
import type { FileKind } from "../../domain/module-store.ts";

/** An object that is a file of a version. */
export interface ObjectFile {
  readonly module: ModuleVersion;
  readonly kind: FileKind;
}

/** Where things lie. Paths and versions stand as they are, not escaped. */
export interface ObjectLayout {
  key(module: ModuleVersion, kind: FileKind): string;
  /** What a key names; `undefined` if it is no file of a version. */
  parse(key: string): ObjectFile | undefined;
  /** Every file of the module's versions is below; other things may be as well. */
  modulePrefix(path: ModulePath): string;
  /** The file of a version whose key sorts behind those of the other two. */
  readonly lastKind: FileKind;
}

/**
 * `<path>/@v/<version>.info`, `.mod`, `.zip`: for S3, Google Cloud Storage and Azure.
 * Authority: gomods/athens, pkg/config/config.go, PackageVersionedName.
 */
export const protocolLayout: ObjectLayout = {
  key: ({ path, version }, kind) => `${path}/@v/${version}.${kind}`,
  parse(key) {
    const [, path = "", version = "", kind = ""] =
      /^(.+)\/@v\/(.+)\.(info|mod|zip)$/.exec(key) ?? [];
    return objectFile(path, version, kind as FileKind);
  },
  modulePrefix: (path) => `${path}/@v/`,
  lastKind: "zip",
};

/**
 * `<path>/<version>/<version>.info`, `go.mod`, `source.zip`: for MinIO, as on disk.
 * Authority: gomods/athens, pkg/storage/minio.
 */
export const folderLayout: ObjectLayout = {
  key: ({ path, version }, kind) => `${path}/${version}/${nameInFolder(version, kind)}`,
  parse(key) {
    const [, path = "", version = "", name = ""] = /^(.+)\/([^/]+)\/([^/]+)$/.exec(key) ?? [];
    const kind = (["info", "mod", "zip"] as const).find(
      (each) => nameInFolder(version, each) === name,
    );
    return kind && objectFile(path, version, kind);
  },
  modulePrefix: (path) => `${path}/`,
  lastKind: "info",
};

function nameInFolder(version: string, kind: FileKind): string {
  switch (kind) {
    case "info":
      return `${version}.info`;
    case "mod":
      return "go.mod";
    case "zip":
      return "source.zip";
  }
}

function objectFile(path: string, version: string, kind: FileKind): ObjectFile | undefined {
  if (!isModulePath(path) || !isVersion(version)) return undefined;
  try {
    checkModuleVersion(path, version);
    return { module: { path, version }, kind };
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}
