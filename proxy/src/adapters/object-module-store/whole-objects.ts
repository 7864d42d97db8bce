// Which versions are whole in a bucket, and what is remembered of them.
import type { LabelledHead, LabellingBlobStore } from "@stoa/blobs";
import type { ModuleVersion } from "@stoa/gomod";
import type { ObjectLayout } from "./object-layout.ts";

/** How many versions are remembered: some ten megabytes. */
const remembered = 16_384;

/** After so long it is looked again: another instance may have removed what nobody has used for a while. */
const holdsForMs = 600_000;

/** The objects of a version that are there. */
export interface VersionObjects {
  readonly info: LabelledHead | undefined;
  readonly mod: LabelledHead | undefined;
  readonly zip: LabelledHead | undefined;
}

/** The objects of a whole version. */
export type WholeVersion = { readonly [Kind in keyof VersionObjects]: LabelledHead };

/**
 * A version that has been seen whole stays so, unless somebody removes it; remembering it makes a hit one request to the
 * store. Who remembers a version that another instance has removed since finds out when it is read: `store_unavailable`,
 * once.
 */
export class WholeObjects {
  readonly #store: LabellingBlobStore;
  readonly #layout: ObjectLayout;
  /** In order of use. */
  readonly #seen = new Map<string, { readonly objects: WholeVersion; readonly atMs: number }>();

  constructor(store: LabellingBlobStore, layout: ObjectLayout) {
    this.#store = store;
    this.#layout = layout;
  }

  /** The version if it is whole, from memory where it is there. */
  async find(module: ModuleVersion): Promise<WholeVersion | undefined> {
    const key = keyOf(module);
    const known = this.#seen.get(key);
    this.#seen.delete(key);
    if (known !== undefined && performance.now() - known.atMs < holdsForMs) {
      this.#seen.set(key, known);
      return known.objects;
    }
    return this.#remember(module, await this.look(module));
  }

  /**
   * What is there now. The info is looked for last: it is written last and spoilt first, so seeing it says that the other
   * two were the right ones.
   */
  async look(module: ModuleVersion): Promise<VersionObjects> {
    const stat = (kind: keyof VersionObjects): Promise<LabelledHead | undefined> =>
      this.#store.stat(this.#layout.key(module, kind));
    const [mod, zip] = await Promise.all([stat("mod"), stat("zip")]);
    return { mod, zip, info: await stat("info") };
  }

  forget(module: ModuleVersion): void {
    this.#seen.delete(keyOf(module));
  }

  #remember(module: ModuleVersion, objects: VersionObjects): WholeVersion | undefined {
    if (!isWhole(objects)) return undefined;
    this.#seen.set(keyOf(module), { objects, atMs: performance.now() });
    if (this.#seen.size > remembered) {
      const [oldest = ""] = this.#seen.keys();
      this.#seen.delete(oldest);
    }
    return objects;
  }
}

/** Info and zip are never empty: empty ones are what a writer that died has left. */
export function isWhole(objects: VersionObjects): objects is WholeVersion {
  const { info, mod, zip } = objects;
  return mod !== undefined && (zip?.size ?? 0) > 0 && (info?.size ?? 0) > 0;
}

function keyOf({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}
