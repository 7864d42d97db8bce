// Versions that were set aside in a bucket, and how they come back.
import { randomBytes } from "node:crypto";
import type { LabellingBlobStore } from "@stoa/blobs";
import type { ModuleVersion } from "@stoa/gomod";
import { parseTrashNote, trashNoteText } from "../../domain/trash-note.ts";
import type {
  RestoreOutcome,
  TrashedVersion,
  TrashNote,
  VersionTrash,
} from "../../domain/version-trash.ts";
import type { ObjectStoreRemovalParts } from "./object-store-removal.ts";
import { ownKey, trashPrefix } from "./own-keys.ts";
import { readSmall } from "./small-object.ts";
import { atStore } from "./store-trouble.ts";
import { isWhole } from "./whole-objects.ts";

/** The info first, with which a version goes, and last, with which it comes. */
const away = ["info", "zip", "mod"] as const;
const back = ["mod", "zip", "info"] as const;
const loose = ["info", "mod"] as const;

/**
 * A version that was set aside lies below `.stoa/trash/<milliseconds since 1970>-<random>/`, as `note`, `info`, `mod` and
 * `zip` (`loose-info` and `loose-mod` if there were any).
 *
 *     whole ── note ─▶ copies of all ─▶ info removed ──▶ absent ── zip, mod removed ──▶ set aside
 *
 * Nothing moves in a bucket, so every byte goes through this machine. What a crash leaves before the info is removed is a
 * copy too many, which is purged with the others. All of it is done by who holds the claim of the version.
 */
export class ObjectVersionTrash implements VersionTrash {
  readonly #parts: ObjectStoreRemovalParts;

  constructor(parts: ObjectStoreRemovalParts) {
    this.#parts = parts;
  }

  discard(module: ModuleVersion, note: TrashNote): Promise<void> {
    const { store, layout, whole, claims } = this.#parts;
    return atStore(() =>
      claims.during(module, async (signal) => {
        const id = `${Date.now()}-${randomBytes(6).toString("hex")}`;
        const moves = [
          ...away.map((kind) => [layout.key(module, kind), entryKey(id, kind)] as const),
          ...loose.map(
            (kind) => [ownKey("loose", module, kind), entryKey(id, `loose-${kind}`)] as const,
          ),
        ];
        const text = Buffer.from(trashNoteText(module, note));
        await store.put(entryKey(id, "note"), text, {}, signal);
        let copied = 0;
        for (const [from, to] of moves) copied += await copy(store, from, to, signal);
        for (const [from] of moves) await store.delete(from, signal);
        whole.forget(module);
        if (copied === 0) await store.delete(entryKey(id, "note"), signal); // somebody else has removed it
      }),
    );
  }

  async *all(): AsyncGenerator<TrashedVersion> {
    const { store } = this.#parts;
    const entries = groupedById(store.list(trashPrefix));
    for (;;) {
      const next = await atStore(() => entries.next());
      if (next.done === true) return;
      const { id, bytes } = next.value;
      const note = await atStore(() => this.#note(id));
      if (note !== undefined) {
        const at = new Date(Number.parseInt(id, 10));
        yield { id, module: note.module, at, bytes, ...note.note };
      }
    }
  }

  restore(id: string): Promise<RestoreOutcome> {
    return atStore(async () => {
      const note = isId(id) ? await this.#note(id) : undefined;
      if (note === undefined) return "torn";
      const { module } = note;
      const { whole, claims } = this.#parts;
      return await claims.during(module, async (signal) => {
        if (isWhole(await whole.look(module))) return "occupied";
        const outcome = await this.#bringBack(module, id, signal);
        if (outcome === "restored") await this.#remove(id, signal);
        return outcome;
      });
    });
  }

  purge(id: string): Promise<void> {
    return atStore(async () => {
      if (isId(id)) await this.#remove(id);
    });
  }

  async #bringBack(
    module: ModuleVersion,
    id: string,
    signal: AbortSignal,
  ): Promise<RestoreOutcome> {
    const { store, layout } = this.#parts;
    const isThere = async (name: string): Promise<boolean> =>
      (await store.stat(entryKey(id, name), signal)) !== undefined;
    let found = 0;
    for (const kind of away) if (await isThere(kind)) found += 1;
    if (found > 0 && found < away.length) return "torn";
    if (found > 0) {
      await store.delete(layout.key(module, "info"), signal); // never are two deliveries seen as one
      for (const kind of back) {
        await copy(store, entryKey(id, kind), layout.key(module, kind), signal);
      }
      return "restored";
    }
    for (const kind of loose) {
      found += await copy(
        store,
        entryKey(id, `loose-${kind}`),
        ownKey("loose", module, kind),
        signal,
      );
    }
    return found > 0 ? "restored" : "torn";
  }

  /** The note last: what is left of an entry is told of as long as anything is. */
  async #remove(id: string, signal?: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    for (const name of [...away, "loose-info", "loose-mod", "note"]) {
      await store.delete(entryKey(id, name), signal);
    }
  }

  async #note(id: string): Promise<ReturnType<typeof parseTrashNote>> {
    const bytes = await readSmall(this.#parts.store, entryKey(id, "note"));
    return bytes && parseTrashNote(Buffer.from(bytes).toString());
  }
}

function entryKey(id: string, name: string): string {
  return `${trashPrefix}${id}/${name}`;
}

function isId(id: string): boolean {
  return /^\d{13,16}-[0-9a-f]+$/.test(id);
}

/** With its labels: they say when a zip came. Tells how many objects were copied: one, or none if there is none. */
async function copy(
  store: LabellingBlobStore,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<number> {
  const blob = await store.get(from, {}, signal);
  if (blob === undefined || blob === "unchanged") return 0;
  await using _open = blob;
  await store.put(to, blob.body, { labels: blob.head.labels }, signal);
  return 1;
}

/** Listings are in the order of keys, so that what belongs together comes together, the oldest first. */
async function* groupedById(
  listing: AsyncIterable<{ readonly key: string; readonly size: number }>,
): AsyncGenerator<{ readonly id: string; readonly bytes: number }> {
  let current: { id: string; bytes: number } | undefined;
  for await (const { key, size } of listing) {
    const [id = "", name = ""] = key.slice(trashPrefix.length).split("/");
    if (!isId(id)) continue;
    if (current !== undefined && current.id !== id) yield current;
    if (current?.id !== id) current = { id, bytes: 0 };
    if (name === "info" || name === "mod" || name === "zip") current.bytes += size;
  }
  if (current !== undefined) yield current;
}
