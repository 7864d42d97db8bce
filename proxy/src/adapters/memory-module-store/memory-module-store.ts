// The module store in this process's memory: for trying things out and for tests.
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";
import { alteredModule } from "../../domain/altered-module.ts";
import {
  catalogPage,
  comparePlaces,
  parseCatalogToken,
  placeOf,
} from "../../domain/catalog-order.ts";
import type { LooseFiles, LooseKind } from "../../domain/loose-files.ts";
import type { FileKind, ModuleFiles, ModuleStore, StoredFile } from "../../domain/module-store.ts";
import type { CatalogPage, VersionCatalog } from "../../domain/version-catalog.ts";
import { readBytes, StagedMemoryZip } from "./staged-memory-zip.ts";

/** An empty store. It grows without bound and ends with the process. */
export function openMemoryModuleStore(): {
  readonly store: ModuleStore;
  readonly loose: LooseFiles;
  readonly catalog: VersionCatalog;
} {
  const store = new MemoryModuleStore();
  return { store, loose: new MemoryLooseFiles(), catalog: store };
}

interface KeptFile {
  readonly bytes: Uint8Array;
  readonly modified: Date;
}

type KeptVersion = Readonly<Record<FileKind, KeptFile>>;

class MemoryModuleStore implements ModuleStore, VersionCatalog {
  readonly #modules = new Map<ModulePath, Map<Version, KeptVersion>>();

  open({ path, version }: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined> {
    const kept = this.#modules.get(path)?.get(version)?.[kind];
    return Promise.resolve(kept === undefined ? undefined : new StoredMemoryFile(kept));
  }

  versions(path: ModulePath): Promise<readonly Version[]> {
    return Promise.resolve([...(this.#modules.get(path)?.keys() ?? [])]);
  }

  async page(token: string | undefined, size: number): Promise<CatalogPage> {
    const after = token === undefined ? [] : parseCatalogToken(token);
    const following = [...this.#modules]
      .flatMap(([path, versions]) => [...versions.keys()].map((version) => ({ path, version })))
      .map((module) => ({ module, place: placeOf(module) }))
      .filter(({ place }) => comparePlaces(place, after) > 0)
      .sort((a, b) => comparePlaces(a.place, b.place));
    return catalogPage(
      following.map(({ module }) => module),
      size,
    );
  }

  stage(): Promise<StagedMemoryZip> {
    return Promise.resolve(new StagedMemoryZip());
  }

  async put(module: ModuleVersion, { info, mod, zip, sound }: ModuleFiles): Promise<void> {
    if (!(zip instanceof StagedMemoryZip)) throw new Error("the zip was staged in another store");
    const zipBytes = zip.take();
    await sound;
    const kept = this.#modules.get(module.path)?.get(module.version);
    if (kept !== undefined) {
      if (Buffer.compare(kept.mod.bytes, mod) !== 0) throw alteredModule(module, "mod");
      if (Buffer.compare(kept.zip.bytes, zipBytes) !== 0) throw alteredModule(module, "zip");
      return;
    }
    const modified = new Date();
    const versions = this.#modules.get(module.path) ?? new Map<Version, KeptVersion>();
    versions.set(module.version, {
      info: { bytes: info.slice(), modified },
      mod: { bytes: mod.slice(), modified },
      zip: { bytes: zipBytes, modified: zip.started },
    });
    this.#modules.set(module.path, versions);
  }

  check(): Promise<void> {
    return Promise.resolve();
  }
}

class StoredMemoryFile implements StoredFile {
  readonly size: number;
  readonly modified: Date;
  #bytes: Uint8Array | undefined;

  constructor({ bytes, modified }: KeptFile) {
    this.size = bytes.length;
    this.modified = modified;
    this.#bytes = bytes;
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    if (this.#bytes === undefined) throw new Error("the file was used after it was disposed of");
    return readBytes(this.#bytes, position, into);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#bytes = undefined;
    return Promise.resolve();
  }
}

class MemoryLooseFiles implements LooseFiles {
  readonly #files = new Map<string, Uint8Array>();

  read(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#files.get(keyOf(module, kind))?.slice());
  }

  write(module: ModuleVersion, kind: LooseKind, bytes: Uint8Array): Promise<void> {
    const key = keyOf(module, kind);
    if (!this.#files.has(key)) this.#files.set(key, bytes.slice());
    return Promise.resolve();
  }

  remove(module: ModuleVersion): Promise<void> {
    this.#files.delete(keyOf(module, "info"));
    this.#files.delete(keyOf(module, "mod"));
    return Promise.resolve();
  }
}

function keyOf(module: ModuleVersion, kind: LooseKind): string {
  return `${module.path}@${module.version}.${kind}`;
}
