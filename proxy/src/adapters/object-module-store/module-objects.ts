// The objects of one module, found by listing, among those of modules with longer paths.
import type { LabellingBlobStore } from "@stoa/blobs";
import type { ModulePath } from "@stoa/gomod";
import type { ObjectFile, ObjectLayout } from "./object-layout.ts";

/** After so many objects of longer paths below a folder, a listing leaps over the rest of it. */
const leapAfter = 50;

/** Sorts behind whatever may follow a prefix. */
const highest = "\u{10FFFF}";

/** The files of exactly this module, also of versions that are torn. Rejects with a `BlobFailure`. */
export async function* objectsOf(
  store: LabellingBlobStore,
  layout: ObjectLayout,
  path: ModulePath,
): AsyncGenerator<ObjectFile & { readonly size: number }> {
  const prefix = layout.modulePrefix(path);
  let after: string | undefined;
  do {
    let leap: string | undefined;
    let strangers = 0;
    for await (const { key, size } of store.list(prefix, { after })) {
      const file = layout.parse(key);
      if (file?.module.path === path) {
        yield { ...file, size };
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
