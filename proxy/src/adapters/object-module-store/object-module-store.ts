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
import type { ObjectLayout } from "./object-layout.ts";
import { remoteFile } from "./remote-file.ts";
import { atStore } from "./store-trouble.ts";
import type { VersionWriting } from "./version-writing.ts";
import type { WholeObjects } from "./whole-objects.ts";

/** After so many objects of longer paths below a folder, a listing leaps over the rest of it. */
const leapAfter = 50;

/** Sorts behind whatever may follow a prefix. */
const highest = "\u{10FFFF}";

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
    return atStore(async () => {
      const pathMajor = splitPathVersion(path)?.pathMajor ?? "";
      const kinds = new Map<Version, Set<FileKind>>();
      for await (const { module, kind } of this.#filesOf(path)) {
        if (!matchesPathMajor(module.version, pathMajor)) continue;
        kinds.set(module.version, (kinds.get(module.version) ?? new Set()).add(kind));
      }
      return [...kinds].filter(([, found]) => found.size === 3).map(([version]) => version);
    });
  }

  stage(): Promise<StagedZip> {
    return this.#parts.spool.stage();
  }

  async put(module: ModuleVersion, { info, mod, zip }: ModuleFiles): Promise<void> {
    const taken = takeSpooled(zip);
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

  /** The files of exactly this module that count; see `isWhole`. */
  async *#filesOf(path: ModulePath): AsyncGenerator<{ module: ModuleVersion; kind: FileKind }> {
    const { store, layout } = this.#parts;
    const prefix = layout.modulePrefix(path);
    let after: string | undefined;
    do {
      let leap: string | undefined;
      let strangers = 0;
      for await (const { key, size } of store.list(prefix, { after })) {
        const file = layout.parse(key);
        if (file?.module.path === path) {
          if (size > 0 || file.kind === "mod") yield file;
          continue;
        }
        strangers += 1;
        const folder = /^[^/]*\//.exec(key.slice(prefix.length))?.[0];
        if (strangers < leapAfter || folder === undefined) continue;
        leap = `${prefix}${folder}${highest}`;
        break;
      }
      after = leap;
    } while (after !== undefined);
  }
}
