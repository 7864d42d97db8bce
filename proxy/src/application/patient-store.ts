// A store on the network that stands still is given up after a while, as if it had refused.
import type { ModuleVersion, Version } from "@stoa/gomod";
import type { LooseFiles, LooseKind } from "../domain/loose-files.ts";
import type {
  FileKind,
  ModuleFiles,
  ModuleStore,
  StagedZip,
  StoredFile,
} from "../domain/module-store.ts";
import { patiently } from "../domain/storage-patience.ts";

/** The same store, but who reads waits no longer. Writing takes as long as it takes. */
export class PatientStore implements ModuleStore {
  readonly #store: ModuleStore;

  constructor(store: ModuleStore) {
    this.#store = store;
  }

  open(module: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined> {
    return patiently(this.#store.open(module, kind), (file) => file?.[Symbol.asyncDispose]());
  }

  versions(path: Parameters<ModuleStore["versions"]>[0]): Promise<readonly Version[]> {
    return patiently(this.#store.versions(path));
  }

  check(): Promise<void> {
    return patiently(this.#store.check());
  }

  stage(): Promise<StagedZip> {
    return this.#store.stage();
  }

  put(module: ModuleVersion, files: ModuleFiles): Promise<void> {
    return this.#store.put(module, files);
  }
}

/** The same for loose files. */
export class PatientLooseFiles implements LooseFiles {
  readonly #loose: LooseFiles;

  constructor(loose: LooseFiles) {
    this.#loose = loose;
  }

  read(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array | undefined> {
    return patiently(this.#loose.read(module, kind));
  }

  write(module: ModuleVersion, kind: LooseKind, bytes: Uint8Array): Promise<void> {
    return patiently(this.#loose.write(module, kind, bytes));
  }

  remove(module: ModuleVersion): Promise<void> {
    return this.#loose.remove(module);
  }
}
