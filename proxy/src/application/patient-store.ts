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
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** How long an answer is waited for. What repeats questions below takes minutes to give up. */
const patienceMs = 10_000;

/** The same store, but who reads waits no longer. Writing takes as long as it takes. */
export class PatientStore implements ModuleStore {
  readonly #store: ModuleStore;

  constructor(store: ModuleStore) {
    this.#store = store;
  }

  open(module: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined> {
    const opening = this.#store.open(module, kind);
    return patiently(opening, () => {
      void opening.then((file) => file?.[Symbol.asyncDispose]()).catch(() => undefined);
    });
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

async function patiently<T>(work: Promise<T>, givenUp?: () => void): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      new ProxyFailure(
        "store_unavailable",
        `the storage has not answered for ${patienceMs / 1000} seconds: ask again soon`,
      ),
    );
    givenUp?.();
  }, patienceMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
