// Removes versions, with everything that is known about them.
import {
  checkModuleVersion,
  type ModuleVersion,
  parseModulePath,
  parseVersion,
  sortVersions,
} from "@stoa/gomod";
import type { KeptHashes } from "../domain/kept-hashes.ts";
import type { StoreRemoval, VersionTraces } from "../domain/store-removal.ts";
import type { VersionIndex } from "../domain/version-index.ts";
import type { VersionTrash } from "../domain/version-trash.ts";

/** A version that would be removed. */
export interface RemovalCandidate {
  readonly module: ModuleVersion;
  readonly traces: VersionTraces;
}

/** Finds what is meant, and removes it. */
export class VersionRemoval {
  readonly #store: StoreRemoval;
  readonly #trash: Pick<VersionTrash, "discard"> | undefined;
  readonly #hashes: Pick<KeptHashes, "read" | "remove">;
  readonly #index: Pick<VersionIndex, "remove"> | undefined;

  constructor(parts: {
    readonly store: StoreRemoval;
    /** Where what is removed can be had back from; without it everything is removed for good. */
    readonly trash?: Pick<VersionTrash, "discard"> | undefined;
    readonly hashes: Pick<KeptHashes, "read" | "remove">;
    readonly index: Pick<VersionIndex, "remove"> | undefined;
  }) {
    this.#store = parts.store;
    this.#trash = parts.trash;
    this.#hashes = parts.hashes;
    this.#index = parts.index;
  }

  /**
   * What `example.com/m`, all its versions, or `example.com/m@v1.0.0` stands for; modules of longer paths are others. Empty
   * if there is nothing of it. Throws `InvalidText` if that is no module.
   */
  async find(named: string): Promise<readonly RemovalCandidate[]> {
    const at = named.indexOf("@");
    const path = parseModulePath(at < 0 ? named : named.slice(0, at));
    const wanted = at < 0 ? undefined : parseVersion(named.slice(at + 1));
    if (wanted !== undefined) checkModuleVersion(path, wanted);
    const all = await this.#store.traces(path);
    const byVersion = new Map(all.map((traces) => [traces.version, traces]));
    if (wanted !== undefined && !byVersion.has(wanted)) {
      // Of a version that retention removed its hashes are left, and are to be forgotten.
      const remembered = await this.#hashes.read({ path, version: wanted });
      const nothing = { version: wanted, state: "absent", beside: [], bytes: 0 } as const;
      if (remembered !== undefined) byVersion.set(wanted, nothing);
    }
    return sortVersions([...byVersion.keys()])
      .filter((version) => wanted === undefined || version === wanted)
      .flatMap((version) => {
        const traces = byVersion.get(version);
        return traces === undefined ? [] : [{ module: { path, version }, traces }];
      });
  }

  /** Whether what is removed can be had back. */
  get isRecoverable(): boolean {
    return this.#trash !== undefined;
  }

  /**
   * Removes a version, its hashes and its line of the index: the store first, which is what counts. It can be restored for a
   * while, unless it is removed for good.
   */
  async remove(module: ModuleVersion, isForGood = false): Promise<void> {
    if (this.#trash === undefined || isForGood) {
      await this.#store.remove(module);
    } else {
      const hashes = await this.#hashes.read(module);
      await this.#trash.discard(module, { isRefetchable: false, hashes });
    }
    await this.#hashes.remove(module);
    await this.#index?.remove([module]);
  }
}
