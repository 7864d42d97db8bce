// The module store in a bucket, in one of Athens' layouts.
import type { LabellingBlobStore } from "@stoa/blobs";
import {
  type ModulePath,
  type ModuleVersion,
  matchesPathMajor,
  splitPathVersion,
  type Version,
} from "@stoa/gomod";
import { requireSameFile } from "../../domain/altered-module.ts";
import type {
  FileKind,
  ModuleFiles,
  ModuleStore,
  StagedZip,
  StoredFile,
} from "../../domain/module-store.ts";
import { readableBytes } from "../../domain/same-bytes.ts";
import { takeSpooled, type ZipSpool } from "../../domain/zip-spool.ts";
import { objectsOf } from "./module-objects.ts";
import type { ObjectLayout } from "./object-layout.ts";
import { remoteFile } from "./remote-file.ts";
import { atStore } from "./store-trouble.ts";
import type { VersionWriting } from "./version-writing.ts";
import type { WholeObjects } from "./whole-objects.ts";

/** What the store is made of. */
export interface ObjectModuleStoreParts {
  readonly store: LabellingBlobStore;
  readonly layout: ObjectLayout;
  readonly whole: WholeObjects;
  readonly writing: VersionWriting;
  readonly spool: ZipSpool;
}

export class ObjectModuleStore implements ModuleStore {
  readonly #parts: ObjectModuleStoreParts;

  constructor(parts: ObjectModuleStoreParts) {
    this.#parts = parts;
  }

  open(module: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined> {
    const { store, whole } = this.#parts;
    return atStore(async () => {
      const found = await whole.find(module);
      if (found === undefined) return undefined;
      const head = found[kind];
      const started = new Date(head.labels["started"] ?? Number.NaN);
      const modified = Number.isNaN(started.getTime()) ? head.modified : started;
      return remoteFile(store, head, modified, () => whole.forget(module));
    });
  }

  versions(path: ModulePath): Promise<readonly Version[]> {
    const { store, layout } = this.#parts;
    return atStore(async () => {
      const pathMajor = splitPathVersion(path)?.pathMajor ?? "";
      const kinds = new Map<Version, Set<FileKind>>();
      for await (const { module, kind, size } of objectsOf(store, layout, path)) {
        if (size === 0 && kind !== "mod") continue; // see isWhole
        if (!matchesPathMajor(module.version, pathMajor)) continue;
        kinds.set(module.version, (kinds.get(module.version) ?? new Set()).add(kind));
      }
      return [...kinds].filter(([, found]) => found.size === 3).map(([version]) => version);
    });
  }

  stage(): Promise<StagedZip> {
    return this.#parts.spool.stage();
  }

  async put(module: ModuleVersion, { info, mod, zip, sound }: ModuleFiles): Promise<void> {
    const taken = takeSpooled(zip);
    await sound;
    const outcome = await atStore(() =>
      this.#parts.writing.place({ module, info, mod, zip: taken }),
    );
    if (outcome === "placed") return;
    await requireSameFile(this, module, "mod", readableBytes(mod));
    await requireSameFile(this, module, "zip", taken);
  }

  check(): Promise<void> {
    return atStore(() => this.#parts.store.check());
  }
}
