// Versions that were set aside in a storage folder, and how they come back.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { escapePath, escapeVersion, type ModuleVersion } from "@stoa/gomod";
import type { FileKind } from "../../domain/module-store.ts";
import { parseTrashNote, trashNoteText } from "../../domain/trash-note.ts";
import type {
  RestoreOutcome,
  TrashedVersion,
  TrashNote,
  VersionTrash,
} from "../../domain/version-trash.ts";
import { type DurableDisk, makeFolder, makeMissingFolders } from "./durable-disk.ts";
import type { IncomingFolder } from "./incoming-folder.ts";
import type { MendLock } from "./mend-lock.ts";
import type { RecentLooseFiles } from "./recent-loose-files.ts";
import { removeFolder } from "./staged-disk-zip.ts";
import { exists, hasCode, type StorageRoot } from "./storage-root.ts";
import { fileName, versionFolder } from "./version-folder.ts";
import type { WholeVersions } from "./whole-versions.ts";

/** The info first, with which a version goes, and last, with which it comes. */
const away = ["info", "zip", "mod"] as const satisfies readonly FileKind[];
const back = ["mod", "zip", "info"] as const satisfies readonly FileKind[];
const loose = ["info", "mod"] as const;

export interface DiskVersionTrashParts {
  readonly root: StorageRoot;
  readonly disk: DurableDisk;
  readonly incoming: IncomingFolder;
  readonly lock: MendLock;
  readonly whole: WholeVersions;
  readonly recent: Pick<RecentLooseFiles, "settle" | "remove">;
}

/**
 * A version that was set aside lies in `.stoa/trash/<milliseconds since 1970>-<random>/`, as `note`, `info`, `mod` and `zip`
 * (`loose-info` and `loose-mod` if there were any).
 *
 *     whole ── folder with note appears in the trash ── info moves ──▶ absent ── zip, mod move ──▶ set aside
 *
 * Everything happens by renames on one disk. A process that dies after the info has moved leaves zip and mod in the
 * version's folder, where nobody sees them; restoring finds them there, if no other version has come into the folder.
 * Whoever mends a version's folder, sets it aside or restores it holds its lock.
 */
export class DiskVersionTrash implements VersionTrash {
  readonly #parts: DiskVersionTrashParts;

  constructor(parts: DiskVersionTrashParts) {
    this.#parts = parts;
  }

