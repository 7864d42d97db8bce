// Every kept version with what retention looks at: its size, when it came, when it was last used.
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";
import type { Bookmarks } from "../domain/bookmarks.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import type { ModuleUses } from "../domain/module-uses.ts";
import type { KeptVersion } from "../domain/retention.ts";
import type { VersionCatalog } from "../domain/version-catalog.ts";

export interface SurveyParts {
  readonly store: Pick<ModuleStore, "open">;
  readonly catalog: VersionCatalog;
  readonly uses: Pick<ModuleUses, "versionUses">;
  readonly bookmarks: Bookmarks;
}

const pageSize = 200;
const atOnce = 16;
/** Since when uses of versions are counted: what was not seen used before may have been. */
const countedSince = "uses of versions counted since";

/** Says that from now on uses are counted, if they were not before, and tells since when. */
export async function beginCounting(bookmarks: Bookmarks): Promise<Date> {
  const begun = await bookmarks.read(countedSince);
  if (begun !== undefined) return new Date(begun);
  const now = new Date();
  // A disk on which it cannot be written may be the one on which room is to be made.
  await bookmarks.write(countedSince, now.toISOString()).catch(() => undefined);
  return now;
}

/** Goes through the catalog. Rejects with `store_unavailable`, or the signal's reason. */
export async function* keptVersions(
  parts: SurveyParts,
  signal: AbortSignal,
): AsyncGenerator<KeptVersion> {
  const counted = await beginCounting(parts.bookmarks);
  let token: string | undefined;
  do {
    const page = await parts.catalog.page(token, pageSize);
    const paths = [...new Set(page.modules.map(({ path }) => path))];
    const uses = new Map<ModulePath, ReadonlyMap<Version, Date>>();
    for (const path of paths) uses.set(path, await parts.uses.versionUses(path));
    for (let from = 0; from < page.modules.length; from += atOnce) {
      signal.throwIfAborted();
      const some = page.modules.slice(from, from + atOnce);
      const looked = await Promise.all(
        some.map((module) =>
          look(parts, module, uses.get(module.path)?.get(module.version), counted),
        ),
      );
      for (const version of looked) if (version !== undefined) yield version;
    }
    token = page.next;
  } while (token !== undefined);
}

/** Whether a version is kept still, and has not been used since it was looked at. */
export async function isUntouched(
  { store, uses }: SurveyParts,
  { module, used }: KeptVersion,
): Promise<boolean> {
  const latest = (await uses.versionUses(module.path)).get(module.version);
  if (latest !== undefined && latest > used) return false;
  await using info = await store.open(module, "info");
  return info !== undefined;
}

async function look(
  { store }: SurveyParts,
  module: ModuleVersion,
  seen: Date | undefined,
  counted: Date,
): Promise<KeptVersion | undefined> {
  const file = await store.open(module, "zip");
  if (file === undefined) return undefined;
  await using zip = file;
  const kept = zip.modified;
  const used = new Date(Math.max(kept.getTime(), (seen ?? counted).getTime()));
  return { module, bytes: zip.size, kept, used };
}
