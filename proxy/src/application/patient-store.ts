// A storage on the network that stands still is given up after a while, as if it had refused.
import type { ModuleVersion, Version } from "@stoa/gomod";
import type { LooseFiles, LooseKind } from "../domain/loose-files.ts";
import type {
  FileKind,
  ModuleFiles,
  ModuleStore,
  StagedZip,
  StoredFile,
} from "../domain/module-store.ts";
import { StoragePatience } from "../domain/storage-patience.ts";
import type { CatalogPage, VersionCatalog } from "../domain/version-catalog.ts";

/** What is kept in one storage. */
interface Kept {
  readonly store: ModuleStore;
  readonly loose: LooseFiles;
  readonly catalog: VersionCatalog;
}

/** The same storage, but who reads does not wait for ever, and nobody waits again for what others have waited for in vain. */
export function patientStorage({ store, loose, catalog }: Kept): Kept {
  const patience = new StoragePatience(() => store.check());
  return {
    store: new PatientStore(store, patience),
    loose: new PatientLooseFiles(loose, patience),
    catalog: new PatientCatalog(catalog, () => patience.ask(() => store.check())),
  };
}

/** Writing takes as long as it takes. */
class PatientStore implements ModuleStore {
  readonly #store: ModuleStore;
  readonly #patience: StoragePatience;

  constructor(store: ModuleStore, patience: StoragePatience) {
    this.#store = store;
    this.#patience = patience;
  }

  async open(module: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined> {
    const file = await this.#patience.ask(
      () => this.#store.open(module, kind),
      (late) => late?.[Symbol.asyncDispose](),
    );
    return file && new PatientFile(file, this.#patience);
  }

  versions(path: Parameters<ModuleStore["versions"]>[0]): Promise<readonly Version[]> {
    return this.#patience.ask(() => this.#store.versions(path));
  }

  check(): Promise<void> {
    return this.#patience.ask(() => this.#store.check());
  }

  stage(): Promise<StagedZip> {
    return this.#store.stage();
  }

  put(module: ModuleVersion, files: ModuleFiles): Promise<void> {
    return this.#store.put(module, files);
  }
}

/** A file that comes over the network has patience of its own, piece by piece. */
class PatientFile implements StoredFile {
  readonly size: number;
  readonly modified: Date;
  readonly #file: StoredFile;
  readonly #patience: StoragePatience;

  constructor(file: StoredFile, patience: StoragePatience) {
    this.size = file.size;
    this.modified = file.modified;
    this.#file = file;
    this.#patience = patience;
  }

  read(position: number, into: Uint8Array): Promise<number> {
    return this.#patience.watch(() => this.#file.read(position, into));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }
}

class PatientLooseFiles implements LooseFiles {
  readonly #loose: LooseFiles;
  readonly #patience: StoragePatience;

  constructor(loose: LooseFiles, patience: StoragePatience) {
    this.#loose = loose;
    this.#patience = patience;
  }

  read(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array | undefined> {
    return this.#patience.ask(() => this.#loose.read(module, kind));
  }

  write(module: ModuleVersion, kind: LooseKind, bytes: Uint8Array): Promise<void> {
    return this.#patience.ask(() => this.#loose.write(module, kind, bytes));
  }

  remove(module: ModuleVersion): Promise<void> {
    return this.#loose.remove(module);
  }
}

/** A page is many questions: it takes as long as it takes, once the storage has answered a small one. */
class PatientCatalog implements VersionCatalog {
  readonly #catalog: VersionCatalog;
  readonly #check: () => Promise<void>;

  constructor(catalog: VersionCatalog, check: () => Promise<void>) {
    this.#catalog = catalog;
    this.#check = check;
  }

  async page(token: string | undefined, size: number): Promise<CatalogPage> {
    await this.#check();
    return await this.#catalog.page(token, size);
  }
}