  discard(module: ModuleVersion, note: TrashNote): Promise<void> {
    const { root, disk, lock, whole, recent } = this.#parts;
    return root.translating(async () => {
      await using _mine = await lock.hold(module);
      await recent.settle();
      const entry = await this.#begin(module, note);
      const from = versionFolder(root.path, module);
      let moved = 0;
      for (const kind of away) {
        moved += await moveIfThere(join(from, fileName(module, kind)), join(entry, kind));
      }
      whole.forget(module);
      for (const kind of loose) {
        moved += await moveIfThere(this.#loosePlace(module, kind), join(entry, `loose-${kind}`));
      }
      await recent.remove(module);
      if (moved === 0) return await removeFolder(entry); // somebody else has removed it
      await disk.syncFolder(entry);
      if (await exists(from)) await disk.syncFolder(from);
      // There are names for which the folder must stay: it holds those of longer paths.
      await rmdir(from).catch(() => undefined);
    });
  }

  async *all(): AsyncGenerator<TrashedVersion> {
    const { root } = this.#parts;
    const ids = await root.translating(async () => {
      await root.requirePresent();
      return namesIn(root.trash);
    });
    for (const id of ids.filter(isId).sort((a, b) => millisecondsOf(a) - millisecondsOf(b))) {
      const found = await root.translating(() => this.#read(id));
      if (found !== undefined) yield found;
    }
  }

  restore(id: string): Promise<RestoreOutcome> {
    const { root, lock, whole } = this.#parts;
    return root.translating(async () => {
      const found = isId(id) ? await this.#read(id) : undefined;
      if (found === undefined) return "torn";
      const { module } = found;
      await using _mine = await lock.hold(module);
      if (await whole.isOnDisk(module)) return "occupied";
      const entry = join(root.trash, id);
      const outcome = await this.#bringBack(module, entry);
      if (outcome === "restored") await removeFolder(entry);
      return outcome;
    });
  }

  purge(id: string): Promise<void> {
    const { root, incoming } = this.#parts;
    return root.translating(async () => {
      if (!isId(id)) return;
      // First out of sight: what is half gone cannot be restored, and what a crash leaves is swept.
      const going = incoming.newPath();
      await moveIfThere(join(root.trash, id), going);
      await rm(going, { recursive: true, force: true });
    });
  }

  /** The folder of a new entry, which appears with its note in it. */
  async #begin(module: ModuleVersion, note: TrashNote): Promise<string> {
    const { root, disk, incoming } = this.#parts;
    await makeFolder(root.trash);
    const begun = incoming.newPath();
    await mkdir(begun);
    try {
      await disk.write(join(begun, "note"), Buffer.from(trashNoteText(module, note)));
      await disk.syncFolder(begun);
      const entry = join(root.trash, `${Date.now()}-${randomBytes(6).toString("hex")}`);
      await rename(begun, entry);
      await disk.syncFolder(root.trash);
      return entry;
    } catch (failure) {
      await removeFolder(begun);
      throw failure;
    }
  }

  async #read(id: string): Promise<TrashedVersion | undefined> {
    const entry = join(this.#parts.root.trash, id);
    const text = await unlessAbsent(readFile(join(entry, "note"), "utf8"));
    const read = text === undefined ? undefined : parseTrashNote(text);
    if (read === undefined) return undefined;
    const sizes = await Promise.all(away.map((kind) => unlessAbsent(stat(join(entry, kind)))));
    const bytes = sizes.reduce((sum, found) => sum + (found?.size ?? 0), 0);
    return { id, module: read.module, at: new Date(millisecondsOf(id)), bytes, ...read.note };
  }

  /** Called with the lock of the version, which is not whole. Never are files of two deliveries seen as one version. */
  async #bringBack(module: ModuleVersion, entry: string): Promise<RestoreOutcome> {
    const { root, disk, whole } = this.#parts;
    const folder = versionFolder(root.path, module);
    const inFolder = (kind: FileKind): string => join(folder, fileName(module, kind));
    if (!(await exists(join(entry, "info")))) return this.#bringBackLoose(module, entry);
    for (const kind of ["mod", "zip"] as const) {
      if (!(await exists(join(entry, kind))) && !(await exists(inFolder(kind)))) return "torn";
    }
    const unsure = await disk.makeFolders(root.path, folder);
    await unlessAbsent(unlink(inFolder("info")));
    for (const kind of back) {
      // A power cut must not find the info without the others.
      if (kind === "info") await disk.syncFolder(folder);
      await moveIfThere(join(entry, kind), inFolder(kind));
    }
    await disk.settle(unsure, [folder, entry]);
    whole.remember(module);
    return "restored";
  }

  /** Of a version without a zip. */
  async #bringBackLoose(module: ModuleVersion, entry: string): Promise<RestoreOutcome> {
    let isAny = false;
    for (const kind of loose) {
      const from = join(entry, `loose-${kind}`);
      if (!(await exists(from))) continue;
      const to = this.#loosePlace(module, kind);
      await makeMissingFolders(this.#parts.root.loose, dirname(to));
      if (!(await exists(to))) await rename(from, to);
      isAny = true;
    }
    return isAny ? "restored" : "torn";
  }

  #loosePlace({ path, version }: ModuleVersion, kind: (typeof loose)[number]): string {
    return join(this.#parts.root.loose, escapePath(path), `${escapeVersion(version)}@${kind}`);
  }
}

function isId(name: string): boolean {
  return /^\d{10,16}-[0-9a-f]+$/.test(name);
}

function millisecondsOf(id: string): number {
  return Number.parseInt(id, 10);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await unlessAbsent(readdir(folder))) ?? [];
}

/** Tells how many files it has moved. */
async function moveIfThere(from: string, to: string): Promise<number> {
  return (await unlessAbsent(rename(from, to).then(() => 1))) ?? 0;
}

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (failure) {
    if (hasCode(failure, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return undefined;
    throw failure;
  }
}
