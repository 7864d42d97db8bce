// Sees to it that the committed release lies on the disk as it was installed, and that the links lead where they should.
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { type Revision, type RevisionFile, shortId } from "@stoa/deployment";
import { installRelease, readOnly, restoreFile } from "./install-release.ts";
import type { JournalFile } from "./journal-file.ts";
import type { ServiceParts } from "./service-parts.ts";

/** Files are hashed again after so long, changed or not. */
const fullCheckMs = 3_600_000;
const folderMode = 0o555;

/** Looks after the files of one service. Every action is noted; nothing is done to what is as it should be. */
export class ReleaseRepair {
  readonly #parts: ServiceParts;
  readonly #journal: JournalFile;
  /** The fingerprints with which the files of a release were found right. */
  #right = new Map<string, string>();
  /** What was found beside them and has been told of. */
  #told = new Set<string>();
  #fullCheckAtMs = Number.NEGATIVE_INFINITY;
  #checkedRelease = "";

  constructor(parts: ServiceParts, journal: JournalFile) {
    this.#parts = parts;
    this.#journal = journal;
  }

  /** One round: the release as a whole, its folders, its files, and the links. */
  async round(revision: Revision): Promise<void> {
    const { disk, layout } = this.#parts;
    const { committed, previous } = this.#journal.now;
    const id = committed?.release ?? "";
    const release = join(layout.releases, id);
    await this.#whole(revision, id, release);
    this.#forget(id);
    // Scripts of a bundle may write beside themselves and change the modes of folders.
    if (revision.run !== undefined) {
      for (const [folder, expected] of foldersOf(revision)) {
        await this.#folder(join(release, folder));
        const found = await disk.names(join(release, folder));
        this.#tellOf(found.filter((name) => !expected.has(name)).map((name) => join(folder, name)));
      }
    }
    for (const file of revision.files) await this.#file(release, file);
    await this.#link("current", layout.current, id);
    if (previous !== undefined) await this.#link("previous", layout.previous, previous.release);
  }

  async #whole(revision: Revision, id: string, release: string): Promise<void> {
    const { disk, service, note } = this.#parts;
    const found = await disk.look(release);
    if (found?.kind === "folder") return;
    const problem = found === undefined ? "was gone" : `had become a ${found.kind}`;
    note(`the release ${shortId(id)} of ${service} ${problem} and is being installed again`);
    if (found !== undefined) await disk.remove(release);
    await installRelease(this.#parts, revision);
  }

  /** What was found right is looked at again after a while, and nothing is known of another release. */
  #forget(id: string): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#checkedRelease === id && nowMs - this.#fullCheckAtMs < fullCheckMs) return;
    if (this.#checkedRelease !== id) this.#told = new Set();
    this.#right = new Map();
    this.#checkedRelease = id;
    this.#fullCheckAtMs = nowMs;
  }

  async #folder(path: string): Promise<void> {
    const { disk, service, note } = this.#parts;
    const found = await disk.look(path);
    // One that is gone comes back with its files.
    if (found === undefined) return;
    const name = `the folder ${path} of ${service}`;
    if (found.kind !== "folder") {
      note(`${name} had become a ${found.kind} and is being restored`);
      await disk.setMode(dirname(path), 0o755);
      await disk.remove(path);
      await disk.setMode(dirname(path), folderMode);
    } else if (found.mode !== folderMode) {
      note(`${name} had the mode 0${found.mode.toString(8)} and was made read-only`);
      await disk.setMode(path, folderMode);
    }
  }

  /** They are told of and left alone: the service may have written them. */
  #tellOf(strays: readonly string[]): void {
    const { service, note } = this.#parts;
    for (const path of strays.filter((stray) => !this.#told.has(stray))) {
      this.#told.add(path);
      note(
        `${path} lies in the release ${shortId(this.#checkedRelease)} of ${service} and is no part of it: it is removed with the release one day; put such files elsewhere`,
      );
    }
  }

  async #file(release: string, file: RevisionFile): Promise<void> {
    const { disk, service, note } = this.#parts;
    const path = join(release, file.path);
    const found = await disk.look(path);
    if (found !== undefined && found.fingerprint === this.#right.get(path)) return;
    const problem = await this.#problemOf(path, file);
    if (problem !== undefined) {
      note(`${file.path} of ${service} ${problem} and is being restored`);
      await restoreFile(this.#parts, release, file);
    } else if (found !== undefined) {
      // As it was before it was read: what has been changed since is read again. So is what was just restored.
      this.#right.set(path, found.fingerprint);
    }
  }

  async #problemOf(
    path: string,
    { size, sha256, mode }: RevisionFile,
  ): Promise<string | undefined> {
    const { disk } = this.#parts;
    const found = await disk.look(path);
    if (found === undefined) return "was gone";
    if (found.kind !== "file") return `had become a ${found.kind}`;
    if (found.size !== size) return "had other content";
    const hash = createHash("sha256");
    for await (const chunk of disk.chunks(path)) hash.update(chunk);
    if (hash.digest("hex") !== sha256) return "had other content";
    return found.mode === readOnly(mode) ? undefined : `had the mode 0${found.mode.toString(8)}`;
  }

  async #link(name: string, path: string, release: string): Promise<void> {
    const { disk, service, note } = this.#parts;
    const wanted = `releases/${release}`;
    const found = await disk.look(path);
    const target = found?.kind === "link" ? await disk.pointsTo(path) : undefined;
    if (target === wanted) return;
    const problem = target === undefined ? `had become a ${found?.kind}` : `pointed to ${target}`;
    note(
      `the link ${name} of ${service} ${found === undefined ? "was gone" : problem} and was set right`,
    );
    if (found !== undefined && found.kind !== "link") await disk.remove(path);
    await disk.point(path, wanted);
  }
}

/** The folders of a release, and what should be in each of them. */
function foldersOf({ files }: Revision): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>([[".", new Set()]]);
  for (const { path } of files) {
    const words = path.split("/");
    for (const [at, word] of words.entries()) {
      const folder = words.slice(0, at).join("/") || ".";
      const known = folders.get(folder) ?? new Set();
      folders.set(folder, known.add(word));
    }
  }
  return folders;
}
